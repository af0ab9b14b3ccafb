// SPDX-License-Identifier: Apache-2.0
// warrant artifact verify, inspect, compile.
#include <algorithm>

#include "artifacts/json.h"
#include "artifacts/names.h"
#include "artifacts/time.h"
#include "artifacts/verify.h"
#include "daemon/publication.h"
#include "daemon/source.h"
#include "lineage/text.h"
#include "tools/cli/cmd.h"
#include "tools/cli/describe.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

Json rejection_json(const Rejection &rejection) {
  return {{"reason", reason_name(rejection.reason)},
          {"field", rejection.field},
          {"detail", rejection.detail},
          {"fix", rejection.fix}};
}

Answer say_refused(const Arguments &arguments, const std::string &path,
                   const Rejection &rejection) {
  if (arguments.wants_json())
    print_json({{"file", path}, {"accepted", false}, {"rejection", rejection_json(rejection)}});
  else
    print(path + ": " + paint(Colour::kBad, "REFUSED") + ": " + rejection.text() + "\n");
  return ExitCode::kNo;
}

std::string window_text(const Authorization &authorization, Window window, int64_t at) {
  switch (window) {
    case Window::kNotYetValid:
      return paint(Colour::kDoubtful, "NOT YET VALID") + " at " + format_time(at) + ": from " +
             format_time(authorization.not_before);
    case Window::kExpired:
      return paint(Colour::kBad, "EXPIRED") + " at " + format_time(at) + ": since " +
             format_time(authorization.not_after);
    case Window::kOpen:
      break;
  }
  return paint(Colour::kGood, "ACCEPTED") + ", valid at " + format_time(at);
}

Answer say_accepted(const Arguments &arguments, const std::string &path,
                    const VerifiedAuthorization &verified, int64_t at) {
  const Authorization &authorization = verified.authorization();
  const Window window = window_at(authorization, at);
  if (arguments.wants_json()) {
    const std::string payload = CLI_TRY(serialize_authorization(authorization));
    print_json({{"file", path},
                {"accepted", true},
                {"at", format_time(at)},
                {"window", window_name(window)},
                {"sha256", to_hex(verified.sha256())},
                {"issuers", verified.issuers()},
                {"manifestRecords", verified.records().size()},
                {"statement", CLI_TRY(parse_json(view(payload)))}});
  } else {
    std::string text = path + ": " + window_text(authorization, window, at) + "\n";
    for (const std::string &issuer : verified.issuers())
      text += "  signed by:  " + issuer + "\n";
    print(text + "  sha256:     " + to_hex(verified.sha256()) + "\n" + describe(authorization));
  }
  return window == Window::kOpen ? ExitCode::kOk : ExitCode::kNo;
}

/// An envelope, or a draft that is none yet.
struct Inspected {
  Bytes payload;
  std::optional<std::vector<std::string>> keyids;
};

Try<Inspected> open_unverified(const std::string &path) {
  Bytes document = CLI_TRY(read_document(path));
  const Json json = CLI_TRY(in_file(path, parse_json(document)));
  if (!json.is_object() || !json.contains("payloadType"))
    return Inspected{std::move(document), std::nullopt};
  UnverifiedEnvelope envelope = CLI_TRY(in_file(path, peek_envelope(document)));
  return Inspected{std::move(envelope.payload), std::move(envelope.keyids)};
}

Json collection_json(const Collection &collection) {
  Json accepted = Json::array();
  for (const AcceptedArtifact &one : collection.accepted)
    accepted.push_back({{"file", one.source}, {"sha256", to_hex(one.artifact.sha256())}});
  Json refused = Json::array();
  for (const RefusedArtifact &one : collection.refused)
    refused.push_back({{"file", one.source}, {"rejection", rejection_json(one.rejection)}});
  const Entries &entries = collection.entries;
  return {{"accepted", std::move(accepted)},
          {"refused", std::move(refused)},
          {"entries",
           {{"verdicts", entries.verdicts.size()},
            {"artifacts", entries.artifacts.empty() ? 0 : entries.artifacts.size() - 1},
            {"uids", entries.uids.size()},
            {"cgroups", entries.cgroups.size()}}}};
}

std::string collection_text(const Collection &collection) {
  std::string text;
  for (const RefusedArtifact &one : collection.refused)
    text += Text(one.source).escaped() + ": " + paint(Colour::kBad, "REFUSED") + ": " +
            one.rejection.text() + "\n";
  const Entries &entries = collection.entries;
  text += std::to_string(collection.accepted.size()) + " accepted, " +
          std::to_string(collection.refused.size()) + " refused; " +
          std::to_string(entries.verdicts.size()) + " verdicts, " +
          std::to_string(entries.uids.size()) + " uid scopes, " +
          std::to_string(entries.cgroups.size()) + " cgroup nodes\n";
  return text;
}

} // namespace

Answer artifact_verify(const Arguments &arguments) {
  const TrustState trust = CLI_TRY(load_trust_of(arguments));
  const std::string &path = arguments.operand();
  const int64_t at = arguments.moment("--at", now()).value_or(now());
  const Result<Bytes> document = read_file(path, kMaxEnvelopeSize);
  if (!document.ok())
    return as_failure(document.error());
  const Checked<VerifiedAuthorization> verified =
      verify_artifact(document.value(), manifests_in(directory_of(path)), trust, at);
  return verified.ok() ? say_accepted(arguments, path, verified.value(), at)
                       : say_refused(arguments, path, verified.error());
}

Answer artifact_inspect(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const Inspected inspected = CLI_TRY(open_unverified(path));
  const Statement statement = CLI_TRY(in_file(path, parse_any_statement(inspected.payload)));
  if (arguments.wants_json()) {
    print_json({{"file", path},
                {"verified", false},
                {"signed", inspected.keyids.has_value()},
                {"keyids", inspected.keyids.value_or(std::vector<std::string>())},
                {"sha256", to_hex(sha256(inspected.payload))},
                {"statement", CLI_TRY(in_file(path, parse_json(inspected.payload)))}});
    return ExitCode::kOk;
  }
  std::string text = path + ": " + paint(Colour::kDoubtful, "UNVERIFIED") +
                     (inspected.keyids ? ", nobody vouches for what it claims\n"
                                       : ", a draft without any signature\n");
  for (const std::string &keyid : inspected.keyids.value_or(std::vector<std::string>()))
    text += "  claims key: " + (keyid.empty() ? "(none named)" : Text(keyid).escaped()) + "\n";
  const Checked<Authorization> authorization = parse_authorization(inspected.payload);
  if (authorization.ok())
    text += "  sha256:     " + to_hex(sha256(inspected.payload)) + "\n" +
            describe(authorization.value());
  else if (statement.predicate_type == kAuthorizationType)
    return trouble(path + ": " + authorization.error().text());
  else
    text += "  type:       " + Text(statement.predicate_type).escaped() + "\n" +
            statement.predicate.dump(2, ' ', true) + "\n";
  print(text);
  return ExitCode::kOk;
}

Answer artifact_compile(const Arguments &arguments) {
  const TrustState trust = CLI_TRY(load_trust_of(arguments));
  CLI_TRY(check_expiry(trust, now()));
  const DirectorySource source(arguments.operand());
  const Collection collection = CLI_TRY(collect(source, trust, now(), clock_map()));
  if (arguments.wants_json())
    print_json(collection_json(collection));
  else
    print(collection_text(collection));
  return collection.refused.empty() ? ExitCode::kOk : ExitCode::kNo;
}

} // namespace warrant::cli
