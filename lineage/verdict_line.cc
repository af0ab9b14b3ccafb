// SPDX-License-Identifier: Apache-2.0
#include "lineage/verdict_line.h"

#include "lineage/line_cursor.h"
#include "lineage/record.h"

namespace warrant {
namespace {

// Of a value in a record; those that there are need three.
constexpr unsigned kLevels = 8;

template <class T>
bool read_number(LineCursor &in, T &out) {
  uint64_t value = 0;
  const bool good = in.number(static_cast<T>(~T{0}), value);
  out = static_cast<T>(value);
  return good;
}

bool read_candidate(LineCursor &in, w_candidate &out) {
  uint64_t lease = 0;
  uint64_t after = 0;
  uint64_t before = 0;
  const bool good = in.take("{\"actions\":") && in.bits(action_names(), out.actions) &&
                    in.take(",\"artifact\":") && read_number(in, out.artifact) &&
                    in.take(",\"flags\":") && in.bits(candidate_names(), out.flags) &&
                    in.take(",\"leaseUntil\":") && in.wide(lease) && in.take(",\"notAfter\":") &&
                    in.wide(after) && in.take(",\"notBefore\":") && in.wide(before) &&
                    in.take(",\"scope\":") && read_number(in, out.scope) && in.take('}');
  out.lease_until = lease;
  out.not_after = after;
  out.not_before = before;
  return good;
}

// Just as many as candidateCount says: beyond them the kernel sends none.
bool read_candidates(LineCursor &in, w_facts &out) {
  if (out.candidate_count > W_MAX_CANDIDATES || !in.take('['))
    return false;
  for (uint32_t i = 0; i < out.candidate_count; i++)
    if ((i > 0 && !in.take(',')) || !read_candidate(in, out.candidates[i]))
      return false;
  return in.take(']');
}

bool read_facts(LineCursor &in, w_facts &out) {
  uint64_t generation = 0;
  uint64_t now = 0;
  const bool good =
      in.take("{\"audit\":") && in.word(kAuditWords, out.audit) &&
      in.take(",\"candidateCount\":") && read_number(in, out.candidate_count) &&
      in.take(",\"candidates\":") && read_candidates(in, out) && in.take(",\"chain\":") &&
      read_number(in, out.chain) && in.take(",\"digest\":") && in.hex(out.digest) &&
      in.take(",\"digestKind\":") && in.word(kDigestKindWords, out.digest_kind) &&
      in.take(",\"flags\":") && in.bits(fact_names(), out.flags) && in.take(",\"generation\":") &&
      in.wide(generation) && in.take(",\"hook\":") && in.word(kHookWords, out.hook) &&
      in.take(",\"measure\":") && in.word(kMeasureWords, out.measure) && in.take(",\"mode\":") &&
      in.word(kModeWords, out.mode) && in.take(",\"now\":") && in.wide(now) &&
      in.take(",\"object\":") && in.word(kObjectWords, out.object) && in.take(",\"request\":") &&
      in.word(kRequestWords, out.request) && in.take('}');
  out.generation = generation;
  out.now = now;
  return good;
}

bool read_decision(LineCursor &in, w_decision &out) {
  return in.take("{\"candidate\":") && read_number(in, out.candidate) &&
         in.take(",\"enforced\":") && read_number(in, out.enforced) && in.take(",\"reason\":") &&
         in.word(kReasonWords, out.reason) && in.take(",\"verdict\":") &&
         in.word(kVerdictWords, out.verdict) && in.take('}');
}

/// Members of both types that are only passed over, and what a value of theirs begins with.
/// `artifact` is the one that may be missing.
struct Passed {
  std::string_view name;
  char begins;
};
constexpr Passed kPassed[] = {{"artifact", '{'}, {"boot", '"'}, {"boottime", '"'}, {"exec", '"'},
                              {"file", '{'},     {"host", '"'}, {"policy", '"'},   {"process", '{'},
                              {"sequence", '"'}, {"task", '{'}, {"time", '"'}};
constexpr size_t kOfCommit = 8;    ///< of them, without artifact
constexpr size_t kOfDecision = 10; ///< with exec and policy

struct Seen {
  size_t passed = 0;
  size_t of_decision = 0; ///< exec, policy
  bool facts = false;
  bool decision = false;
  std::string_view type;
  uint64_t version = 0;
};

bool read_member(LineCursor &in, std::string_view name, Seen &seen, VerdictLine &out) {
  if (name == "facts")
    return seen.facts = read_facts(in, out.facts);
  if (name == "decision")
    return seen.decision = read_decision(in, out.decision);
  if (name == "id")
    return in.string(out.id);
  if (name == "type")
    return in.string(seen.type);
  if (name == "v")
    return in.number(kRecordVersion, seen.version);
  for (const Passed &member : kPassed) {
    if (member.name != name)
      continue;
    seen.passed += name == "artifact" ? 0 : 1;
    seen.of_decision += name == "exec" || name == "policy" ? 1 : 0;
    return in.is_at(member.begins) && in.skip(kLevels);
  }
  return false;
}

} // namespace

bool read_verdict_line(std::string_view line, VerdictLine &out) {
  LineCursor in(line);
  Seen seen;
  std::string_view last;
  if (line.size() > kMaxRecordSize || !in.take('{'))
    return false;
  do {
    std::string_view name;
    if (!in.string(name) || name <= last || !in.take(':') || !read_member(in, name, seen, out))
      return false;
    last = name;
  } while (in.take(','));
  if (!in.take('}') || !in.is_at_end() || out.id.empty() || seen.version == 0)
    return false;
  out.is_decision = seen.type == "decision";
  if (out.is_decision)
    return seen.facts && seen.decision && seen.passed == kOfDecision;
  return seen.type == "commit" && !seen.facts && !seen.decision && seen.of_decision == 0 &&
         seen.passed == kOfCommit;
}

} // namespace warrant
