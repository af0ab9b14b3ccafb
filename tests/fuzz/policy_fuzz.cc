// SPDX-License-Identifier: Apache-2.0
// Any bytes as policy.
#include <algorithm>

#include "artifacts/policy.h"
#include "tests/fuzz/document_fuzz.h"

using namespace warrant;

namespace {

void check_initiator(const Initiator &initiator) {
  const bool restricted = initiator.uid || initiator.gid || initiator.cgroup_path() ||
                          initiator.parent_sha256 || initiator.session;
  require(initiator.any != restricted);
  require(!(initiator.cgroup && initiator.unit));
  require(!wider_member(initiator, initiator));
}

void check_rule(const IssuerRule &rule) {
  require(!rule.keys.empty() && !rule.kinds.empty());
  require(rule.actions != 0 && (rule.actions & ~W_ACTION_ALL) == 0);
  require(rule.max_window.value_or(1) >= 1 && rule.max_uses.value_or(1) >= 1);
  require(rule.delegate <= kMaxDelegationDepth);
  require(std::is_sorted(rule.digests.begin(), rule.digests.end()));
  for (const Initiator &initiator : rule.initiators)
    check_initiator(initiator);
}

void check_meaning(const Policy &policy) {
  require(policy.version >= 1 && policy.version <= kMaxVersion);
  require(policy.mode == W_MODE_ENFORCE || policy.mode == W_MODE_OBSERVE);
  require(policy.audit == W_AUDIT_OPTIONAL || policy.audit == W_AUDIT_REQUIRED);
  require(!policy.filesystems.empty() && policy.filesystems.size() <= W_MAX_FILESYSTEMS);
  require(policy.scopes.size() <= kMaxScopeModes && policy.honours.size() <= kMaxHonoured);
  require(policy.expires.value_or(INT64_MAX) > policy.issued_at);
  for (const ScopeMode &scope : policy.scopes) {
    check_initiator(scope.initiator);
    require(scope.initiator.uid.has_value() != scope.initiator.cgroup_path().has_value());
    require(scope.mode == W_MODE_ENFORCE || scope.mode == W_MODE_OBSERVE);
  }
  if (policy.issuers)
    for (const IssuerRule &rule : *policy.issuers)
      check_rule(rule);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check_document(ByteView(data, size), kPolicyType, "policy", parse_policy, serialize_policy,
                 check_meaning);
  return 0;
}
