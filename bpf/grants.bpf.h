/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which grants might authorize a request: found by digest and scope in one generation, and written
 * down as candidates.
 */
#ifndef WARRANT_GRANTS_BPF_H
#define WARRANT_GRANTS_BPF_H

#include "facts.bpf.h"
#include "known.bpf.h"
#include "scopes.bpf.h"

#define W_GATHER_TRIES 3

static __always_inline struct w_artifact *w_get_artifact(__u32 slot, __u32 index) {
  void *map = bpf_map_lookup_elem(&artifacts, &slot);

  return map && index ? bpf_map_lookup_elem(map, &index) : NULL;
}

/* Audit session id; ~0 (never a session's) where the kernel keeps none. */
static __always_inline __u32 w_session(void) {
  struct task_struct *self = bpf_get_current_task_btf();

  return bpf_core_field_exists(self->sessionid) ? BPF_CORE_READ(self, sessionid) : ~0u;
}

/* The key is copied: 6.1 takes none from memory that it knows only as a function's argument. */
static __always_inline struct w_uses *w_find_uses(const __u8 *id) {
  struct w_uses_key key;

  __builtin_memcpy(key.id, id, W_ID_SIZE);
  return bpf_map_lookup_elem(&uses, &key);
}

static __always_inline int w_has_uses(const __u8 *id) {
  struct w_uses *found = w_find_uses(id);

  return found && *(volatile __s64 *)&found->left > 0;
}

/* Whether the exec under way was already let begin, and counted, under this artifact: one use for
 * the script and all its interpreters. */
static __always_inline int w_has_paid(const struct w_task *task, const __u8 *id) {
  return task->event.facts.chain != 0 && w_same(task->paid, id, W_ID_SIZE);
}

/*
 * What the artifact demands of the task beyond what its scope says, as flags of the candidate. A
 * task that maps or reads what the artifact that it runs under names has met the demands on its
 * caller and paid its use when it was executed.
 */
static __always_inline __u32 w_demands(const struct w_task *task,
                                       const struct w_artifact *artifact) {
  const struct w_event *event = &task->event;
  __u32 demands = artifact->constraints;
  __u32 flags = artifact->flags;

  if (demands & W_ARTIFACT_RECOVERY)
    flags |= W_CANDIDATE_RECOVERY;
  if ((demands & W_ARTIFACT_NEEDS_UID) && artifact->uid != event->uid)
    flags |= W_CANDIDATE_IDENTITY_MISMATCH;
  if ((demands & W_ARTIFACT_NEEDS_GID) && artifact->gid != event->gid)
    flags |= W_CANDIDATE_IDENTITY_MISMATCH;
  if ((demands & W_ARTIFACT_NEEDS_SESSION) && artifact->session != w_session())
    flags |= W_CANDIDATE_IDENTITY_MISMATCH;
  if ((event->facts.request == W_REQUEST_MAP || event->facts.request == W_REQUEST_READ) &&
      w_same(event->process.artifact, artifact->id, W_ID_SIZE))
    return flags;
  if ((demands & W_ARTIFACT_NEEDS_CODE) && !w_runs_content(task, artifact->caller))
    flags |= W_CANDIDATE_IDENTITY_MISMATCH;
  if ((demands & W_ARTIFACT_NEEDS_PARENT) &&
      !w_same(event->process.artifact, artifact->parent, W_ID_SIZE))
    flags |= W_CANDIDATE_LINEAGE_BROKEN;
  if ((demands & W_ARTIFACT_COUNTED) && !w_has_paid(task, artifact->id) &&
      !w_has_uses(artifact->id))
    flags |= W_CANDIDATE_USED_UP;
  return flags;
}

/* Global, so that the verifier walks it once and not once for every grant of every scope. */
__noinline int w_add_candidate(struct w_task *task, __u32 slot, __u32 scope, __u32 grant) {
  struct w_environment *environment;
  struct w_candidate *candidate;
  struct w_artifact *artifact;
  struct w_origin *origin;
  __u32 place;

  if (!task)
    return 0;
  place = task->event.facts.candidate_count;
  if (place >= W_MAX_CANDIDATES)
    return 0;
  candidate = &task->event.facts.candidates[place];
  origin = &task->origins[place];
  __builtin_memset(candidate, 0, sizeof(*candidate));
  __builtin_memset(origin, 0, sizeof(*origin));
  task->event.facts.candidate_count = place + 1;
  candidate->scope = scope;
  artifact = w_get_artifact(slot, W_GRANT_ARTIFACT(grant));
  if (!artifact)
    return 0;
  candidate->artifact = W_GRANT_ARTIFACT(grant);
  candidate->actions = W_GRANT_ACTIONS(grant);
  candidate->not_before = artifact->not_before;
  candidate->not_after = artifact->not_after;
  candidate->flags = w_demands(task, artifact);
  environment = bpf_map_lookup_elem(&environments, &artifact->environment);
  candidate->lease_until = environment ? environment->valid_until : W_NEVER;
  __builtin_memcpy(origin->id, artifact->id, W_ID_SIZE);
  origin->constraints = artifact->constraints;
  origin->bond = artifact->bond;
  task->binds |= artifact->bond |
                 (artifact->constraints & (W_ARTIFACT_READS_SUFFIXES | W_ARTIFACT_READS_LISTED));
  return 0;
}

/* The grants of one key, in each of the task's scopes. */
__noinline int w_gather_key(struct w_task *task, __u32 slot, __u32 kind) {
  if (!task)
    return 0;
  for (int i = 0; i < W_SCOPES_PER_TASK; i++) {
    __u32 scope = task->scopes[i];

    if (scope == W_SCOPE_INVALID)
      continue;
    w_find_verdict(task, slot, scope, kind);
    for (int j = 0; j < W_GRANTS_PER_VERDICT; j++) {
      if (task->verdict.grants[j] == 0)
        break;
      w_add_candidate(task, slot, scope, task->verdict.grants[j]);
    }
  }
  return 0;
}

static __always_inline void w_gather_once(struct w_task *task, __u32 slot, __u32 flags) {
  struct w_facts *facts = &task->event.facts;

  facts->candidate_count = 0;
  facts->flags &= ~W_FACT_NAMED;
  task->binds = 0;
  w_gather_key(task, slot, facts->digest_kind);
  if (facts->candidate_count || w_is_named(slot, facts->digest_kind, facts->digest))
    facts->flags |= W_FACT_NAMED;
  if (flags & W_GENERATION_HAS_ANY)
    w_gather_key(task, slot, W_DIGEST_ANY);
}

/*
 * The grants that might authorize the digest, all from one generation: scopes, verdicts and
 * artifacts of two generations must never mix, so a swap in between means: again.
 */
static __always_inline __u32 w_gather(struct w_task *task, int grants) {
  const volatile struct w_config *now = &config;
  struct w_facts *facts;
  __u32 slot = 0;

  if (!task)
    return W_GENERATION_SLOTS;
  facts = &task->event.facts;
  /* Measuring may have taken long: what ended meanwhile has ended. */
  facts->now = bpf_ktime_get_boot_ns();
  for (int i = 0; i < W_GATHER_TRIES; i++) {
    slot = now->active;
    if (slot >= W_GENERATION_SLOTS)
      break;
    facts->generation = w_generation(slot)->number;
    w_resolve_scopes(task, slot, w_generation(slot)->flags, config.mode);
    if (grants)
      w_gather_once(task, slot, w_generation(slot)->flags);
    if (w_is_in_force(slot, facts->generation))
      return slot;
  }
  facts->flags |= W_FACT_RACED;
  return slot;
}

/* Both give the slot. Global, so that the verifier walks them once, whichever room was found. */
__noinline __u32 w_gather_grants(struct w_task *task) {
  return w_gather(task, 1);
}

/* For requests that no grant answers: only the scopes, for their mode. */
__noinline __u32 w_gather_scopes(struct w_task *task) {
  return w_gather(task, 0);
}

#endif
