// SPDX-License-Identifier: Apache-2.0
// Delegation read naively: a small universe of things that can be allowed, one bit for each, and
// authority as the set of them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "artifacts/contents.h"
#include "tests/unit/artifacts_fixture.h"

namespace warrant::naive {

inline constexpr uint32_t kIds = 2; // values of uid, gid, session, caller, host, policy
inline constexpr uint8_t kContents = 3;
inline constexpr uint32_t kActionBits = 6; // W_ACTION_ALL
inline constexpr int64_t kSeconds = 8;
inline constexpr int64_t kMostUses = 4;
inline constexpr const char *kPaths[] = {"/a", "/a/b", "/a/b/c", "/ab"};
inline constexpr const char *kHosts[] = {"host-a", "host-b"};

struct Link {
  Authorization authorization;
  std::vector<ManifestRecord> records;

  Contents contents() const { return {authorization, records}; }
};

/// One bit for each thing of the universe that is allowed.
enum Dimension {
  kWhat,
  kWho,
  kWhen,
  kWhere,
  kUnder,
  kPowers,
  kUses,
  kAfter,
  kBelow,
  kPairs, ///< a verity digest beside its sha256, for each action
  kDimensions = kPairs + kActionBits
};
using Authority = std::array<uint64_t, kDimensions>;

inline bool is_within(const Authority &inner, const Authority &outer) {
  for (size_t i = 0; i < kDimensions; i++)
    if (inner[i] & ~outer[i])
      return false;
  return true;
}

inline uint64_t bit(uint32_t place) {
  return uint64_t{1} << place;
}

inline uint64_t what(const Link &link) {
  uint64_t set = 0;
  const auto add = [&](const Digest &digest, uint32_t kind, uint32_t actions) {
    set |= uint64_t{actions} << (kActionBits * (2 * (digest[0] - 1u) + kind));
  };
  for (const Subject &subject : link.authorization.subjects) {
    add(subject.sha256, 0, link.authorization.actions);
    if (subject.verity)
      add(*subject.verity, 1, link.authorization.actions);
  }
  for (const ManifestRecord &record : link.records) {
    add(record.sha256, 0, record.actions);
    if (record.verity)
      add(*record.verity, 1, record.actions);
  }
  return set;
}

inline void add_pairs(const Link &link, Authority &authority) {
  const auto add = [&](const Digest &sha256, const std::optional<Digest> &verity,
                       uint32_t actions) {
    for (uint32_t action = 0; verity && action < kActionBits; action++)
      if (actions & (1u << action))
        authority[kPairs + action] |= bit((sha256[0] - 1u) * kContents + ((*verity)[0] - 1u));
  };
  for (const Subject &subject : link.authorization.subjects)
    add(subject.sha256, subject.verity, link.authorization.actions);
  for (const ManifestRecord &record : link.records)
    add(record.sha256, record.verity, record.actions);
}

inline uint64_t who(const Initiator &initiator) {
  uint64_t places = 0;
  const auto bound = initiator.cgroup_path();
  for (uint32_t i = 0; i < std::size(kPaths); i++)
    if (!bound || (std::string(kPaths[i]) + "/").starts_with(*bound + "/"))
      places |= bit(i);
  uint64_t set = 0;
  for (uint32_t process = 0; process < 64; process++) {
    const uint32_t uid = process & 1;
    const uint32_t gid = process >> 1 & 1;
    const uint32_t session = process >> 2 & 1;
    const uint8_t caller = process & 8 ? 2 : 1;
    if ((!initiator.uid || *initiator.uid == uid) && (!initiator.gid || *initiator.gid == gid) &&
        (!initiator.session || *initiator.session == session) &&
        (!initiator.parent_sha256 || initiator.parent_sha256->front() == caller) &&
        (places & bit(process >> 4)))
      set |= bit(process);
  }
  return set;
}

/// Data and code that nobody lists.
inline uint64_t read_freely(Reads reads) {
  const uint64_t data = 16;
  const uint64_t code = 32;
  return reads == Reads::kAny ? data | code : reads == Reads::kSuffixes ? data : 0;
}

inline const Digest &policy_in_force() {
  static const Digest digest = test::authorization().policy_sha256;
  return digest;
}

inline Authority authority_of(const Link &link) {
  const Authorization &a = link.authorization;
  Authority authority{};
  authority[kWhat] = what(link);
  add_pairs(link, authority);
  authority[kWho] = who(a.initiator);
  for (int64_t second = 0; second < kSeconds; second++)
    if (a.not_before <= test::kNow + second && test::kNow + second < a.not_after)
      authority[kWhen] |= bit(static_cast<uint32_t>(second));
  for (uint32_t i = 0; i < kIds; i++)
    if (!a.environment.host || *a.environment.host == kHosts[i])
      authority[kWhere] |= bit(i);
  authority[kUnder] = a.policy_sha256 == policy_in_force() ? 1 : 2;
  authority[kPowers] =
      (a.jit ? 1u : 0u) | (a.recovery ? 2u : 0u) | (a.requires_parent ? 0u : 4u) | // any caller
      (a.interpreter.entry == Entry::kAny ? 8u : 0u) | read_freely(a.interpreter.reads);
  authority[kUses] = a.max_uses ? bit(static_cast<uint32_t>(*a.max_uses)) - 1 : ~uint64_t{0};
  authority[kAfter] = (a.kill_on_expiry ? 0u : 1u) | (a.kill_on_revoke ? 0u : 2u);
  authority[kBelow] = a.delegation ? bit(a.delegation->max_depth) - 1 : 0;
  return authority;
}

/// What a parent leaves to its children.
inline Authority handed_down(Authority authority) {
  authority[kBelow] >>= 1;
  return authority;
}

inline bool naive_may_derive(const Link &child, const Link &parent) {
  return parent.authorization.delegation && child.authorization.kind == ArtifactKind::kTask &&
         is_within(authority_of(child), handed_down(authority_of(parent)));
}

} // namespace warrant::naive
