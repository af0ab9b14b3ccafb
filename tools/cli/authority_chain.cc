// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/authority_chain.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "artifacts/envelope.h"
#include "artifacts/policy.h"
#include "tools/cli/files.h"

namespace warrant::cli {
namespace {

namespace fs = std::filesystem;

// Nothing if it was not named and is not where it usually is.
Try<std::optional<Bytes>> paper(const Arguments &arguments, std::string_view option) {
  const std::string path = arguments.text(option);
  std::error_code error;
  if (!arguments.has(option) && !fs::exists(path, error))
    return std::optional<Bytes>();
  return std::optional<Bytes>(CLI_TRY(read_document(path)));
}

// An envelope of an artifact; what is none does not matter here.
void take_artifact(const std::string &path, Papers &papers) {
  const Try<Bytes> document = read_document(path);
  if (!document.ok())
    return;
  const Checked<UnverifiedEnvelope> envelope = peek_envelope(document.value());
  if (!envelope.ok())
    return;
  const Bytes &payload = envelope.value().payload;
  if (Checked<Authorization> statement = parse_authorization(payload); statement.ok())
    papers.artifacts.emplace(sha256(payload), std::move(statement).value());
}

Try<void> take_artifacts(const Arguments &arguments, Papers &papers) {
  const std::string directory = arguments.text("--artifacts");
  std::error_code error;
  fs::directory_iterator entry(directory, error);
  if (error && arguments.has("--artifacts"))
    return trouble(directory + ": cannot read: " + error.message());
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    if (entry->path().extension() == ".json")
      take_artifact(entry->path().string(), papers);
  return {};
}

Try<void> take_policy(const Arguments &arguments, Papers &papers) {
  const std::optional<Bytes> document = CLI_TRY(paper(arguments, "--policy"));
  if (!document || !papers.root)
    return {};
  const std::string path = arguments.text("--policy");
  const Role &authority = papers.root->root.role(RoleName::kPolicy);
  const SignedPolicy policy = CLI_TRY(in_file(path, load_policy(*document, authority)));
  const VerifiedBytes verified =
      CLI_TRY(in_file(path, verify_envelope(*document, authority.keys, authority.threshold)));
  papers.policy = policy.sha256;
  papers.policy_signers = verified.signers();
  return {};
}

// Issuers of a payload, as the records tell.
Result<std::vector<std::string>> issuers_of(LineageIndex &index, const ArtifactId &id,
                                            const Digest &sha256) {
  const std::optional<Authority> authority = WARRANT_TRY(authority_of(index, id));
  if (authority)
    for (const ArtifactPayload &payload : authority->payloads)
      if (payload.sha256 == sha256)
        return payload.issuers;
  return std::vector<std::string>();
}

} // namespace

Try<Papers> read_papers(const Arguments &arguments) {
  Papers papers;
  CLI_TRY(take_artifacts(arguments, papers));
  if (const std::optional<Bytes> root = CLI_TRY(paper(arguments, "--trust-root")))
    papers.root = CLI_TRY(in_file(arguments.text("--trust-root"), load_trust_root(*root)));
  if (arguments.has("--policy") && !papers.root)
    return usage(
        "--policy without a trust root: nothing could say who signed it (fix: "
        "--trust-root FILE)");
  CLI_TRY(take_policy(arguments, papers));
  return papers;
}

Result<std::vector<Link>> chain_of(LineageIndex &index, const Papers &papers, const ArtifactId &id,
                                   const ArtifactPayload &payload) {
  std::vector<Link> chain;
  std::set<Digest> seen;
  std::optional<Digest> next = payload.sha256;
  std::optional<ArtifactId> next_id = id;
  while (next && seen.insert(*next).second) {
    Link link{*next, next_id, {}, std::nullopt};
    if (const auto statement = papers.artifacts.find(*next); statement != papers.artifacts.end()) {
      link.statement = statement->second;
      link.id = statement->second.id;
    }
    if (!link.id)
      link.id = WARRANT_TRY(artifact_of_payload(index, *next));
    if (link.id)
      link.issuers = WARRANT_TRY(issuers_of(index, *link.id, *next));
    next = link.statement ? link.statement->parent : std::nullopt;
    next_id = std::nullopt;
    chain.push_back(std::move(link));
  }
  return chain;
}

std::string roles_of(const Papers &papers, const std::string &fingerprint) {
  std::string names;
  if (!papers.root)
    return names;
  for (size_t i = 0; i < kRoleCount; ++i)
    for (const PublicKey &key : papers.root->root.roles[i].keys)
      if (key.fingerprint() == fingerprint)
        names += (names.empty() ? "" : ", ") + std::string(role_name(static_cast<RoleName>(i)));
  return names;
}

} // namespace warrant::cli
