// SPDX-License-Identifier: Apache-2.0
// warrant artifact inspect, compile.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/in_toto.h"
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
  if (json.is_object() && json.contains("mode") && !json.contains("_type"))
    return trouble(path + ": _type: missing: is it the draft of a policy? (fix: `warrant policy " +
                   "lint` reads those)");
  if (!is_envelope(json))
    return Inspected{std::move(document), std::nullopt};
  UnverifiedEnvelope envelope = CLI_TRY(in_file(path, peek_envelope(document)));
  return Inspected{std::move(envelope.payload), std::move(envelope.keyids)};
}

/// Documents that have a command of their own, which checks more than is printed here.
template <class T>
Try<std::string> other_text(const std::string &path, Checked<T> document,
                            std::string_view command) {
  return describe(CLI_TRY(in_file(path, std::move(document)))) + "  (`warrant " +
         std::string(command) + "` checks the signatures)\n";
}

/// What the payload says, whatever kind of document it is.
Try<std::string> payload_text(const std::string &path, const Bytes &payload) {
  const Statement statement = CLI_TRY(in_file(path, parse_any_statement(payload)));
  const std::string_view type = statement.predicate_type;
  if (type == kAuthorizationType)
    return "  sha256:     " + to_hex(sha256(payload)) + "\n" +
           describe(CLI_TRY(in_file(path, parse_authorization(payload))));
  std::string text = "  type:       " + Text(type).escaped() + "\n";
  if (type == kTrustRootType)
    return text + CLI_TRY(other_text(path, parse_trust_root(payload), "trust show"));
  if (type == kPolicyType)
    return text + CLI_TRY(other_text(path, parse_policy(payload), "policy show --trust-root"));
  if (type == kRevocationType)
    return text +
           CLI_TRY(other_text(path, parse_revocation(payload), "revocation show --trust-root"));
  return text + statement.predicate.dump(2, ' ', true) + "\n";
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
  if (arguments.wants_json()) {
    CLI_TRY(in_file(path, parse_any_statement(inspected.payload)));
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
  print(text + CLI_TRY(payload_text(path, inspected.payload)));
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
  const bool is_blocked = std::any_of(
      collection.accepted.begin(), collection.accepted.end(),
      [](const AcceptedArtifact &accepted) { return accepted.artifact.blocked().has_value(); });
  return collection.refused.empty() && !is_blocked ? ExitCode::kOk : ExitCode::kNo;
}

} // namespace warrant::cli
