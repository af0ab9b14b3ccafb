// SPDX-License-Identifier: Apache-2.0
#include "artifacts/verify.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/delegation.h"
#include "artifacts/envelope.h"
#include "artifacts/rules.h"

namespace warrant {
namespace {

using MaybeBlock = std::optional<Rejection>;

/// What an artifact says of itself that decides whose signature it needs.
struct Claim {
  std::optional<ArtifactKind> kind; ///< nothing: strict parsing will refuse it
  std::optional<Digest> parent;

  bool operator==(const Claim &) const = default;
};

const std::string *text_member(const Json &object, const char *name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? &member->get_ref<const std::string &>()
                                                       : nullptr;
}

/// From a document that nobody vouches for yet.
Claim read_claim(const Json &document) {
  if (!document.is_object() || !document.contains("predicate") ||
      !document["predicate"].is_object())
    return {};
  const Json &predicate = document["predicate"];
  const std::string *kind = text_member(predicate, "kind");
  if (!kind)
    return {};
  Claim claim{kind_from_name(*kind), {}};
  if (!predicate.contains("lineage"))
    return claim;
  const std::string *parent = predicate["lineage"].is_object()
                                  ? text_member(predicate["lineage"], "parentArtifact")
                                  : nullptr;
  claim.parent.emplace();
  return parent && from_hex(*parent, *claim.parent) ? claim : Claim{};
}

/// Whoever may sign any kind of artifact.
Role any_issuer(const TrustRoot &root) {
  std::vector<PublicKey> keys;
  for (const RoleName name : {RoleName::kTask, RoleName::kBaseline, RoleName::kBreakglass})
    keys.insert(keys.end(), root.role(name).keys.begin(), root.role(name).keys.end());
  return make_role(std::move(keys), 1);
}

Checked<std::vector<ManifestRecord>> fetch_records(const Authorization &authorization,
                                                   const ManifestOpener &manifests) {
  if (!authorization.manifest)
    return std::vector<ManifestRecord>{};
  const Result<ByteSource> source = manifests(*authorization.manifest);
  if (!source.ok())
    return Rejection{W_REASON_MISSING, "predicate.manifest", printable(source.error().message, 512),
                     "put " + manifest_file_name(*authorization.manifest) + " beside the artifact"};
  return read_manifest(source.value(), *authorization.manifest, authorization.actions);
}

Rejection revoked(std::string field, std::string detail) {
  return {W_REASON_REVOKED, std::move(field), std::move(detail), "issue a new artifact"};
}

Rejection against_policy(std::string field, std::string detail, std::string fix) {
  return {W_REASON_POLICY_MISMATCH, std::move(field), std::move(detail), std::move(fix)};
}

/// Of the signers, those whose keys are not revoked.
std::vector<std::string> standing(const std::vector<std::string> &signers,
                                  const TrustState &trust) {
  std::vector<std::string> left;
  for (const std::string &signer : signers)
    if (!trust.revocation || !revokes_issuer(trust.revocation->revocation, signer))
      left.push_back(signer);
  return left;
}

MaybeBlock blocked_by_policy(const Authorization &authorization, const TrustState &trust) {
  const std::vector<Digest> &honours = trust.policy.honours;
  if (authorization.policy_sha256 == trust.policy_sha256 ||
      std::find(honours.begin(), honours.end(), authorization.policy_sha256) != honours.end())
    return {};
  return against_policy("predicate.policy.sha256",
                        "issued under policy " + to_hex(authorization.policy_sha256) +
                            ", in force is " + to_hex(trust.policy_sha256),
                        "issue it anew under the policy in force");
}

MaybeBlock blocked_breakglass(const Authorization &authorization, const TrustState &trust) {
  if (authorization.kind != ArtifactKind::kBreakglass)
    return {};
  const std::optional<int64_t> &longest = trust.policy.breakglass_max_window;
  if (!longest)
    return against_policy("predicate.kind", "the policy accepts no break-glass",
                          "have a policy signed that sets breakglass");
  const int64_t window = authorization.not_after - authorization.not_before;
  if (window > *longest)
    return against_policy("predicate.validity",
                          "break-glass for " + std::to_string(window) + " s, the policy allows " +
                              std::to_string(*longest),
                          "issue it for a shorter time");
  return {};
}

Rejection other_machine(std::string_view member, std::string detail, std::string fix = {}) {
  return {W_REASON_IDENTITY_MISMATCH, "predicate.environment." + std::string(member),
          std::move(detail), std::move(fix)};
}

MaybeBlock blocked_by_host(const EnvironmentDemand &demand, const TrustState &trust) {
  if (demand.host && *demand.host != trust.host)
    return other_machine(
        "host", "for host " + printable(*demand.host) + ", this is " + printable(trust.host));
  if (!demand.key && !demand.group)
    return {};
  const std::string_view member = demand.key ? "key" : "group";
  if (!trust.enrolled)
    return other_machine(member, "for an enrolled machine, and this one is not",
                         "enroll it: warrant host enroll");
  if (!trust.enrolled->mismatch.empty())
    return other_machine(member, trust.enrolled->mismatch, "enroll the machine anew");
  if (demand.key && *demand.key != trust.enrolled->enrollment.ak_name)
    return other_machine("key", "for key " + to_hex(*demand.key) + ", this machine has " +
                                    to_hex(trust.enrolled->enrollment.ak_name));
  if (demand.group && !is_in_group(trust.enrolled->enrollment, *demand.group))
    return other_machine("group", "for group " + printable(*demand.group) +
                                      ", which this machine is not enrolled in");
  return {};
}

MaybeBlock blocked_by_proof(const EnvironmentDemand &demand, const Policy &policy) {
  if (!demand.needs_proof())
    return {};
  if (!policy.attestation)
    return against_policy("predicate.environment",
                          "asks for a proof of the machine's state, and the policy for none",
                          "have a policy signed that sets attestation");
  if (demand.profile && !policy.environments.contains(*demand.profile))
    return against_policy("predicate.environment.profile",
                          "the policy has no environment " + printable(*demand.profile),
                          "name one of the policy's environments");
  return {};
}

} // namespace

RoleName role_for(ArtifactKind kind) {
  switch (kind) {
    case ArtifactKind::kTask:
      return RoleName::kTask;
    case ArtifactKind::kBaseline:
      return RoleName::kBaseline;
    case ArtifactKind::kBreakglass:
      return RoleName::kBreakglass;
  }
  __builtin_trap();
}

/// One artifact on its way through the pipeline.
class Verifier {
 public:
  Verifier(const ManifestOpener &manifests, const ParentLookup &parents, const TrustState &trust,
           int64_t now)
      : manifests_(manifests), parents_(parents), trust_(trust), now_(now) {}

  Checked<VerifiedAuthorization> run(ByteView bytes) {
    UnverifiedEnvelope envelope = WARRANT_TRY(peek_envelope(bytes));
    Checked<Json> document = parse_json(envelope.payload);
    const Claim claim = document.ok() ? read_claim(document.value()) : Claim{};
    WARRANT_TRY(choose_role(claim, envelope));
    const VerifiedBytes verified =
        WARRANT_TRY(verify_envelope(std::move(envelope), role_->keys, role_->threshold));
    result_.authorization_ = WARRANT_TRY(read_authorization(WARRANT_TRY(std::move(document))));
    // The signatures were judged by the claim: what was parsed must be what was claimed.
    if (claim != Claim{result_.authorization_.kind, result_.authorization_.parent})
      return malformed("predicate.kind", "cannot be told before parsing");
    result_.sha256_ = verified.sha256();
    result_.issuers_ = verified.signers();
    WARRANT_TRY(check_expiry(trust_, now_));
    result_.records_ = WARRANT_TRY(fetch_records(result_.authorization_, manifests_));
    WARRANT_TRY(check_parent());
    result_.blocked_ = find_block();
    return std::move(result_);
  }

 private:
  /// Who must sign: the role of the kind; with a parent, its delegates will do as well, for what
  /// they were given. For what has no kind that we know, any issuer will do: it is refused later,
  /// but a stranger's for its signature.
  Checked<void> choose_role(const Claim &claim, const UnverifiedEnvelope &envelope) {
    if (!claim.kind) {
      anybody_ = any_issuer(trust_.root);
      role_ = &anybody_;
      return {};
    }
    role_ = &trust_.root.role(role_for(*claim.kind));
    if (!claim.parent)
      return {};
    parent_ = parents_(*claim.parent);
    if (!parent_)
      return Rejection{W_REASON_LINEAGE_DISCONTINUITY, "predicate.lineage.parentArtifact",
                       "artifact " + to_hex(*claim.parent) + " is not here, or was refused",
                       "put the parent beside it"};
    // An issuer has authority of his own and names a parent only as the place to be run from.
    if (role_->threshold > 0 &&
        verify_envelope(UnverifiedEnvelope(envelope), role_->keys, role_->threshold).ok())
      return {};
    const std::optional<Delegation> &delegation = parent_->authorization().delegation;
    if (!delegation)
      return against_policy("predicate.lineage.parentArtifact",
                            "the parent may not be delegated any further",
                            "derive it from an artifact that delegates");
    role_ = &delegation->role;
    result_.is_derived_ = true;
    return {};
  }

  Contents contents() const { return {result_.authorization_, result_.records_}; }

  Checked<void> check_parent() {
    if (!parent_)
      return {};
    if (result_.is_derived_) {
      if (auto wider = find_wider(contents(), {parent_->authorization(), parent_->records()}))
        return against_policy(std::move(wider->field), "wider than its parent: " + wider->detail,
                              "narrow it, or derive it from an artifact that grants as much");
    }
    result_.parent_id_ = parent_->authorization().id;
    result_.ancestors_ = {parent_->sha256()};
    result_.ancestors_.insert(result_.ancestors_.end(), parent_->ancestors().begin(),
                              parent_->ancestors().end());
    return {};
  }

  MaybeBlock find_block() const {
    const Authorization &authorization = result_.authorization_;
    if (MaybeBlock block = blocked_by_revocation())
      return block;
    if (parent_ && parent_->blocked())
      return Rejection{parent_->blocked()->reason, "predicate.lineage.parentArtifact",
                       "the parent: " + parent_->blocked()->detail, parent_->blocked()->fix};
    if (MaybeBlock block = blocked_by_policy(authorization, trust_))
      return block;
    if (MaybeBlock block = blocked_by_rules())
      return block;
    if (MaybeBlock block = blocked_breakglass(authorization, trust_))
      return block;
    if (MaybeBlock block = blocked_by_proof(authorization.environment, trust_.policy))
      return block;
    return blocked_by_host(authorization.environment, trust_);
  }

  MaybeBlock blocked_by_revocation() const {
    if (!trust_.revocation)
      return {};
    const Revocation &list = trust_.revocation->revocation;
    const std::string epoch = " by epoch " + std::to_string(list.epoch);
    if (revokes_artifact(list, result_.sha256_))
      return revoked("", "the artifact is revoked" + epoch);
    for (const Digest &ancestor : result_.ancestors_)
      if (revokes_artifact(list, ancestor))
        return revoked("predicate.lineage.parentArtifact",
                       "ancestor " + to_hex(ancestor) + " is revoked" + epoch);
    const size_t left = standing(result_.issuers_, trust_).size();
    if (left < role_->threshold)
      return revoked("signatures", "without revoked keys " + std::to_string(left) + " of " +
                                       std::to_string(role_->threshold) + " signatures are left");
    const bool is_known_key =
        trust_.enrolled && revokes_host(list, to_hex(trust_.enrolled->enrollment.ak_name));
    if (!result_.authorization_.recovery && (revokes_host(list, trust_.host) || is_known_key))
      return revoked("", "host " + printable(trust_.host) + " is revoked" + epoch);
    return {};
  }

  /// What is derived is within what its root ancestor grants, and that was within the rules.
  MaybeBlock blocked_by_rules() const {
    if (result_.is_derived_)
      return {};
    const Permission permission =
        permit(contents(), standing(result_.issuers_, trust_), trust_.policy);
    if (permission.signers.size() >= role_->threshold)
      return {};
    return against_policy(permission.field.empty() ? "signatures" : permission.field,
                          "beyond what the policy lets its issuers grant: " + permission.detail,
                          "narrow it, have another issuer sign it, or change the policy");
  }

  const ManifestOpener &manifests_;
  const ParentLookup &parents_;
  const TrustState &trust_;
  int64_t now_;
  const VerifiedAuthorization *parent_ = nullptr;
  const Role *role_ = nullptr;
  Role anybody_;
  VerifiedAuthorization result_;
};

const VerifiedAuthorization *no_parents(const Digest &) {
  return nullptr;
}

Checked<VerifiedAuthorization> verify_artifact(ByteView envelope, const ManifestOpener &manifests,
                                               const ParentLookup &parents, const TrustState &trust,
                                               int64_t now) {
  return Verifier(manifests, parents, trust, now).run(envelope);
}

} // namespace warrant
