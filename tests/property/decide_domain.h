// SPDX-License-Identifier: Apache-2.0
// The finite classes of facts: every value of each enum with values beyond it, every kind of grant.
// Used by the exhaustive test and by the vectors for the bytecode.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "bpf/abi.h"

namespace warrant::domain {

inline constexpr std::uint8_t kRequests[] = {
    W_REQUEST_EXEC, W_REQUEST_MAP,   W_REQUEST_WRITE,   W_REQUEST_CHECK, W_REQUEST_READ,
    W_REQUEST_LOAD, W_REQUEST_TOUCH, W_REQUEST_INVALID, W_REQUEST_COUNT, 255};
/// Those that ask for a grant, and those that ask for a file's code whatever is behind it.
inline constexpr w_request kGrantRequests[] = {W_REQUEST_EXEC, W_REQUEST_MAP, W_REQUEST_CHECK,
                                               W_REQUEST_READ, W_REQUEST_LOAD};
inline constexpr std::uint8_t kModes[] = {W_MODE_ENFORCE, W_MODE_OBSERVE, W_MODE_INVALID,
                                          W_MODE_COUNT, 255};
inline constexpr std::uint8_t kAudits[] = {W_AUDIT_OPTIONAL, W_AUDIT_REQUIRED, W_AUDIT_UNAVAILABLE,
                                           W_AUDIT_INVALID,  W_AUDIT_COUNT,    255};
inline constexpr std::uint8_t kMeasures[] = {
    W_MEASURE_CACHED,    W_MEASURE_VERITY,   W_MEASURE_IMA,       W_MEASURE_INVALID,
    W_MEASURE_NONE,      W_MEASURE_FAILED,   W_MEASURE_ALGORITHM, W_MEASURE_FOREIGN_FS,
    W_MEASURE_UNSEALED,  W_MEASURE_UNCACHED, W_MEASURE_CHANGED,   W_MEASURE_NOT_REGULAR,
    W_MEASURE_TOO_LARGE, W_MEASURE_SHARED,   W_MEASURE_COUNT,     255};
static_assert(sizeof(kRequests) == W_REQUEST_COUNT + 2 && sizeof(kModes) == W_MODE_COUNT + 2 &&
                  sizeof(kAudits) == W_AUDIT_COUNT + 2 && sizeof(kMeasures) == W_MEASURE_COUNT + 2,
              "each value of each enum, and two beyond it");

/// Boot times at which 64-bit comparisons go wrong if they go wrong: near zero, where the sign bit
/// changes, near the end. Two below and two above must exist.
inline constexpr std::uint64_t kNows[] = {1'000'000'000'000, 2, std::uint64_t{1} << 63,
                                          ~std::uint64_t{0} - 2};

/// A value with room on both sides in an enum-free field: no known bit, the lowest and highest
/// unknown one.
inline constexpr std::uint32_t kUnknownFacts[] = {0, W_FACT_ALL + 1, 0x80000000u};

struct Window {
  std::uint64_t not_before;
  std::uint64_t not_after;
};

/// Where `now` can stand to a window: before, at its start, inside, at its end, after; then empty,
/// inverted, never and always.
inline std::vector<Window> windows(std::uint64_t now) {
  return {{now + 1, now + 2}, {now, now + 1},     {now - 1, now + 1},
          {now - 1, now},     {now - 2, now - 1}, {now, now},
          {now + 1, now - 1}, {W_NEVER, W_NEVER}, {W_NEVER, W_FOREVER}};
}

/// Open, open to the last nanosecond, just closed, long closed, never open.
inline std::vector<std::uint64_t> leases(std::uint64_t now) {
  return {W_FOREVER, now + 1, now, now - 1, W_NEVER};
}

/// A grant of everything, valid and with an open lease: what other grants are departures from.
inline w_candidate good_grant(std::uint64_t now) {
  return {now - 1, now + 1, now + 1, 7, W_SCOPE_HOST, W_ACTION_ALL, 0};
}

/// No flag, each alone, each pair, and an unknown one.
inline std::vector<std::uint32_t> flag_pairs() {
  std::vector<std::uint32_t> flags = {0, W_CANDIDATE_ALL + 1, 0x80000000u};
  for (std::uint32_t a = 1; a <= W_CANDIDATE_ALL; a <<= 1)
    for (std::uint32_t b = a; b <= W_CANDIDATE_ALL; b <<= 1)
      flags.push_back(a | b);
  return flags;
}

inline std::vector<w_candidate> grants_of(std::uint64_t now,
                                          const std::vector<std::uint32_t> &actions,
                                          const std::vector<std::uint32_t> &flags,
                                          const std::vector<Window> &windows,
                                          const std::vector<std::uint64_t> &leases) {
  std::vector<w_candidate> grants;
  for (const std::uint32_t artifact : {7u, 0u})
    for (const auto action : actions)
      for (const auto flag : flags)
        for (const auto &window : windows)
          for (const auto lease : leases) {
            auto grant = good_grant(now);
            grant.artifact = artifact;
            grant.actions = action;
            grant.flags = flag;
            grant.not_before = window.not_before;
            grant.not_after = window.not_after;
            grant.lease_until = lease;
            grants.push_back(grant);
          }
  return grants;
}

/// Every kind of single grant: all flags at once too, all actions that matter, known and unknown.
inline std::vector<w_candidate> single_grants(std::uint64_t now) {
  std::vector<std::uint32_t> flags = {0x80000000u};
  for (std::uint32_t flag = 0; flag <= 2 * W_CANDIDATE_ALL + 1; flag++)
    flags.push_back(flag);
  const std::vector<std::uint32_t> actions = {W_ACTION_ALL,
                                              W_ACTION_EXEC,
                                              W_ACTION_MAP,
                                              W_ACTION_INTERPRET,
                                              W_ACTION_LOAD,
                                              W_ACTION_SCRIPT,
                                              W_ACTION_SCRIPT | W_ACTION_MAP,
                                              W_ACTION_ALL & ~W_ACTION_EXEC,
                                              W_ACTION_ALL & ~W_ACTION_MAP,
                                              W_ACTION_ALL & ~W_ACTION_INTERPRET,
                                              W_ACTION_ALL & ~W_ACTION_LOAD,
                                              ~(W_ACTION_ALL | W_ACTION_SCRIPT),
                                              0};
  return grants_of(now, actions, flags, windows(now), leases(now));
}

/// The kinds of grant that are combined in pairs.
inline std::vector<w_candidate> paired_grants(std::uint64_t now) {
  const auto all = windows(now);
  const auto lease = leases(now);
  return grants_of(now, {W_ACTION_EXEC, W_ACTION_MAP | W_ACTION_SCRIPT}, flag_pairs(),
                   {all.begin(), all.begin() + 5}, {lease.begin() + 1, lease.begin() + 4});
}

/// One grant for each reason that a grant can have, in the order of the reasons; last, one that
/// authorizes only because it is for recovery, and one that plainly authorizes.
inline std::vector<w_candidate> grant_per_reason(std::uint64_t now) {
  const auto good = good_grant(now);
  std::vector<w_candidate> grants;
  const auto add = [&](auto change) {
    grants.push_back(good);
    change(grants.back());
  };
  add([](auto &g) { g.artifact = 0; });
  add([](auto &g) { g.actions = W_ACTION_SCRIPT; });
  add([](auto &g) { g.flags = W_CANDIDATE_POLICY_MISMATCH; });
  add([](auto &g) { g.flags = W_CANDIDATE_IDENTITY_MISMATCH; });
  add([](auto &g) { g.flags = W_CANDIDATE_REVOKED; });
  add([](auto &g) { g.flags = W_CANDIDATE_LINEAGE_BROKEN; });
  add([&](auto &g) { g.not_before = now + 1; });
  add([&](auto &g) { g.not_after = now; });
  add([](auto &g) { g.flags = W_CANDIDATE_USED_UP; });
  add([&](auto &g) { g.lease_until = now; });
  add([&](auto &g) {
    g.lease_until = now;
    g.flags = W_CANDIDATE_RECOVERY;
  });
  add([](auto &) {});
  return grants;
}

/// Facts that are understood and speak against nothing; whether they are allowed is up to the
/// grants.
inline w_facts plain_facts(std::uint8_t request, std::uint64_t now) {
  w_facts facts{};
  facts.now = now;
  facts.request = request;
  facts.mode = W_MODE_ENFORCE;
  facts.audit = W_AUDIT_REQUIRED;
  facts.measure = W_MEASURE_CACHED;
  if (request == W_REQUEST_LOAD)
    facts.object = W_OBJECT_MODULE;
  if (request == W_REQUEST_TOUCH)
    facts.object = W_OBJECT_PIN;
  return facts;
}

inline void set_grants(w_facts &facts, std::initializer_list<w_candidate> grants) {
  facts.candidate_count = 0;
  for (const auto &grant : grants)
    facts.candidates[facts.candidate_count++] = grant;
}

/// The facts as one line, for whoever has to find out what went wrong.
std::string describe(const w_facts &facts);
std::string describe(w_decision decision);
const char *reason_text(unsigned reason);

} // namespace warrant::domain
