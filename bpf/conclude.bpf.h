/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From facts to answer: the decision, the use that it costs, its record, and what a lost one means.
 */
#ifndef WARRANT_CONCLUDE_BPF_H
#define WARRANT_CONCLUDE_BPF_H

#include "decide.h"
#include "events.bpf.h"

static __always_inline int w_names_grant(struct w_decision decision) {
  return decision.candidate < W_MAX_CANDIDATES;
}

/* Where the grant stands that the decision names; masked for the verifier, which loses the
 * comparison. */
static __always_inline __u32 w_place_of(struct w_decision decision) {
  __u32 place = decision.candidate;

  barrier_var(place);
  return place & (W_MAX_CANDIDATES - 1);
}

static __always_inline const struct w_candidate *w_chosen(const struct w_facts *facts,
                                                          struct w_decision decision) {
  return w_names_grant(decision) ? &facts->candidates[w_place_of(decision)] : NULL;
}

static __always_inline const struct w_origin *w_origin_of(const struct w_task *task,
                                                          struct w_decision decision) {
  return w_names_grant(decision) ? &task->origins[w_place_of(decision)] : NULL;
}

/*
 * Takes the use that an allowed exec costs: 0 when there was none left. One use for the whole chain
 * of an exec; it is spent when the kernel lets the exec begin, also if the exec fails later on.
 */
static __always_inline int w_take_use(struct w_task *task, struct w_decision decision) {
  const struct w_origin *origin = w_origin_of(task, decision);
  struct w_uses *found;

  if (decision.verdict != W_ALLOW || task->event.facts.request != W_REQUEST_EXEC || !origin ||
      !(origin->constraints & W_ARTIFACT_COUNTED))
    return 1;
  if (w_has_paid(task, origin->id))
    return 1;
  found = w_find_uses(origin->id);
  if (!found)
    return 0;
  /* Two tasks may both have seen the last one; only one gets it. */
  if (__sync_fetch_and_add(&found->left, -1) > 0)
    return 1;
  __sync_fetch_and_add(&found->left, 1);
  return 0;
}

static __always_inline void w_give_back(struct w_task *task, struct w_decision decision) {
  const struct w_origin *origin = w_origin_of(task, decision);
  struct w_uses *found;

  if (task->event.facts.request != W_REQUEST_EXEC || !origin ||
      !(origin->constraints & W_ARTIFACT_COUNTED) || w_has_paid(task, origin->id))
    return;
  found = w_find_uses(origin->id);
  if (found)
    __sync_fetch_and_add(&found->left, 1);
}

/* Decides about the facts in the room. Global, so that the verifier walks decide() once a program.
 */
__noinline int w_decide_room(struct w_task *task) {
  if (task)
    task->event.decision = w_decide_in(&task->event.facts, &task->event.decision);
  return 0;
}

/* The same about what no grant answers (whoever asks has gathered none), and so of decide() without
 * the grants: most programs ask for nothing else, and all that they hold the verifier walks in
 * each. */
__noinline int w_decide_ungranted(struct w_task *task) {
  if (!task)
    return 0;
  task->event.facts.candidate_count = 0;
  task->event.decision = w_decide_in(&task->event.facts, &task->event.decision);
  return 0;
}

/* Of a task's own image nothing is asked that depends on its scopes but in which mode it is denied.
 */
static __always_inline int w_is_unscoped(const struct w_task *task) {
  const struct w_facts *facts = &task->event.facts;

  return (facts->flags & W_FACT_OWN_IMAGE) && facts->generation == 0;
}

/* Decides about what costs no use, which is everything but an exec. */
static __always_inline void w_weigh(struct w_task *task) {
  /* Of an own image that is let be nothing is said. */
  if (task->event.facts.now == 0 && !w_is_unscoped(task))
    task->event.facts.now = bpf_ktime_get_boot_ns();
  w_decide_room(task);
  if (task->event.decision.verdict != W_ALLOW && w_is_unscoped(task)) {
    w_gather_scopes(task);
    w_decide_room(task);
  }
}

/* The same of what no grant answers. */
static __always_inline void w_weigh_ungranted(struct w_task *task) {
  /* What asks for no scope is as old as its verdict. */
  if (task->event.facts.now == 0)
    task->event.facts.now = bpf_ktime_get_boot_ns();
  w_decide_ungranted(task);
}

/* As many grants of one exec may turn out to be used up at the last moment. */
#define W_SETTLE_TRIES 4

/* Decides about an exec and pays, and decides again without the grant that could not be paid. */
__noinline int w_settle(struct w_task *task) {
  struct w_decision decision;
  struct w_facts *facts;

  if (!task)
    return 0;
  facts = &task->event.facts;
  for (int i = 0; i < W_SETTLE_TRIES; i++) {
    w_decide_room(task);
    decision = task->event.decision;
    if (w_take_use(task, decision))
      return 0;
    facts->candidates[w_place_of(decision)].flags |= W_CANDIDATE_USED_UP;
  }
  facts->flags |= W_FACT_RACED;
  return w_decide_room(task);
}

static __always_inline int w_finish_as(struct w_task *task, int is_granted) {
  const struct w_origin *origin = NULL;
  struct w_decision decision;
  struct w_facts *facts;
  struct w_event *event;

  if (!task)
    return -EPERM;
  event = &task->event;
  facts = &event->facts;
  decision = event->decision;
  if (is_granted)
    origin = w_origin_of(task, decision);
  if (origin)
    __builtin_memcpy(event->granting_artifact, origin->id, W_ID_SIZE);
  if (w_is_recorded(facts, decision) && (!w_may_use_room(facts, decision) || w_send(event) != 0) &&
      facts->audit == W_AUDIT_REQUIRED && decision.verdict == W_ALLOW) {
    facts->audit = W_AUDIT_UNAVAILABLE;
    if (is_granted) {
      w_give_back(task, decision);
      w_decide_room(task);
    } else {
      w_decide_ungranted(task);
    }
    decision = event->decision;
    w_send(event);
  }
  w_count(decision.verdict == W_ALLOW ? W_COUNTER_ALLOWED : W_COUNTER_DENIED);
  return w_errno(decision);
}

/* Both record what was settled, and decide again if the record was required and is lost. Global, so
 * that the verifier walks them once. */
__noinline int w_finish(struct w_task *task) {
  return w_finish_as(task, 1);
}
__noinline int w_finish_ungranted(struct w_task *task) {
  return w_finish_as(task, 0);
}

/*
 * What a hook returns: 0, or -EPERM. 6.12's verifier takes a hook only if it sees that it returns 0
 * or an errno; it sees nothing of what a global function returns, nor of an errno that clang makes
 * of a bit.
 */
static __always_inline int w_answer(int verdict) {
  int refusal = -EPERM;

  barrier_var(refusal);
  return verdict == 0 ? 0 : refusal;
}

/* Names the file that was decided about, if there is a record to put its name in. */
static __always_inline void w_name_for_record(struct w_task *task, struct file *file) {
  if (w_is_recorded(&task->event.facts, task->event.decision))
    w_name_file(&task->event, file);
}

/* Records what was decided about a file. */
static __always_inline int w_finish_file(struct w_task *task, struct file *file) {
  w_name_for_record(task, file);
  return w_answer(w_finish(task));
}

/* Records what was decided and gives the room back. */
static __always_inline int w_end(struct w_task *task) {
  int verdict = w_answer(w_finish(task));

  w_leave(task);
  return verdict;
}

/* The same about a file. */
static __always_inline int w_end_file(struct w_task *task, struct file *file) {
  int verdict = w_finish_file(task, file);

  w_leave(task);
  return verdict;
}

/* Decides about a file, records and gives the room back. */
static __always_inline int w_conclude_file(struct w_task *task, struct file *file) {
  w_weigh(task);
  return w_end_file(task, file);
}

/* Decides about what no grant answers, and a file if there is one; records and gives the room back.
 */
static __always_inline int w_conclude_ungranted(struct w_task *task, struct file *file) {
  int verdict;

  w_weigh_ungranted(task);
  if (file)
    w_name_for_record(task, file);
  verdict = w_answer(w_finish_ungranted(task));
  w_leave(task);
  return verdict;
}

/* No room for facts: decide() is asked with none, which it denies (unless policy only observes).
 * What could not be recorded leaves a gap in the numbers, as what finds no room in the ring. */
static const struct w_facts w_no_facts = {.flags = W_FACT_NO_CONTEXT};
static const struct w_facts w_no_facts_observed = {.flags = W_FACT_NO_CONTEXT,
                                                   .mode = W_MODE_OBSERVE};

static __always_inline int w_conclude_blind(void) {
  w_count(W_COUNTER_DENIED);
  w_count(W_COUNTER_EVENTS_LOST);
  w_next(W_SEQUENCE_EVENT);
  if (config.mode == W_MODE_OBSERVE)
    return w_answer(w_errno(w_decide(&w_no_facts_observed)));
  return w_answer(w_errno(w_decide(&w_no_facts)));
}

#endif
