// SPDX-License-Identifier: Apache-2.0
#include "lineage/proof_chain.h"

#include <algorithm>

#include "artifacts/delegation.h"
#include "artifacts/envelope.h"
#include "artifacts/statement.h"
#include "artifacts/verify.h"

namespace warrant {
namespace {

constexpr std::string_view kStranger = "an artifact in the bundle is not the one ";

/// An envelope of the bundle, read but believed by nobody yet.
struct Opened {
  UnverifiedEnvelope envelope;
  Authorization authorization;
};

Checked<Opened> open_artifact(const std::string &text) {
  UnverifiedEnvelope envelope = WARRANT_TRY(peek_envelope(view(text)));
  Authorization authorization = WARRANT_TRY(parse_authorization(envelope.payload));
  return Opened{std::move(envelope), std::move(authorization)};
}

/// That signatures hold: of the issuers, else of those to whom the parent hands its authority on.
Checked<void> judge_signatures(const Opened &child, const Opened *parent, const TrustRoot &root,
                               ProofLink &link) {
  const Role &issuers = root.role(role_for(child.authorization.kind));
  Checked<VerifiedBytes> signed_by_issuers = verify_envelope(
      UnverifiedEnvelope(child.envelope), issuers.keys, std::max<uint32_t>(issuers.threshold, 1));
  if (signed_by_issuers.ok()) {
    link.signers = signed_by_issuers.value().signers();
    return {};
  }
  if (!child.authorization.parent)
    return signed_by_issuers.error();
  if (!parent)
    return Rejection{W_REASON_LINEAGE_DISCONTINUITY, "predicate.lineage.parentArtifact",
                     "no issuer signed it, and its parent is not in the bundle", ""};
  const std::optional<Delegation> &delegation = parent->authorization.delegation;
  if (!delegation)
    return Rejection{W_REASON_POLICY_MISMATCH, "predicate.lineage.parentArtifact",
                     "no issuer signed it, and its parent delegates nothing", ""};
  const VerifiedBytes verified = WARRANT_TRY(verify_envelope(
      UnverifiedEnvelope(child.envelope), delegation->role.keys, delegation->role.threshold));
  link.signers = verified.signers();
  link.is_delegated = true;
  const bool has_manifest = child.authorization.manifest || parent->authorization.manifest;
  if (const auto wider = has_manifest
                             ? find_wider_terms(child.authorization, parent->authorization)
                             : find_wider({child.authorization, {}}, {parent->authorization, {}}))
    return Rejection{W_REASON_POLICY_MISMATCH, wider->field,
                     "wider than its parent: " + wider->detail, ""};
  return {};
}

} // namespace

std::optional<ClaimedArtifact> claimed_artifact(ByteView envelope) {
  const Checked<UnverifiedEnvelope> opened = peek_envelope(envelope);
  if (!opened.ok())
    return std::nullopt;
  ClaimedArtifact claim{sha256(opened.value().payload), std::nullopt};
  const Checked<Authorization> parsed = parse_authorization(opened.value().payload);
  if (parsed.ok())
    claim.parent = parsed.value().parent;
  return claim;
}

ProofChain judge_chain(std::span<const std::string> envelopes, const std::optional<Digest> &named,
                       const TrustRoot *root) {
  ProofChain chain;
  std::vector<Opened> opened;
  std::optional<Digest> expected = named;
  for (const std::string &envelope : envelopes) {
    Checked<Opened> artifact = open_artifact(envelope);
    if (!artifact.ok()) {
      chain.problem = "artifact: " + artifact.error().text();
      return chain;
    }
    const Digest digest = sha256(artifact.value().envelope.payload);
    if (expected != digest) {
      chain.problem =
          std::string(kStranger) +
          (opened.empty() ? "that the record names" : "from which the one before it comes");
      return chain;
    }
    expected = artifact.value().authorization.parent;
    chain.links.push_back({digest, {}, false});
    opened.push_back(std::move(artifact).value());
  }
  for (size_t i = 0; root && i < opened.size(); i++) {
    const Opened *parent = i + 1 < opened.size() ? &opened[i + 1] : nullptr;
    const Checked<void> holds = judge_signatures(opened[i], parent, *root, chain.links[i]);
    if (!holds.ok()) {
      chain.problem = "artifact: " + holds.error().text();
      return chain;
    }
  }
  return chain;
}

} // namespace warrant
