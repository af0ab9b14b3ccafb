/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What was looked up before, so that it need not be again: verdicts by their key, and the scope of
 * a cgroup. Caches of what a generation says, and of nothing else: an entry counts only for the
 * number of the generation that it was found in, which is never given twice, and is kept only if
 * that one was in force after the look-up.
 *
 * A place holds one entry, whichever was kept last. Its sequence is odd while somebody writes; who
 * finds it odd, or changed after reading, looks up as if nothing were known.
 */
#ifndef WARRANT_KNOWN_BPF_H
#define WARRANT_KNOWN_BPF_H

#include "maps.bpf.h"

/* Whether what was found in the slot before now is what this generation says. In this order: a slot
 * is refilled only while the other one is active, and numbered after that. */
static __always_inline int w_is_in_force(__u32 slot, __u64 generation) {
  const volatile struct w_config *now = &config;

  barrier(); /* after what was found was read */
  return now->active == slot && w_generation(slot)->number == generation;
}

static __always_inline int w_begin_keeping(volatile __u64 *sequence) {
  __u64 before = *sequence;

  return !(before & 1) && __sync_val_compare_and_swap(sequence, before, before + 1) == before;
}

static __always_inline void w_end_keeping(volatile __u64 *sequence) {
  barrier();
  *sequence += 1;
}

static __always_inline struct w_known_verdict *w_verdict_place(const struct w_verdict_key *key) {
  __u32 place = *(const __u32 *)key->digest ^ key->scope * 0x9e3779b1u;

  place = (place ^ place >> 16) & (W_KNOWN_VERDICTS - 1);
  return bpf_map_lookup_elem(&known_verdicts, &place);
}

static __always_inline int w_is_same_key(const struct w_verdict_key *a,
                                         const struct w_verdict_key *b) {
  const __u64 *left = (const __u64 *)a;
  const __u64 *right = (const __u64 *)b;

  for (__u32 i = 0; i < sizeof(*a) / sizeof(__u64); i++) {
    if (left[i] != right[i])
      return 0;
  }
  return 1;
}

/* 1 when it is known what the generation says of the key: in `out`; zeros: nothing. */
static __always_inline int w_recall_verdict(const struct w_known_verdict *known, __u64 generation,
                                            const struct w_verdict_key *key,
                                            struct w_verdict *out) {
  __u64 sequence;

  if (!known)
    return 0;
  sequence = known->sequence;
  barrier();
  if ((sequence & 1) || known->generation != generation || !w_is_same_key(&known->key, key))
    return 0;
  *out = known->verdict;
  barrier();
  return known->sequence == sequence;
}

/* Into task->verdict: what the generation in the slot says of the digest, or, of W_DIGEST_ANY, of
 * whatever content, in that scope. Global, so that the verifier walks it once. */
__noinline int w_find_verdict(struct w_task *task, __u32 slot, __u32 scope, __u32 kind) {
  struct w_verdict_key key __attribute__((aligned(8))) = {.scope = scope, .digest_kind = kind};
  struct w_known_verdict *known;
  const struct w_verdict *found;
  __u64 generation;
  void *map;

  if (!task)
    return 0;
  generation = task->event.facts.generation;
  if (kind != W_DIGEST_ANY)
    __builtin_memcpy(key.digest, task->event.facts.digest, W_DIGEST_SIZE);
  known = w_verdict_place(&key);
  if (w_recall_verdict(known, generation, &key, &task->verdict))
    return 0;
  map = bpf_map_lookup_elem(&verdicts, &slot);
  found = map ? bpf_map_lookup_elem(map, &key) : NULL;
  if (found)
    task->verdict = *found;
  else
    __builtin_memset(&task->verdict, 0, sizeof(task->verdict));
  if (!known || !w_is_in_force(slot, generation) || !w_begin_keeping(&known->sequence))
    return 0;
  known->generation = generation;
  known->key = key;
  known->verdict = task->verdict;
  w_end_keeping(&known->sequence);
  return 0;
}

static __always_inline struct w_known_cgroup *w_cgroup_place(__u64 id) {
  __u32 place = (__u32)id & (W_KNOWN_CGROUPS - 1);

  return bpf_map_lookup_elem(&known_cgroups, &place);
}

/* 1 when the scope and the mode of the cgroup are known. A cgroup of the unified hierarchy keeps
 * its name and its ancestors for as long as it is, and its id is no other's. */
static __always_inline int w_recall_cgroup(const struct w_known_cgroup *known, __u64 generation,
                                           __u64 id, __u32 *scope, __u32 *mode) {
  __u64 sequence;

  if (!known)
    return 0;
  sequence = known->sequence;
  barrier();
  if ((sequence & 1) || known->generation != generation || known->id != id)
    return 0;
  *scope = known->scope;
  *mode = known->mode;
  barrier();
  return known->sequence == sequence;
}

static __always_inline void w_keep_cgroup(struct w_known_cgroup *known, __u64 generation, __u64 id,
                                          __u32 scope, __u32 mode) {
  if (!w_begin_keeping(&known->sequence))
    return;
  known->generation = generation;
  known->id = id;
  known->scope = scope;
  known->mode = mode;
  w_end_keeping(&known->sequence);
}

#endif
