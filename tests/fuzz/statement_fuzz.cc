// SPDX-License-Identifier: Apache-2.0
// Any bytes as the payload of an artifact. What is accepted has one canonical form that means the
// same, goes through the whole pipeline when an issuer signs it, and compiles to tidy entries.
#include "artifacts/compile.h"
#include "artifacts/envelope.h"
#include "artifacts/in_toto.h"
#include "artifacts/time.h"
#include "tests/fuzz/require.h"

using namespace warrant;

namespace {

const SecretKey &issuer_key() {
  static const SecretKey key = SecretKey::from_seed(std::array<uint8_t, kSeedSize>{1});
  return key;
}

void check_meaning(const Authorization &authorization) {
  require(authorization.not_before < authorization.not_after);
  require(authorization.actions != 0 && (authorization.actions & ~W_ACTION_ALL) == 0);
  const bool covers_all = authorization.covers == Covers::kAll;
  require(authorization.subjects.empty() == (authorization.manifest.has_value() || covers_all));
  require(!covers_all || authorization.kind == ArtifactKind::kBreakglass);
  require(!authorization.requires_parent || authorization.parent);
  require(!authorization.max_uses ||
          (*authorization.max_uses > 0 && (authorization.actions & W_ACTION_EXEC)));
  if (const auto &delegation = authorization.delegation) {
    require(delegation->max_depth >= 1 && delegation->max_depth <= kMaxDelegationDepth);
    require(delegation->role.threshold >= 1 &&
            delegation->role.threshold <= delegation->role.keys.size());
  }
  Initiator unrestricted;
  unrestricted.any = authorization.initiator.any;
  require(authorization.initiator.any == (authorization.initiator == unrestricted));
}

void check_entries(const VerifiedAuthorization &verified, const Entries &entries) {
  require(entries.artifacts.size() == 2 && entries.payloads.size() == 2);
  require(entries.artifacts[1].not_before <= entries.artifacts[1].not_after);
  require(entries.artifacts[1].not_after < W_FOREVER);
  const Initiator &initiator = verified.authorization().initiator;
  for (const auto &[key, verdict] : entries.verdicts) {
    require((key.scope == W_SCOPE_NAMED) == (verdict.grants[0] == 0));
    require(key.digest_kind != W_DIGEST_ANY || entries.flags & W_GENERATION_HAS_ANY);
    require(key.scope != W_SCOPE_HOST || (!initiator.uid && !initiator.cgroup_path()));
    require(verdict.grants[1] == 0);
  }
}

/// Makes the machine the one that is asked for.
void satisfy(TrustState &trust, const EnvironmentDemand &demand) {
  trust.host = demand.host.value_or("");
  trust.enrolled.emplace();
  trust.enrolled->enrollment.ak_name = demand.key.value_or(TpmName{});
  if (demand.group)
    trust.enrolled->enrollment.groups = {*demand.group};
  trust.policy.attestation.emplace();
  if (demand.profile)
    trust.policy.environments[*demand.profile] = {};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ByteView payload(data, size);
  const auto parsed = parse_authorization(payload);
  if (!parsed.ok()) {
    require(parsed.error().reason == W_REASON_MALFORMED && !parsed.error().detail.empty());
    return 0;
  }
  const Authorization &authorization = parsed.value();
  check_meaning(authorization);
  require(parse_any_statement(payload).ok());

  const auto canonical = serialize_authorization(authorization);
  require(canonical.ok());
  require(parse_authorization(view(canonical.value())).value() == authorization);
  require(serialize_authorization(authorization).value() == canonical.value());

  if (authorization.parent)
    return 0; // verify_fuzz has a parent
  TrustState trust;
  trust.root.expires = kMaxTime;
  for (const RoleName name : {RoleName::kTask, RoleName::kBaseline, RoleName::kBreakglass})
    trust.root.role(name) = make_role({issuer_key().public_key()}, 1);
  trust.policy_sha256 = authorization.policy_sha256;
  trust.policy.breakglass_max_window = kMaxTime;
  satisfy(trust, authorization.environment);
  const auto envelope = sign_envelope(payload, issuer_key());
  require(envelope.ok());
  const auto verified =
      verify_artifact(view(envelope.value()), no_manifests(), no_parents, trust, 0);
  require(verified.ok() != authorization.manifest.has_value());
  if (!verified.ok())
    return 0;
  require(!verified.value().blocked());
  require(verified.value().sha256() == sha256(payload));
  Circumstances circumstances;
  circumstances.clock = ClockMap{-1000000000};
  circumstances.bonds[authorization.id] = W_MAX_BONDS;
  const auto entries = compile({verified.value()}, circumstances);
  require(entries.ok());
  check_entries(verified.value(), entries.value());
  return 0;
}
