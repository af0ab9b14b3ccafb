// SPDX-License-Identifier: Apache-2.0
#include "tests/property/decide_invariants.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "tests/property/decide_subject.h"

namespace warrant {
namespace {

bool same(w_decision a, w_decision b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

bool same_verdict_and_reason(w_decision a, w_decision b) {
  return a.verdict == b.verdict && a.reason == b.reason;
}

bool allows(const w_facts &facts) {
  return subject_decide(facts).verdict == W_ALLOW;
}

// How many grants the decision may look at: none when there are more than fit.
std::uint32_t grants_in(const w_facts &facts) {
  return facts.candidate_count <= W_MAX_CANDIDATES ? facts.candidate_count : 0;
}

bool is_not_ready(const w_facts &facts) {
  const auto decision = subject_decide(facts);
  return decision.verdict == W_DENY && decision.reason == W_REASON_NOT_READY &&
         decision.candidate == W_NO_CANDIDATE;
}

// Whether facts, once changed, are no closer to being allowed: a denial stays a denial.
template <typename Change>
bool never_helps(const w_facts &facts, Change change) {
  auto changed = facts;
  change(changed);
  return allows(facts) || !allows(changed);
}

template <typename Change>
bool changes_nothing(const w_facts &facts, Change change) {
  auto changed = facts;
  change(changed);
  return same(subject_decide(changed), subject_decide(facts));
}

w_facts without_grant(const w_facts &facts, std::uint32_t which) {
  auto fewer = facts;
  std::copy(facts.candidates + which + 1, facts.candidates + facts.candidate_count,
            fewer.candidates + which);
  fewer.candidate_count--;
  return fewer;
}

w_facts with_grant(const w_facts &facts, const w_candidate &grant) {
  auto more = facts;
  more.candidates[more.candidate_count++] = grant;
  return more;
}

w_facts with_only_grant(const w_facts &facts, std::uint32_t which) {
  auto alone = facts;
  alone.candidates[0] = facts.candidates[which];
  alone.candidate_count = 1;
  return alone;
}

bool is_well_formed(const w_facts &facts) {
  const auto decision = subject_decide(facts);
  const bool reason_allows =
      decision.reason == W_REASON_AUTHORIZED || decision.reason == W_REASON_NOT_GOVERNED;
  return (decision.verdict == W_ALLOW || decision.verdict == W_DENY) &&
         decision.reason != W_REASON_INVALID && decision.reason < W_REASON_COUNT &&
         reason_allows == (decision.verdict == W_ALLOW) && decision.enforced <= 1 &&
         (decision.candidate == W_NO_CANDIDATE || decision.candidate < grants_in(facts));
}

bool is_pure(const w_facts &facts) {
  const auto before = facts;
  const auto first = subject_decide(facts);
  return same(first, subject_decide(facts)) && std::memcmp(&before, &facts, sizeof facts) == 0;
}

bool the_room_does_not_matter(const w_facts &facts) {
  const auto decision = subject_decide(facts);
  for (const unsigned fill : {0u, 1u, 0xa5u, 0xffu}) {
    w_decision room;
    std::memset(&room, static_cast<int>(fill), sizeof room);
    if (!same(subject_decide_in(facts, room), decision))
      return false;
  }
  return true;
}

bool is_code_file(const w_facts &facts) {
  if (facts.request == W_REQUEST_MAP)
    return !(facts.flags & W_FACT_ANONYMOUS);
  if (facts.request == W_REQUEST_LOAD)
    return !(facts.flags & W_FACT_PERMITTED);
  return facts.request == W_REQUEST_EXEC || facts.request == W_REQUEST_CHECK ||
         facts.request == W_REQUEST_READ;
}

// One of the actions that will do for the request.
std::uint32_t actions_for(const w_facts &facts) {
  switch (facts.request) {
    case W_REQUEST_MAP:
      return W_ACTION_MAP;
    case W_REQUEST_READ:
      return W_ACTION_INTERPRET | W_ACTION_MAP;
    case W_REQUEST_LOAD:
      return W_ACTION_LOAD;
    default:
      return facts.chain && !(facts.flags & W_FACT_STEERED) ? W_ACTION_EXEC | W_ACTION_SCRIPT
                                                            : W_ACTION_EXEC;
  }
}

bool is_good(const w_candidate &grant, std::uint32_t actions, std::uint64_t now) {
  const bool leased = now < grant.lease_until || grant.flags == W_CANDIDATE_RECOVERY;
  return grant.artifact != 0 && (grant.actions & actions) != 0 &&
         (grant.flags == 0 || grant.flags == W_CANDIDATE_RECOVERY) && grant.not_before <= now &&
         now < grant.not_after && leased;
}

// What must be true of whatever is allowed: necessary, said once more without any order.
bool nothing_is_allowed_without_a_warrant(const w_facts &facts) {
  const auto decision = subject_decide(facts);
  if (decision.verdict != W_ALLOW)
    return true;
  const auto has = [&](std::uint32_t bits) { return (facts.flags & bits) != 0; };
  if (facts.request == W_REQUEST_WRITE)
    return !has(W_FACT_NAMED | W_FACT_MAPPED) || has(W_FACT_UPDATE);
  if (facts.request == W_REQUEST_TOUCH && has(W_FACT_ADMINISTER) && facts.object == W_OBJECT_PIN)
    return has(W_FACT_ENDING);
  if (facts.request == W_REQUEST_TOUCH && has(W_FACT_ADMINISTER))
    return facts.object != W_OBJECT_BPF &&
           (facts.object == W_OBJECT_MAP || facts.object == W_OBJECT_PROGRAM ||
            has(W_FACT_UPDATE | W_FACT_PERMITTED | W_FACT_JIT));
  if (facts.request == W_REQUEST_TOUCH)
    return facts.object > W_OBJECT_FTRACE && has(W_FACT_PERMITTED | W_FACT_JIT);
  if (facts.audit == W_AUDIT_UNAVAILABLE)
    return false;
  const bool is_map = facts.request == W_REQUEST_MAP;
  if (is_map && has(W_FACT_WRITABLE | W_FACT_MODIFIED | W_FACT_ANONYMOUS) && !has(W_FACT_JIT))
    return false;
  if (!is_code_file(facts))
    return true;
  if (has(W_FACT_WRITERS) || facts.measure < W_MEASURE_CACHED || facts.measure > W_MEASURE_IMA)
    return false;
  if (is_map && has(W_FACT_OWN_IMAGE))
    return true;
  return decision.candidate < grants_in(facts) &&
         is_good(facts.candidates[decision.candidate], actions_for(facts), facts.now);
}

bool unknown_values_deny(const w_facts &facts, std::uint8_t w_facts::*field, unsigned count) {
  for (const unsigned value : {0u, count, 255u}) {
    auto changed = facts;
    changed.*field = static_cast<std::uint8_t>(value);
    if (!is_not_ready(changed))
      return false;
  }
  return true;
}

bool unknown_objects_deny(const w_facts &facts) {
  for (const unsigned object : {W_OBJECT_COUNT + 0u, 32u, 64u, 255u}) {
    auto changed = facts;
    changed.object = static_cast<std::uint8_t>(object);
    if (!is_not_ready(changed))
      return false;
  }
  return true;
}

// The same grant for an interpreter that a script leads to is worth at least as much.
bool a_script_never_hurts(const w_facts &facts) {
  auto direct = facts, through = facts;
  direct.chain = 0;
  through.chain = 1;
  return !allows(direct) || allows(through);
}

bool unknown_enums_deny(const w_facts &facts) {
  for (const unsigned measure : {0u, W_MEASURE_COUNT + 0u, 255u}) {
    auto changed = facts;
    changed.measure = static_cast<std::uint8_t>(measure);
    if (is_code_file(facts) && allows(changed))
      return false;
  }
  return unknown_values_deny(facts, &w_facts::request, W_REQUEST_COUNT) &&
         unknown_values_deny(facts, &w_facts::mode, W_MODE_COUNT) &&
         unknown_values_deny(facts, &w_facts::audit, W_AUDIT_COUNT);
}

bool unknown_bits_deny(const w_facts &facts) {
  for (std::uint32_t bit = W_FACT_ALL + 1; bit != 0; bit <<= 1) {
    auto changed = facts;
    changed.flags |= bit;
    if (!is_not_ready(changed))
      return false;
  }
  for (std::uint32_t i = 0; i < grants_in(facts); i++)
    for (const std::uint32_t bit : {W_CANDIDATE_ALL + 1, 0x80000000u})
      if (!never_helps(facts, [&](w_facts &f) { f.candidates[i].flags |= bit; }))
        return false;
  return true;
}

bool failures_deny(const w_facts &facts) {
  for (const auto bit : {W_FACT_NO_CONTEXT, W_FACT_RACED}) {
    auto changed = facts;
    changed.flags |= bit;
    if (!is_not_ready(changed))
      return false;
  }
  auto crowded = facts;
  crowded.candidate_count = W_MAX_CANDIDATES + 1;
  return is_not_ready(crowded);
}

bool observe_changes_only_enforced(const w_facts &facts) {
  auto enforcing = facts, observing = facts;
  enforcing.mode = W_MODE_ENFORCE;
  observing.mode = W_MODE_OBSERVE;
  const auto enforced = subject_decide(enforcing);
  auto expected = enforced;
  expected.enforced = 0;
  return same(subject_decide(observing), expected) &&
         enforced.enforced == (enforced.verdict == W_DENY);
}

bool errno_is_zero_only_when_let_go(const w_facts &facts) {
  const auto decision = subject_decide(facts);
  const bool let_go =
      decision.verdict == W_ALLOW || (decision.verdict == W_DENY && facts.mode == W_MODE_OBSERVE);
  return subject_errno(decision) == (let_go ? 0 : -1);
}

bool removing_a_grant_never_helps(const w_facts &facts) {
  for (std::uint32_t i = 0; i < grants_in(facts); i++)
    if (allows(without_grant(facts, i)) && !allows(facts))
      return false;
  return true;
}

bool adding_a_grant_never_hurts(const w_facts &facts) {
  const auto count = grants_in(facts);
  if (!allows(facts) || facts.candidate_count >= W_MAX_CANDIDATES)
    return true;
  if (!allows(with_grant(facts, w_candidate{})))
    return false;
  for (std::uint32_t i = 0; i < count; i++)
    if (!allows(with_grant(facts, facts.candidates[i])))
      return false;
  return true;
}

bool recovery_matters_only_for_the_lease(const w_facts &facts) {
  for (std::uint32_t i = 0; i < grants_in(facts); i++) {
    auto plain = facts, recovery = facts, leased = facts;
    plain.candidates[i].flags &= ~W_CANDIDATE_RECOVERY;
    recovery.candidates[i].flags |= W_CANDIDATE_RECOVERY;
    leased.candidates[i].flags &= ~W_CANDIDATE_RECOVERY;
    leased.candidates[i].lease_until = W_FOREVER;
    const bool is_open = facts.now < facts.candidates[i].lease_until;
    if (is_open && !same(subject_decide(plain), subject_decide(recovery)))
      return false;
    // Surviving a lost lease is being like one who still has it; W_FOREVER is open before itself.
    if (facts.now != W_FOREVER && !same(subject_decide(recovery), subject_decide(leased)))
      return false;
  }
  return true;
}

// Said of the grants alone, so the audit, which overrules them, is set to work.
bool the_nearest_grant_speaks(const w_facts &given) {
  auto facts = given;
  if (facts.audit == W_AUDIT_UNAVAILABLE)
    facts.audit = W_AUDIT_REQUIRED;
  const auto decision = subject_decide(facts);
  if (decision.candidate == W_NO_CANDIDATE)
    return true;
  const auto spoken = subject_decide(with_only_grant(facts, decision.candidate));
  if (!same_verdict_and_reason(spoken, decision))
    return false;
  for (std::uint32_t i = 0; i < grants_in(facts); i++) {
    const auto alone = subject_decide(with_only_grant(facts, i));
    if (decision.verdict == W_DENY && (alone.verdict == W_ALLOW || alone.reason > decision.reason))
      return false;
  }
  return true;
}

bool the_order_of_grants_does_not_matter(const w_facts &facts) {
  auto reversed = facts;
  std::reverse(reversed.candidates, reversed.candidates + grants_in(facts));
  return same_verdict_and_reason(subject_decide(reversed), subject_decide(facts));
}

bool bad_facts_never_help(const w_facts &facts) {
  for (const auto bit : {W_FACT_WRITERS, W_FACT_WRITABLE, W_FACT_MODIFIED, W_FACT_MAPPED,
                         W_FACT_NAMED, W_FACT_WAS_NAMED, W_FACT_STEERED})
    if (!never_helps(facts, [&](w_facts &f) { f.flags |= bit; }))
      return false;
  for (const auto bit :
       {W_FACT_JIT, W_FACT_UPDATE, W_FACT_OWN_IMAGE, W_FACT_ADMINISTER, W_FACT_PERMITTED})
    if (!never_helps(facts, [&](w_facts &f) { f.flags &= ~static_cast<std::uint32_t>(bit); }))
      return false;
  if (facts.audit != W_AUDIT_OPTIONAL && facts.audit != W_AUDIT_REQUIRED)
    return true;
  return never_helps(facts, [](w_facts &f) { f.audit = W_AUDIT_UNAVAILABLE; }) &&
         changes_nothing(facts, [](w_facts &f) { f.audit = W_AUDIT_OPTIONAL; });
}

bool bad_grant_facts_never_help(const w_facts &facts) {
  for (std::uint32_t i = 0; i < grants_in(facts); i++) {
    for (std::uint32_t bit = 1; bit <= W_CANDIDATE_ALL; bit <<= 1)
      if (bit != W_CANDIDATE_RECOVERY &&
          !never_helps(facts, [&](w_facts &f) { f.candidates[i].flags |= bit; }))
        return false;
    if (!never_helps(facts, [&](w_facts &f) { f.candidates[i].artifact = 0; }) ||
        !never_helps(facts, [&](w_facts &f) { f.candidates[i].actions = 0; }) ||
        !never_helps(facts, [&](w_facts &f) { f.candidates[i].not_after = f.now; }) ||
        !never_helps(facts, [&](w_facts &f) { f.candidates[i].lease_until = f.now; }) ||
        !never_helps(facts, [&](w_facts &f) { f.candidates[i] = {}; }))
      return false;
  }
  return true;
}

bool records_are_not_decided_on(const w_facts &facts) {
  return changes_nothing(facts, [](w_facts &f) {
    f.generation = ~f.generation;
    f.hook = static_cast<std::uint8_t>(~f.hook);
    f.digest_kind = static_cast<std::uint8_t>(~f.digest_kind);
    std::memset(f.digest, 0xa5, sizeof f.digest);
    for (auto &grant : f.candidates)
      grant.scope = ~grant.scope;
  });
}

bool grants_beyond_the_count_do_not_exist(const w_facts &facts) {
  return changes_nothing(facts, [](w_facts &f) {
    const w_candidate all = {W_NEVER, W_FOREVER, W_FOREVER, 1, W_SCOPE_HOST, W_ACTION_ALL, 0};
    std::fill(f.candidates + grants_in(f), std::end(f.candidates), all);
  });
}

} // namespace

const std::vector<Invariant> &decide_invariants() {
  static const std::vector<Invariant> list = {
      {"every bit pattern has a well-formed answer", is_well_formed},
      {"the decision is pure", is_pure},
      {"what lay in the scratch room does not matter", the_room_does_not_matter},
      {"nothing is allowed without a warrant", nothing_is_allowed_without_a_warrant},
      {"an unknown value of an enum denies", unknown_enums_deny},
      {"an unknown object denies", unknown_objects_deny},
      {"an interpreter is not worse off for its script", a_script_never_hurts},
      {"an unknown bit denies", unknown_bits_deny},
      {"a failure while gathering denies", failures_deny},
      {"observe changes the errno, never the decision", observe_changes_only_enforced},
      {"w_errno is 0 only for an allow or an observed denial", errno_is_zero_only_when_let_go},
      {"removing a grant never turns deny into allow", removing_a_grant_never_helps},
      {"adding a grant never turns allow into deny", adding_a_grant_never_hurts},
      {"recovery matters only for the lease", recovery_matters_only_for_the_lease},
      {"the grant that is named gives the reason, and none is nearer", the_nearest_grant_speaks},
      {"the order of grants changes neither verdict nor reason",
       the_order_of_grants_does_not_matter},
      {"a fact that speaks against the request never helps it", bad_facts_never_help},
      {"a fact that speaks against a grant never helps it", bad_grant_facts_never_help},
      {"fields for the record are not decided on", records_are_not_decided_on},
      {"grants beyond the count do not exist", grants_beyond_the_count_do_not_exist},
  };
  return list;
}

std::string_view broken_invariant(const w_facts &facts) {
  for (const auto &invariant : decide_invariants())
    if (!invariant.holds(facts))
      return invariant.words;
  return {};
}

} // namespace warrant
