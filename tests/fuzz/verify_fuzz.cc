// SPDX-License-Identifier: Apache-2.0
// Any bytes as envelope, as payload of an issuer and as payload of a delegate, through the whole
// pipeline with a parent to derive from. What comes out of it is within the parent.
#include <nlohmann/json.hpp>

#include "artifacts/compile.h"
#include "artifacts/delegation.h"
#include "artifacts/envelope.h"
#include "artifacts/time.h"
#include "tests/fuzz/require.h"

using namespace warrant;

namespace {

SecretKey key(uint8_t number) {
  return SecretKey::from_seed(std::array<uint8_t, kSeedSize>{number});
}

const SecretKey &issuer_key() {
  static const SecretKey issuer = key(1);
  return issuer;
}

const SecretKey &delegate_key() {
  static const SecretKey delegate = key(2);
  return delegate;
}

IssuerRule rule() {
  IssuerRule rule;
  rule.keys = {issuer_key().public_key().fingerprint()};
  rule.kinds = {ArtifactKind::kTask, ArtifactKind::kBaseline};
  rule.actions = W_ACTION_ALL & ~W_ACTION_LOAD;
  rule.paths = {"/usr/**", "*?"};
  rule.max_window = 1 << 30;
  rule.delegate = 2;
  return rule;
}

TrustState make_trust() {
  TrustState trust;
  trust.root.expires = kMaxTime;
  for (const RoleName name : {RoleName::kTask, RoleName::kBaseline, RoleName::kBreakglass})
    trust.root.role(name) = make_role({issuer_key().public_key()}, 1);
  trust.policy.issuers = {rule()};
  trust.policy.breakglass_max_window = 86400;
  trust.policy_sha256.fill(0x0a);
  trust.policy.honours = {Digest{}};
  trust.revocation.emplace();
  trust.revocation->revocation.digests = {Digest{0x0b}};
  trust.host = "host-a";
  return trust;
}

const TrustState &trust() {
  static const TrustState state = make_trust();
  return state;
}

Authorization parent_authorization() {
  Authorization parent;
  parent.id.fill(1);
  parent.not_before = 1;
  parent.not_after = 1 << 29;
  parent.policy_sha256 = trust().policy_sha256;
  parent.actions = W_ACTION_EXEC | W_ACTION_MAP;
  parent.initiator.cgroup = "/agents.slice";
  parent.delegation = Delegation{make_role({delegate_key().public_key()}, 1), 2};
  parent.subjects = {{"/usr/bin/a", Digest{1}, std::nullopt}, {"/usr/bin/b", Digest{2}, Digest{3}}};
  return parent;
}

Checked<VerifiedAuthorization> verify(std::string_view envelope, const ParentLookup &parents) {
  return verify_artifact(view(envelope), no_manifests(), parents, trust(), 1000);
}

const VerifiedAuthorization &parent() {
  static const VerifiedAuthorization verified = [] {
    const auto payload = serialize_authorization(parent_authorization());
    require(payload.ok());
    auto result = verify(sign_envelope(view(payload.value()), issuer_key()).value(), no_parents);
    require(result.ok() && !result.value().blocked());
    return std::move(result).value();
  }();
  return verified;
}

/// Whatever parent is asked for, it is this one.
const VerifiedAuthorization *find_parent(const Digest &) {
  return &parent();
}

void check_result(const Checked<VerifiedAuthorization> &result) {
  if (!result.ok()) {
    require(result.error().reason != W_REASON_INVALID && !result.error().detail.empty());
    return;
  }
  const VerifiedAuthorization &verified = result.value();
  const Contents contents = {verified.authorization(), verified.records()};
  require(verified.issuers().size() == 1);
  require(verified.ancestors().size() == (verified.authorization().parent ? 1 : 0));
  require(verified.parent_id().has_value() == verified.authorization().parent.has_value());
  if (verified.is_derived())
    require(!find_wider(contents, {parent().authorization(), parent().records()}));
  Circumstances circumstances;
  circumstances.revocation = &trust().revocation->revocation;
  circumstances.bonds[verified.authorization().id] = 1;
  const auto entries = compile({verified}, circumstances);
  require(entries.ok());
  for (const auto &[verdict_key, verdict] : entries.value().verdicts)
    for (const uint32_t grant : verdict.grants)
      require(grant == 0 || !verified.blocked() ||
              entries.value().artifacts.at(W_GRANT_ARTIFACT(grant)).flags != 0);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ByteView bytes(data, size);
  check_result(verify(text_of(bytes), find_parent));
  if (!parse_json(bytes).ok())
    return 0; // whoever signs it, it is refused: statement_fuzz; signing takes most of the time
  for (const SecretKey *signer : {&issuer_key(), &delegate_key()}) {
    const auto envelope = sign_envelope(bytes, *signer);
    if (!envelope.ok())
      continue;
    check_result(verify(envelope.value(), find_parent));
    const auto alone = verify(envelope.value(), no_parents);
    require(!alone.ok() || (signer == &issuer_key() && !alone.value().is_derived()));
  }
  return 0;
}
