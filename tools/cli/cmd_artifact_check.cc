// SPDX-License-Identifier: Apache-2.0
// warrant artifact verify, inspect, compile.
#include <map>

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
    print_json({{"file", path},
                {"accepted", false},
                {"genuine", false},
                {"rejection", rejection_json(rejection)}});
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

/// Why a genuine artifact authorizes nothing here and at that time, whatever its window.
std::optional<Rejection> find_block(const VerifiedAuthorization &verified, const TrustState &trust,
                                    int64_t at) {
  if (verified.blocked())
    return verified.blocked();
  const Checked<void> fresh = check_freshness(trust, at);
  if (!fresh.ok() && !verified.authorization().recovery)
    return fresh.error();
  return {};
}

Try<Json> genuine_json(const std::string &path, const VerifiedAuthorization &verified,
                       const std::optional<Rejection> &block, int64_t at) {
  const std::string payload = CLI_TRY(serialize_authorization(verified.authorization()));
  Json ancestors = Json::array();
  for (const Digest &ancestor : verified.ancestors())
    ancestors.push_back(to_hex(ancestor));
  Json json = {{"file", path},
               {"accepted", !block.has_value()},
               {"genuine", true},
               {"at", format_time(at)},
               {"window", window_name(window_at(verified.authorization(), at))},
               {"sha256", to_hex(verified.sha256())},
               {"issuers", verified.issuers()},
               {"ancestors", std::move(ancestors)},
               {"manifestRecords", verified.records().size()},
               {"statement", CLI_TRY(parse_json(view(payload)))}};
  if (block)
    json["rejection"] = rejection_json(*block);
  return json;
}

std::string genuine_text(const std::string &path, const VerifiedAuthorization &verified,
                         const std::optional<Rejection> &block, int64_t at) {
  const Authorization &authorization = verified.authorization();
  std::string text =
      path + ": " +
      (block ? paint(Colour::kBad, "BLOCKED") + ", genuine but authorizes nothing: " + block->text()
             : window_text(authorization, window_at(authorization, at), at)) +
      "\n";
  for (const std::string &issuer : verified.issuers())
    text += "  signed by:  " + issuer + "\n";
  for (const Digest &ancestor : verified.ancestors())
    text += "  within:     " + to_hex(ancestor) + "\n";
  return text + "  sha256:     " + to_hex(verified.sha256()) + "\n" + describe(authorization);
}

Answer say_genuine(const Arguments &arguments, const std::string &path,
                   const VerifiedAuthorization &verified, const std::optional<Rejection> &block,
                   int64_t at) {
  if (arguments.wants_json())
    print_json(CLI_TRY(genuine_json(path, verified, block, at)));
  else
    print(genuine_text(path, verified, block, at));
  const bool open = window_at(verified.authorization(), at) == Window::kOpen;
  return open && !block ? ExitCode::kOk : ExitCode::kNo;
}

using Ancestors = std::map<Digest, VerifiedAuthorization>;

ParentLookup lookup_in(const Ancestors &ancestors) {
  return [&ancestors](const Digest &payload) {
    const auto found = ancestors.find(payload);
    return found == ancestors.end() ? nullptr : &found->second;
  };
}

struct ParentFile {
  std::string path;
  Bytes envelope;
};

/// Verifies all that can be verified, in whatever order they are given. A parent that is refused is
/// told, and then missing.
Try<Ancestors> verify_parents(const Arguments &arguments, const TrustState &trust, int64_t at) {
  std::vector<ParentFile> waiting;
  for (const std::string &path : arguments.all("--parent"))
    waiting.push_back({path, CLI_TRY(read_document(path))});
  Ancestors ancestors;
  std::string problems;
  for (size_t before = waiting.size() + 1; waiting.size() < before;) {
    before = waiting.size();
    problems.clear();
    std::erase_if(waiting, [&](const ParentFile &file) {
      Checked<VerifiedAuthorization> verified = verify_artifact(
          file.envelope, manifests_in(directory_of(file.path)), lookup_in(ancestors), trust, at);
      if (verified.ok())
        ancestors.emplace(verified.value().sha256(), verified.value());
      else
        problems += "warrant: parent " + file.path + ": " + verified.error().text() + "\n";
      return verified.ok();
    });
  }
  note(problems);
  return ancestors;
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
  const Bytes document = CLI_TRY(read_document(path));
  const Ancestors ancestors = CLI_TRY(verify_parents(arguments, trust, at));
  const Checked<VerifiedAuthorization> verified =
      verify_artifact(document, manifests_in(directory_of(path)), lookup_in(ancestors), trust, at);
  if (!verified.ok())
    return say_refused(arguments, path, verified.error());
  return say_genuine(arguments, path, verified.value(), find_block(verified.value(), trust, at),
                     at);
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
