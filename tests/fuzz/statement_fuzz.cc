// SPDX-License-Identifier: Apache-2.0
// Any bytes as the payload of an artifact. What is accepted has one canonical form that means the
// same, goes through the whole pipeline when an issuer signs it, and compiles to tidy entries.
#include "artifacts/compile.h"
#include "artifacts/envelope.h"
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
  require(authorization.subjects.empty() == authorization.manifest.has_value());
  const Initiator &initiator = authorization.initiator;
  const bool restricted = initiator.uid || initiator.gid || initiator.cgroup_path();
  require(initiator.any != restricted);
}

void check_entries(const VerifiedAuthorization &verified, const Entries &entries) {
  require(entries.artifacts.size() == 2 && entries.payloads.size() == 2);
  require(entries.artifacts[1].not_before <= entries.artifacts[1].not_after);
  require(entries.artifacts[1].not_after < W_FOREVER);
  const Initiator &initiator = verified.authorization().initiator;
  for (const auto &[key, verdict] : entries.verdicts) {
    require((key.scope == W_SCOPE_NAMED) == (verdict.grants[0] == 0));
    require(key.scope != W_SCOPE_HOST || (!initiator.uid && !initiator.cgroup_path()));
    require(verdict.grants[1] == 0);
  }
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

  TrustState trust;
  trust.root.expires = kMaxTime;
  trust.root.issuer = make_role({issuer_key().public_key()}, 1);
  trust.policy_sha256 = authorization.policy_sha256;
  trust.host = authorization.host.value_or("");
  const auto envelope = sign_envelope(payload, issuer_key());
  require(envelope.ok());
  const auto verified = verify_artifact(view(envelope.value()), no_manifests(), trust, 0);
  require(verified.ok() != authorization.manifest.has_value());
  if (!verified.ok())
    return 0;
  require(verified.value().sha256() == sha256(payload));
  const auto entries = compile({verified.value()}, ClockMap{-1000000000});
  require(entries.ok());
  check_entries(verified.value(), entries.value());
  return 0;
}
