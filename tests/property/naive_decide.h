// SPDX-License-Identifier: Apache-2.0
// The decision once more, deliberately naive: a list of objections, each written from the words of
// bpf/abi.h and of docs/architecture.md ("What decide() asks"), each judged alone. Nothing is
// shared with bpf/decide.h, not even the masks of known bits, so that an error there is not
// repeated here.
#pragma once
#include <algorithm>
#include <bitset>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

#include "bpf/abi.h"

namespace warrant::naive {

inline bool is_one_of(unsigned value, std::initializer_list<unsigned> list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

inline bool has(const w_facts &facts, w_fact fact) {
  return (facts.flags & fact) != 0;
}
inline bool has(const w_candidate &grant, w_candidate_flag flag) {
  return (grant.flags & flag) != 0;
}
inline bool is_exec(const w_facts &facts) {
  return facts.request == W_REQUEST_EXEC;
}
inline bool is_map(const w_facts &facts) {
  return facts.request == W_REQUEST_MAP;
}
inline bool is_write(const w_facts &facts) {
  return facts.request == W_REQUEST_WRITE;
}
inline bool is_check(const w_facts &facts) {
  return facts.request == W_REQUEST_CHECK;
}
inline bool is_read(const w_facts &facts) {
  return facts.request == W_REQUEST_READ;
}
inline bool is_load(const w_facts &facts) {
  return facts.request == W_REQUEST_LOAD;
}
inline bool is_touch(const w_facts &facts) {
  return facts.request == W_REQUEST_TOUCH;
}

// The objects by what lets them be, written out: nothing here is taken from the list in abi.h.
inline bool is_enforcement(const w_facts &facts) {
  return is_one_of(facts.object, {W_OBJECT_PIN, W_OBJECT_MOUNT, W_OBJECT_MAP, W_OBJECT_PROGRAM,
                                  W_OBJECT_ADMINISTRATOR, W_OBJECT_FTRACE, W_OBJECT_IMA});
}
inline bool is_memory(const w_facts &facts) {
  return is_one_of(facts.object,
                   {W_OBJECT_PROCESS_MEMORY, W_OBJECT_USERFAULT, W_OBJECT_READ_IMPLIES_EXEC});
}
inline bool is_door(const w_facts &facts) {
  return is_one_of(facts.object,
                   {W_OBJECT_PTRACE, W_OBJECT_BPF, W_OBJECT_TRACING, W_OBJECT_KERNEL_MEMORY,
                    W_OBJECT_BLOCK_DEVICE, W_OBJECT_BINFMT, W_OBJECT_OWN_BINFMT});
}
inline bool is_kernel_code(const w_facts &facts) {
  return is_one_of(facts.object, {W_OBJECT_MODULE, W_OBJECT_FIRMWARE, W_OBJECT_KEXEC});
}

// A module that the policy lets everybody load is nobody's business any more.
inline bool is_let_in(const w_facts &facts) {
  return is_load(facts) && has(facts, W_FACT_PERMITTED);
}

inline std::uint32_t known_facts() {
  std::uint32_t known = 0;
#define W_ADD(name, bit, text) known |= bit;
  W_FACTS(W_ADD)
  return known;
}

inline std::uint32_t known_grant_flags() {
  std::uint32_t known = 0;
  W_CANDIDATES(W_ADD)
#undef W_ADD
  return known;
}

// Whether the content of a file is about to become code, so that it must be known and stay still.
inline bool runs_file(const w_facts &facts) {
  return is_exec(facts) || is_check(facts) || is_read(facts) ||
         (is_load(facts) && !is_let_in(facts)) || (is_map(facts) && !has(facts, W_FACT_ANONYMOUS));
}

// The image that a task was let exec needs no second grant to be mapped by that task.
inline bool needs_grant(const w_facts &facts) {
  return runs_file(facts) && !(is_map(facts) && has(facts, W_FACT_OWN_IMAGE));
}

inline bool is_script_only(const w_candidate &grant) {
  return (grant.actions & W_ACTION_SCRIPT) != 0;
}

// What is executed directly needs exec; the interpreter of a script may be granted for that only,
// if nobody but the script tells it what to do. Reading is less than mapping.
inline bool grants_action(const w_candidate &grant, const w_facts &facts) {
  const auto has_action = [&](std::uint32_t action) {
    return (grant.actions | action) == grant.actions;
  };
  if (is_map(facts))
    return has_action(W_ACTION_MAP);
  if (is_read(facts))
    return has_action(W_ACTION_INTERPRET) || has_action(W_ACTION_MAP);
  if (is_load(facts))
    return has_action(W_ACTION_LOAD);
  return has_action(W_ACTION_EXEC) ||
         (facts.chain > 0 && !has(facts, W_FACT_STEERED) && has_action(W_ACTION_SCRIPT));
}

// All that stands between a grant and the request, in no particular order; empty: it authorizes.
inline std::bitset<W_REASON_COUNT> obstacles(const w_candidate &grant, const w_facts &facts) {
  std::bitset<W_REASON_COUNT> found;
  // A lease is open up to its end, exclusive; only a recovery artifact survives a lost one.
  if (!(facts.now < grant.lease_until) && !has(grant, W_CANDIDATE_RECOVERY))
    found.set(W_REASON_ENVIRONMENT_FAILURE);
  if (has(grant, W_CANDIDATE_USED_UP))
    found.set(W_REASON_REPLAY);
  // Valid from not_before, inclusive, up to not_after, exclusive.
  if (!(facts.now < grant.not_after))
    found.set(W_REASON_EXPIRED);
  if (!(grant.not_before <= facts.now))
    found.set(W_REASON_NOT_YET_VALID);
  if (has(grant, W_CANDIDATE_LINEAGE_BROKEN))
    found.set(W_REASON_LINEAGE_DISCONTINUITY);
  if (has(grant, W_CANDIDATE_REVOKED))
    found.set(W_REASON_REVOKED);
  if (has(grant, W_CANDIDATE_IDENTITY_MISMATCH))
    found.set(W_REASON_IDENTITY_MISMATCH);
  if (has(grant, W_CANDIDATE_POLICY_MISMATCH))
    found.set(W_REASON_POLICY_MISMATCH);
  // Artifact 0 is invalid, an unknown flag is not understood, another action was not granted: what
  // cannot be read as a grant of this action is no grant of it.
  if (grant.artifact == 0 || (grant.flags | known_grant_flags()) != known_grant_flags() ||
      (!grants_action(grant, facts) && !is_script_only(grant)))
    found.set(W_REASON_MISSING);
  // What may only be the interpreter of a script was come to in another way.
  if (!grants_action(grant, facts) && is_script_only(grant))
    found.set(W_REASON_ENTRY);
  return found;
}

// The largest reason is nearest to success, so the smallest is the first wall that a grant hits.
inline std::optional<w_reason> first_wall(const w_candidate &grant, const w_facts &facts) {
  const auto found = obstacles(grant, facts);
  for (unsigned reason = 0; reason < W_REASON_COUNT; reason++)
    if (found.test(reason))
      return static_cast<w_reason>(reason);
  return std::nullopt;
}

inline std::vector<std::optional<w_reason>> walls(const w_facts &facts) {
  std::vector<std::optional<w_reason>> found;
  found.reserve(W_MAX_CANDIDATES);
  for (std::uint32_t i = 0; i < facts.candidate_count; i++)
    found.push_back(first_wall(facts.candidates[i], facts));
  return found;
}

// What the grants come to: which one speaks for the request, and why it fails if it does.
struct GrantsRuling {
  std::optional<w_reason> failure;
  std::uint8_t grant = W_NO_CANDIDATE;
};

inline GrantsRuling judge_grants(const w_facts &facts) {
  const auto found = walls(facts);
  const auto valid = std::find(found.begin(), found.end(), std::nullopt);
  if (valid != found.end())
    return {std::nullopt, static_cast<std::uint8_t>(valid - found.begin())};
  const auto best = std::max_element(found.begin(), found.end());
  if (best != found.end() && **best != W_REASON_MISSING)
    return {*best, static_cast<std::uint8_t>(best - found.begin())};
  // No grant of the action in any scope of the caller. The facts about the name tell why.
  if (found.empty() && has(facts, W_FACT_NAMED))
    return {W_REASON_IDENTITY_MISMATCH};
  if (has(facts, W_FACT_WAS_NAMED) && !has(facts, W_FACT_NAMED))
    return {W_REASON_CONTENT_MISMATCH};
  return {W_REASON_MISSING};
}

struct Objection {
  w_reason reason;
  bool (*holds)(const w_facts &);
};

// Reasons not to understand or not to trust the facts at all.
inline const std::vector<Objection> &objections_to_facts() {
  static const std::vector<Objection> list = {
      {W_REASON_NOT_READY,
       [](const w_facts &f) {
         return !is_one_of(f.mode, {W_MODE_ENFORCE, W_MODE_OBSERVE});
       }},
      {W_REASON_NOT_READY,
       [](const w_facts &f) {
         return !is_one_of(f.audit, {W_AUDIT_OPTIONAL, W_AUDIT_REQUIRED, W_AUDIT_UNAVAILABLE});
       }},
      {W_REASON_NOT_READY,
       [](const w_facts &f) {
         return !is_exec(f) && !is_map(f) && !is_write(f) && !is_check(f) && !is_read(f) &&
                !is_load(f) && !is_touch(f);
       }},
      // An object is for a request to touch or to load it, and for no other.
      {W_REASON_NOT_READY,
       [](const w_facts &f) {
         if (is_load(f))
           return !is_kernel_code(f);
         if (is_touch(f))
           return !is_enforcement(f) && !is_memory(f) && !is_door(f);
         return f.object != W_OBJECT_NONE;
       }},
      {W_REASON_NOT_READY, [](const w_facts &f) { return f.candidate_count > W_MAX_CANDIDATES; }},
      {W_REASON_NOT_READY,
       [](const w_facts &f) { return (f.flags | known_facts()) != known_facts(); }},
      {W_REASON_NOT_READY, [](const w_facts &f) { return has(f, W_FACT_NO_CONTEXT); }},
      {W_REASON_NOT_READY, [](const w_facts &f) { return has(f, W_FACT_RACED); }},
  };
  return list;
}

// What the right to administer opens, by object: always, in the end, or with the right to update.
inline bool is_administered(const w_facts &f) {
  if (!is_touch(f) || !has(f, W_FACT_ADMINISTER))
    return false;
  switch (f.object) {
    case W_OBJECT_MAP:
    case W_OBJECT_PROGRAM:
      return true;
    case W_OBJECT_PIN:
      return has(f, W_FACT_ENDING);
    case W_OBJECT_BPF:
      return false;
    default:
      return has(f, W_FACT_UPDATE);
  }
}

// Reasons not to let the content be written, mapped or run, whoever grants it.
inline const std::vector<Objection> &objections_to_content() {
  static const std::vector<Objection> list = {
      // Authorized code is immutable while authorized or mapped, unless the writer may update.
      {W_REASON_WRITE_CONFLICT,
       [](const w_facts &f) {
         return is_write(f) && (has(f, W_FACT_NAMED) || has(f, W_FACT_MAPPED)) &&
                !has(f, W_FACT_UPDATE);
       }},
      // Enforcement is touched by nobody but who administers it.
      {W_REASON_PROTECTED,
       [](const w_facts &f) { return is_touch(f) && is_enforcement(f) && !is_administered(f); }},
      // A door is open to whom the policy opens it, and to who administers.
      {W_REASON_PROTECTED,
       [](const w_facts &f) {
         return is_touch(f) && is_door(f) && !is_administered(f) && !has(f, W_FACT_PERMITTED);
       }},
      // Not even who administers loads programs beside those that are attached, and nothing opens
      // that door to him.
      {W_REASON_PROTECTED,
       [](const w_facts &f) {
         return is_touch(f) && f.object == W_OBJECT_BPF && has(f, W_FACT_ADMINISTER);
       }},
      // Memory, besides, to those with jit.
      {W_REASON_PROTECTED,
       [](const w_facts &f) {
         return is_touch(f) && is_memory(f) && !is_administered(f) && !has(f, W_FACT_PERMITTED) &&
                !has(f, W_FACT_JIT);
       }},
      // Memory that is writable and executable at once, unless the artifact has jit.
      {W_REASON_WRITE_CONFLICT,
       [](const w_facts &f) {
         return is_map(f) && has(f, W_FACT_WRITABLE) && !has(f, W_FACT_JIT);
       }},
      // Code of which a private copy was written to, unless the artifact has jit.
      {W_REASON_WRITE_CONFLICT,
       [](const w_facts &f) {
         return is_map(f) && has(f, W_FACT_MODIFIED) && !has(f, W_FACT_JIT);
       }},
      // Without a file there is nothing to measure.
      {W_REASON_UNMEASURABLE,
       [](const w_facts &f) {
         return is_map(f) && has(f, W_FACT_ANONYMOUS) && !has(f, W_FACT_JIT);
       }},
      // A file that is open for writing may change under whoever runs it.
      {W_REASON_WRITE_CONFLICT,
       [](const w_facts &f) { return runs_file(f) && has(f, W_FACT_WRITERS); }},
      // Any measuring error is unmeasurable.
      {W_REASON_UNMEASURABLE,
       [](const w_facts &f) {
         return runs_file(f) &&
                !is_one_of(f.measure, {W_MEASURE_CACHED, W_MEASURE_VERITY, W_MEASURE_IMA});
       }},
  };
  return list;
}

inline std::optional<w_reason> first_objection(const std::vector<Objection> &list,
                                               const w_facts &facts) {
  for (const auto &objection : list)
    if (objection.holds(facts))
      return objection.reason;
  return std::nullopt;
}

inline w_decision allowed(w_reason reason, std::uint8_t grant) {
  return {W_ALLOW, static_cast<std::uint8_t>(reason), grant, 0};
}

// Observe mode is stated by policy and changes only the errno.
inline w_decision denied(const w_facts &facts, w_reason reason, std::uint8_t grant) {
  const bool observed = facts.mode == W_MODE_OBSERVE;
  return {W_DENY, static_cast<std::uint8_t>(reason), grant,
          static_cast<std::uint8_t>(observed ? 0 : 1)};
}

inline w_decision decide(const w_facts &facts) {
  if (const auto reason = first_objection(objections_to_facts(), facts))
    return denied(facts, *reason, W_NO_CANDIDATE);
  if (const auto reason = first_objection(objections_to_content(), facts))
    return denied(facts, *reason, W_NO_CANDIDATE);

  const auto grants = needs_grant(facts) ? judge_grants(facts) : GrantsRuling{};
  if (grants.failure)
    return denied(facts, *grants.failure, grants.grant);
  // What runs unrecorded, though the policy requires a record, does not run. Writing and touching
  // run nothing.
  if (!is_write(facts) && !is_touch(facts) && facts.audit == W_AUDIT_UNAVAILABLE)
    return denied(facts, W_REASON_AUDIT_UNAVAILABLE, grants.grant);
  if (is_write(facts) && !has(facts, W_FACT_NAMED) && !has(facts, W_FACT_MAPPED))
    return allowed(W_REASON_NOT_GOVERNED, W_NO_CANDIDATE);
  if (is_let_in(facts))
    return allowed(W_REASON_NOT_GOVERNED, W_NO_CANDIDATE);
  // Who administers is authorized, whatever the policy opens to all.
  if (is_touch(facts) && has(facts, W_FACT_PERMITTED) && !is_administered(facts))
    return allowed(W_REASON_NOT_GOVERNED, W_NO_CANDIDATE);
  return allowed(W_REASON_AUTHORIZED, grants.grant);
}

} // namespace warrant::naive
