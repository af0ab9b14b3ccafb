// SPDX-License-Identifier: Apache-2.0
#include "daemon/grants.h"

#include <algorithm>
#include <cstring>

namespace warrant {
namespace {

bool key_less(const w_verdict_key &a, const w_verdict_key &b) {
  if (a.scope != b.scope)
    return a.scope < b.scope;
  if (a.digest_kind != b.digest_kind)
    return a.digest_kind < b.digest_kind;
  return std::memcmp(a.digest, b.digest, W_DIGEST_SIZE) < 0;
}

} // namespace

Grants::Grants(const Entries &entries, uint64_t boot_ns) : entries_(entries), boot_ns_(boot_ns) {
  for (const auto &[uid, bound] : entries.uids)
    if (uid == 0)
      root_scope_ = bound.scope;
}

const w_verdict *Grants::find(uint32_t scope, const Digest &sha256) const {
  w_verdict_key key{};
  key.scope = scope;
  key.digest_kind = W_DIGEST_SHA256;
  std::copy(sha256.begin(), sha256.end(), key.digest);
  const auto found = std::lower_bound(
      entries_.verdicts.begin(), entries_.verdicts.end(), key,
      [](const auto &entry, const w_verdict_key &wanted) { return key_less(entry.first, wanted); });
  return found == entries_.verdicts.end() || key_less(key, found->first) ? nullptr : &found->second;
}

// In the kernel's order: the scope of the uid before that of the host.
std::vector<uint32_t> Grants::grants(const Digest &sha256) const {
  std::vector<uint32_t> all;
  for (const uint32_t scope : {root_scope_, W_SCOPE_HOST}) {
    const w_verdict *verdict = scope == W_SCOPE_INVALID ? nullptr : find(scope, sha256);
    if (!verdict)
      continue;
    for (const uint32_t grant : verdict->grants)
      if (grant != 0)
        all.push_back(grant);
  }
  return all;
}

std::vector<uint32_t> Grants::artifacts(const Digest &sha256, uint32_t actions) const {
  std::vector<uint32_t> found;
  for (const uint32_t grant : grants(sha256))
    if ((W_GRANT_ACTIONS(grant) & actions) == actions && is_open(W_GRANT_ARTIFACT(grant)) &&
        is_sure(W_GRANT_ARTIFACT(grant)))
      found.push_back(W_GRANT_ARTIFACT(grant));
  return found;
}

bool Grants::allow_without_leases(const Digest &sha256, uint32_t actions) const {
  const std::vector<uint32_t> found = artifacts(sha256, actions);
  return std::any_of(found.begin(), found.end(), [&](uint32_t index) {
    const w_artifact &artifact = entries_.artifacts.at(index);
    return artifact.environment == W_ENVIRONMENT_OPEN ||
           (artifact.constraints & W_ARTIFACT_RECOVERY);
  });
}

uint32_t Grants::leading(const Digest &sha256, uint32_t action) const {
  for (const uint32_t grant : grants(sha256))
    if ((W_GRANT_ACTIONS(grant) & action) == action && is_open(W_GRANT_ARTIFACT(grant)))
      return W_GRANT_ACTIONS(grant);
  return 0;
}

bool Grants::is_open(uint32_t index) const {
  const w_artifact &artifact = entries_.artifacts.at(index);
  return artifact.flags == 0 && boot_ns_ >= artifact.not_before && boot_ns_ < artifact.not_after;
}

bool Grants::is_sure(uint32_t index) const {
  const w_artifact &artifact = entries_.artifacts.at(index);
  constexpr uint32_t kUnsure = W_ARTIFACT_NEEDS_SESSION | W_ARTIFACT_NEEDS_CODE |
                               W_ARTIFACT_NEEDS_PARENT | W_ARTIFACT_COUNTED;
  return !(artifact.constraints & kUnsure) &&
         (!(artifact.constraints & W_ARTIFACT_NEEDS_GID) || artifact.gid == 0);
}

} // namespace warrant
