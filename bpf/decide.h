/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only place where allow or deny is chosen. Pure: facts in, decision out; no helper, no map, no
 * clock, no libc. The BPF programs, the unit tests, the fuzzer and `warrant replay` include this
 * same file, so a verdict recomputed from recorded facts is the verdict.
 *
 * Total: every bit pattern of `struct w_facts` has an answer, and what is not understood is denied.
 */
#ifndef WARRANT_DECIDE_H
#define WARRANT_DECIDE_H

#include "abi.h"

#define W_DECIDE static inline __attribute__((always_inline))

W_DECIDE struct w_decision w_allow(__u8 reason, __u8 candidate) {
  struct w_decision decision = {W_ALLOW, reason, candidate, 0};
  return decision;
}

W_DECIDE struct w_decision w_deny(const struct w_facts *facts, __u8 reason, __u8 candidate) {
  /* Observe changes only the errno. An unknown mode enforces. */
  __u8 enforced = facts->mode != W_MODE_OBSERVE;
  struct w_decision decision = {W_DENY, reason, candidate, enforced};
  return decision;
}

/* Whether the digest is one that was taken while the content could not change. */
W_DECIDE int w_is_measured(__u8 measure) {
  return measure == W_MEASURE_CACHED || measure == W_MEASURE_VERITY || measure == W_MEASURE_IMA;
}

/*
 * An interpreter is entered through a script when it is not the file that was asked for, and
 * nothing but the script says what it runs. What may be mapped as code may be read, too.
 */
W_DECIDE __u32 w_wanted_actions(const struct w_facts *facts) {
  int is_entered_by_script = facts->chain != 0 && !(facts->flags & W_FACT_STEERED);

  if (facts->request == W_REQUEST_MAP)
    return W_ACTION_MAP;
  if (facts->request == W_REQUEST_READ)
    return W_ACTION_INTERPRET | W_ACTION_MAP;
  if (facts->request == W_REQUEST_LOAD)
    return W_ACTION_LOAD;
  return is_entered_by_script ? W_ACTION_EXEC | W_ACTION_SCRIPT : W_ACTION_EXEC;
}

/* Whether the object is of the class; 0 for what is no object. */
W_DECIDE int w_is_of_class(__u8 object, __u32 class_) {
  __u32 members = 0;

#define W_OBJECT_MEMBER(name, class, text) \
  members |= class_ == W_CLASS_##class ? W_OBJECT_BIT(W_OBJECT_##name) : 0;
  W_OBJECTS(W_OBJECT_MEMBER)
#undef W_OBJECT_MEMBER
  return object < W_OBJECT_COUNT && (members & W_OBJECT_BIT(object));
}

/*
 * Why this one grant does not authorize the action now, or W_REASON_AUTHORIZED. The checks stand in
 * the order of the reasons: who gets further is nearer to success.
 */
W_DECIDE __u8 w_judge_grant(const struct w_candidate *grant, __u32 actions, __u64 now) {
  if (grant->artifact == 0 || (grant->flags & ~W_CANDIDATE_ALL))
    return W_REASON_MISSING;
  if (!(grant->actions & actions))
    return grant->actions & W_ACTION_SCRIPT ? W_REASON_ENTRY : W_REASON_MISSING;
  if (grant->flags & W_CANDIDATE_POLICY_MISMATCH)
    return W_REASON_POLICY_MISMATCH;
  if (grant->flags & W_CANDIDATE_IDENTITY_MISMATCH)
    return W_REASON_IDENTITY_MISMATCH;
  if (grant->flags & W_CANDIDATE_REVOKED)
    return W_REASON_REVOKED;
  if (grant->flags & W_CANDIDATE_LINEAGE_BROKEN)
    return W_REASON_LINEAGE_DISCONTINUITY;
  if (now < grant->not_before)
    return W_REASON_NOT_YET_VALID;
  if (now >= grant->not_after)
    return W_REASON_EXPIRED;
  if (grant->flags & W_CANDIDATE_USED_UP)
    return W_REASON_REPLAY;
  if (now >= grant->lease_until && !(grant->flags & W_CANDIDATE_RECOVERY))
    return W_REASON_ENVIRONMENT_FAILURE;
  return W_REASON_AUTHORIZED;
}

/*
 * The verdict of the grants alone: the first that authorizes, else the reason nearest to success.
 * `best` is kept in memory, which in the programs is a map value: the kernel's verifier forgets
 * what was written there, and so need not follow every order of every reason (a million
 * instructions and refusal when it was a register).
 */
W_DECIDE struct w_decision w_judge_grants(const struct w_facts *facts, struct w_decision *room) {
  volatile struct w_decision *best = room;
  __u32 actions = w_wanted_actions(facts);

  best->reason = W_REASON_MISSING;
  best->candidate = W_NO_CANDIDATE;
  for (__u32 i = 0; i < W_MAX_CANDIDATES; i++) {
    if (i >= facts->candidate_count)
      break;
    __u8 reason = w_judge_grant(&facts->candidates[i], actions, facts->now);
    if (reason == W_REASON_AUTHORIZED)
      return w_allow(W_REASON_AUTHORIZED, (__u8)i);
    if (reason > best->reason) {
      best->reason = reason;
      best->candidate = (__u8)i;
    }
  }
  if (best->reason != W_REASON_MISSING)
    return w_deny(facts, best->reason, best->candidate);
  if (facts->candidate_count == 0 && (facts->flags & W_FACT_NAMED))
    return w_deny(facts, W_REASON_IDENTITY_MISMATCH, W_NO_CANDIDATE);
  if (!(facts->flags & W_FACT_NAMED) && (facts->flags & W_FACT_WAS_NAMED))
    return w_deny(facts, W_REASON_CONTENT_MISMATCH, W_NO_CANDIDATE);
  return w_deny(facts, W_REASON_MISSING, W_NO_CANDIDATE);
}

/* Authorized code is immutable while it is authorized or mapped. */
W_DECIDE struct w_decision w_judge_write(const struct w_facts *facts) {
  if (!(facts->flags & (W_FACT_NAMED | W_FACT_MAPPED)))
    return w_allow(W_REASON_NOT_GOVERNED, W_NO_CANDIDATE);
  if (facts->flags & W_FACT_UPDATE)
    return w_allow(W_REASON_AUTHORIZED, W_NO_CANDIDATE);
  return w_deny(facts, W_REASON_WRITE_CONFLICT, W_NO_CANDIDATE);
}

/*
 * What looking after enforcement takes, and no more: a daemon can be given names, links and mounts
 * that lead to what its caller must not touch. So no pin goes but while an order to end enforcement
 * is carried out, and doors are for those who may write into authorized code, too.
 */
W_DECIDE int w_is_for_administrators(const struct w_facts *facts) {
  if (facts->object == W_OBJECT_MAP || facts->object == W_OBJECT_PROGRAM)
    return 1;
  if (facts->object == W_OBJECT_PIN)
    return (facts->flags & W_FACT_ENDING) != 0;
  return (facts->flags & W_FACT_UPDATE) != 0;
}

/*
 * What guards enforcement, and the doors through which it could be got around. A daemon loads
 * programs before any are attached, and takes them over afterwards: who has one load a second set
 * means to put that in the place of the first, whatever the policy opens.
 */
W_DECIDE struct w_decision w_judge_touch(const struct w_facts *facts) {
  if (facts->flags & W_FACT_ADMINISTER) {
    if (facts->object == W_OBJECT_BPF)
      return w_deny(facts, W_REASON_PROTECTED, W_NO_CANDIDATE);
    if (w_is_for_administrators(facts))
      return w_allow(W_REASON_AUTHORIZED, W_NO_CANDIDATE);
  }
  if (w_is_of_class(facts->object, W_CLASS_OWN))
    return w_deny(facts, W_REASON_PROTECTED, W_NO_CANDIDATE);
  if (facts->flags & W_FACT_PERMITTED)
    return w_allow(W_REASON_NOT_GOVERNED, W_NO_CANDIDATE);
  if (w_is_of_class(facts->object, W_CLASS_MEMORY) && (facts->flags & W_FACT_JIT))
    return w_allow(W_REASON_AUTHORIZED, W_NO_CANDIDATE);
  return w_deny(facts, W_REASON_PROTECTED, W_NO_CANDIDATE);
}

W_DECIDE struct w_decision w_judge_code(const struct w_facts *facts, struct w_decision *room) {
  int is_map = facts->request == W_REQUEST_MAP;
  __u32 unstable = W_FACT_WRITABLE | W_FACT_MODIFIED;

  if (is_map && (facts->flags & unstable) && !(facts->flags & W_FACT_JIT))
    return w_deny(facts, W_REASON_WRITE_CONFLICT, W_NO_CANDIDATE);
  if (is_map && (facts->flags & W_FACT_ANONYMOUS))
    return facts->flags & W_FACT_JIT ? w_allow(W_REASON_AUTHORIZED, W_NO_CANDIDATE)
                                     : w_deny(facts, W_REASON_UNMEASURABLE, W_NO_CANDIDATE);
  if (facts->flags & W_FACT_WRITERS)
    return w_deny(facts, W_REASON_WRITE_CONFLICT, W_NO_CANDIDATE);
  if (!w_is_measured(facts->measure))
    return w_deny(facts, W_REASON_UNMEASURABLE, W_NO_CANDIDATE);
  if (is_map && (facts->flags & W_FACT_OWN_IMAGE))
    return w_allow(W_REASON_AUTHORIZED, W_NO_CANDIDATE);
  return w_judge_grants(facts, room);
}

/* Only what is touched or loaded is an object, and each by the request that is made for it. */
W_DECIDE int w_fits_object(const struct w_facts *facts) {
  int is_code = w_is_of_class(facts->object, W_CLASS_CODE);

  if (facts->request == W_REQUEST_LOAD)
    return is_code;
  if (facts->request == W_REQUEST_TOUCH)
    return !is_code && facts->object != W_OBJECT_NONE && facts->object < W_OBJECT_COUNT;
  return facts->object == W_OBJECT_NONE;
}

W_DECIDE int w_is_ready(const struct w_facts *facts) {
  if (facts->mode == W_MODE_INVALID || facts->mode >= W_MODE_COUNT)
    return 0;
  if (facts->audit == W_AUDIT_INVALID || facts->audit >= W_AUDIT_COUNT)
    return 0;
  if (facts->request == W_REQUEST_INVALID || facts->request >= W_REQUEST_COUNT)
    return 0;
  if (facts->candidate_count > W_MAX_CANDIDATES || (facts->flags & ~W_FACT_ALL))
    return 0;
  if (!w_fits_object(facts))
    return 0;
  return !(facts->flags & (W_FACT_NO_CONTEXT | W_FACT_RACED));
}

/* `room` is scratch, overwritten; the programs give a map value (see w_judge_grants). */
W_DECIDE struct w_decision w_decide_in(const struct w_facts *facts, struct w_decision *room) {
  struct w_decision decision;

  if (!w_is_ready(facts))
    return w_deny(facts, W_REASON_NOT_READY, W_NO_CANDIDATE);
  if (facts->request == W_REQUEST_WRITE)
    return w_judge_write(facts);
  if (facts->request == W_REQUEST_TOUCH)
    return w_judge_touch(facts);
  if (facts->request == W_REQUEST_LOAD && (facts->flags & W_FACT_PERMITTED))
    decision = w_allow(W_REASON_NOT_GOVERNED, W_NO_CANDIDATE);
  else
    decision = w_judge_code(facts, room);
  if (decision.verdict == W_ALLOW && facts->audit == W_AUDIT_UNAVAILABLE)
    return w_deny(facts, W_REASON_AUDIT_UNAVAILABLE, decision.candidate);
  return decision;
}

W_DECIDE struct w_decision w_decide(const struct w_facts *facts) {
  struct w_decision room;

  return w_decide_in(facts, &room);
}

/* What the hook returns: 0, or -EPERM. Anything that is not a plain allow or an observed denial
 * refuses. */
W_DECIDE int w_errno(struct w_decision decision) {
  if (decision.verdict == W_ALLOW)
    return 0;
  return decision.verdict == W_DENY && decision.enforced == 0 ? 0 : -1;
}

#endif
