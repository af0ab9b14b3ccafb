// SPDX-License-Identifier: Apache-2.0
// Any bytes as trust root and as policy: as a whole payload, and as a predicate in a frame whose
// subject fits, since no fuzzer finds a SHA-256.
#include "artifacts/json.h"
#include "artifacts/statement.h"
#include "artifacts/trust.h"
#include "tests/fuzz/require.h"

using namespace warrant;

namespace {

void check_root(ByteView payload) {
  const auto root = parse_trust_root(payload);
  if (!root.ok()) {
    require(root.error().reason == W_REASON_MALFORMED && !root.error().detail.empty());
    return;
  }
  for (const Role *role : {&root.value().root, &root.value().policy, &root.value().issuer}) {
    require(role->threshold >= 1 && role->threshold <= role->keys.size());
    require(make_role(role->keys, role->threshold) == *role);
  }
  const auto again = serialize_trust_root(root.value());
  require(again.ok());
  require(parse_trust_root(view(again.value())).value() == root.value());
}

void check_policy(ByteView payload) {
  const auto policy = parse_policy(payload);
  if (!policy.ok()) {
    require(policy.error().reason == W_REASON_MALFORMED && !policy.error().detail.empty());
    return;
  }
  require(policy.value().mode == W_MODE_ENFORCE || policy.value().mode == W_MODE_OBSERVE);
  require(policy.value().audit == W_AUDIT_OPTIONAL || policy.value().audit == W_AUDIT_REQUIRED);
  require(!policy.value().filesystems.empty());
  require(policy.value().filesystems.size() <= W_MAX_FILESYSTEMS);
  const auto again = serialize_policy(policy.value());
  require(again.ok());
  require(parse_policy(view(again.value())).value() == policy.value());
}

std::string framed(std::string_view type, std::string_view name, const Json &predicate) {
  const std::string digest = to_hex(sha256(view(predicate.dump())));
  const Json subject = Json::array({{{"name", name}, {"digest", {{"sha256", digest}}}}});
  return serialize_statement(type, subject, predicate);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ByteView bytes(data, size);
  check_root(bytes);
  check_policy(bytes);
  require(!load_trust(bytes, bytes, "host").ok()); // one file cannot be both
  const auto predicate = parse_json(bytes);
  if (!predicate.ok() || !predicate.value().is_object())
    return 0;
  check_root(view(framed(kTrustRootType, "trust-root", predicate.value())));
  check_policy(view(framed(kPolicyType, "policy", predicate.value())));
  return 0;
}
