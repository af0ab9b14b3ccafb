// SPDX-License-Identifier: Apache-2.0
// warrant artifact inspect, compile.
#include "artifacts/json.h"
#include "artifacts/verify.h"
#include "daemon/publication.h"
#include "daemon/source.h"
#include "lineage/text.h"
#include "tools/cli/cmd.h"
#include "tools/cli/describe.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"
#include "tools/cli/trust_files.h"

namespace warrant::cli {
namespace {

/// An envelope, or a draft that is none yet.
struct Inspected {
  Bytes payload;
  std::optional<std::vector<std::string>> keyids;
};

Try<Inspected> open_unverified(const std::string &path) {
  Bytes document = CLI_TRY(read_document(path));
  const Json json = CLI_TRY(in_file(path, parse_json(document)));
  if (!is_envelope(json))
    return Inspected{std::move(document), std::nullopt};
  UnverifiedEnvelope envelope = CLI_TRY(in_file(path, peek_envelope(document)));
  return Inspected{std::move(envelope.payload), std::move(envelope.keyids)};
}

Json collection_json(const Collection &collection) {
  Json accepted = Json::array();
  for (const AcceptedArtifact &one : collection.accepted) {
    accepted.push_back({{"file", one.source}, {"sha256", to_hex(one.artifact.sha256())}});
    if (one.artifact.blocked())
      accepted.back()["blocked"] = rejection_json(*one.artifact.blocked());
  }
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
  for (const AcceptedArtifact &one : collection.accepted)
    if (one.artifact.blocked())
      text += Text(one.source).escaped() + ": " + paint(Colour::kDoubtful, "BLOCKED") + ": " +
              one.artifact.blocked()->text() + "\n";
  const Entries &entries = collection.entries;
  text += std::to_string(collection.accepted.size()) + " accepted, " +
          std::to_string(collection.refused.size()) + " refused; " +
          std::to_string(entries.verdicts.size()) + " verdicts, " +
          std::to_string(entries.uids.size()) + " uid scopes, " +
          std::to_string(entries.cgroups.size()) + " cgroup nodes\n";
  return text;
}

} // namespace

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
