/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Turns kernel objects and map entries into `struct w_facts`. Nothing is decided here: what fails
 * is written down as a fact, and decide() denies for it.
 */
#ifndef WARRANT_FACTS_BPF_H
#define WARRANT_FACTS_BPF_H

#include "measure.bpf.h"
#include "process.bpf.h"
#include "scopes.bpf.h"

#define W_GATHER_TRIES 3

/*
 * An argument of a hook as a number. 6.12's verifier believes that a pointer which a hook is given
 * is never NULL, unless BTF calls it __nullable, and takes out a comparison of the pointer itself.
 */
static __always_inline __u64 w_argument(const unsigned long long *ctx, int index) {
  __u64 word = 0;

  bpf_probe_read_kernel(&word, sizeof(word), ctx + index);
  return word;
}

/* Starts a new set of facts in the task's room. */
static __always_inline struct w_facts *w_begin(struct w_task *task, const struct w_config *cfg,
                                               __u8 hook, __u8 request) {
  struct w_event *event = &task->event;
  struct w_facts *facts = &event->facts;

  event->path[0] = 0;
  event->reserved = 0;
  __builtin_memset(facts, 0, offsetof(struct w_facts, candidates));
  event->abi = W_ABI_VERSION;
  event->type = W_EVENT_DECISION;
  event->size = 0;
  event->sequence = 0;
  event->exec = 0;
  event->inode = 0;
  event->device = 0;
  event->filesystem = 0;
  __builtin_memset(event->granting_artifact, 0, W_ID_SIZE);
  w_describe_task(event);
  facts->hook = hook;
  facts->request = request;
  facts->mode = cfg->mode;
  facts->audit = cfg->audit;
  facts->measure = W_MEASURE_NONE;
  if (event->process.flags & W_PROCESS_JIT)
    facts->flags |= W_FACT_JIT;
  if (event->process.flags & W_PROCESS_UPDATE)
    facts->flags |= W_FACT_UPDATE;
  if (event->process.flags & W_PROCESS_ADMINISTER)
    facts->flags |= W_FACT_ADMINISTER;
  return facts;
}

static __always_inline void w_set_digest(struct w_facts *facts, const struct w_digest *digest) {
  facts->measure = digest->measure;
  facts->digest_kind = digest->kind;
  __builtin_memcpy(facts->digest, digest->bytes, W_DIGEST_SIZE);
}

/* Whether any artifact of this generation names the digest, in whatever scope. */
static __always_inline int w_is_named(__u32 slot, __u32 kind, const __u8 *digest) {
  void *map = bpf_map_lookup_elem(&verdicts, &slot);
  struct w_verdict_key key = {.scope = W_SCOPE_HOST, .digest_kind = kind};

  if (!map)
    return 0;
  __builtin_memcpy(key.digest, digest, W_DIGEST_SIZE);
  if (bpf_map_lookup_elem(map, &key))
    return 1;
  key.scope = W_SCOPE_NAMED;
  return bpf_map_lookup_elem(map, &key) != NULL;
}

static __always_inline void w_take_verity(struct w_task *task, struct file *file,
                                          struct inode *inode, __u32 slot, struct w_digest *out) {
  struct w_verity *room = &task->verity;

  if (!have_verity || !(inode->i_flags & S_VERITY))
    return;
  if (!w_verity_digest(file, room) || !w_is_named(slot, W_DIGEST_VERITY, room->digest))
    return;
  out->measure = W_MEASURE_VERITY;
  out->kind = W_DIGEST_VERITY;
  __builtin_memcpy(out->bytes, room->digest, W_DIGEST_SIZE);
}

/* The ladder, for hooks that may sleep. Returns W_INODE_MAPPED if the inode is marked so. */
static __noinline int w_measure(struct w_task *task, const struct w_config *cfg,
                                struct file *file) {
  struct w_facts *facts = &task->event.facts;
  struct w_digest digest = {.measure = W_MEASURE_NONE};
  struct inode *inode = file->f_inode;
  __u32 magic = (__u32)inode->i_sb->s_magic;
  struct w_inode *state;
  __u64 writes;
  int mapped;

  if (!w_is_trusted_filesystem(cfg, magic)) {
    facts->measure = W_MEASURE_FOREIGN_FS;
    return 0;
  }
  if (!w_is_regular(inode)) {
    facts->measure = W_MEASURE_NOT_REGULAR;
    return 0;
  }
  if (w_is_unsealed(inode, magic)) {
    facts->measure = W_MEASURE_UNSEALED;
    return 0;
  }
  state = w_inode_storage(inode);
  if (!state) {
    facts->flags |= W_FACT_NO_CONTEXT;
    return 0;
  }
  mapped = state->flags & W_INODE_MAPPED;
  writes = w_load(&state->writes);
  if (state->flags & W_INODE_WAS_NAMED)
    facts->flags |= W_FACT_WAS_NAMED;
  if (w_has_writers(inode)) {
    facts->flags |= W_FACT_WRITERS;
    return mapped;
  }
  if (state->flags & W_INODE_SHARED) {
    facts->measure = W_MEASURE_SHARED;
    return mapped;
  }
  if (magic != OVERLAYFS_MAGIC && w_read_cached(state, &digest)) {
    w_count(W_COUNTER_CACHE_HITS);
    w_set_digest(facts, &digest);
    return mapped;
  }
  w_take_verity(task, file, inode, cfg->active, &digest);
  if (digest.measure != W_MEASURE_VERITY) {
    if ((__u64)inode->i_size > W_MAX_MEASURED_BYTES) {
      facts->measure = W_MEASURE_TOO_LARGE;
      return mapped;
    }
    w_hash(file, inode, &digest);
  }
  if (!w_is_measured(digest.measure)) {
    facts->measure = digest.measure;
    return mapped;
  }
  /* overlayfs: a write to the lower file never shows on this inode, so its digest is for once. */
  if (w_has_writers(inode) || (magic != OVERLAYFS_MAGIC && !w_store_digest(state, writes, &digest)))
    digest.measure = W_MEASURE_CHANGED;
  w_set_digest(facts, &digest);
  return mapped;
}

/* The cached digest only, for hooks that cannot sleep. */
static __always_inline void w_recall(struct w_facts *facts, const struct w_config *cfg,
                                     struct inode *inode) {
  struct w_inode *state = bpf_inode_storage_get(&inodes, inode, NULL, 0);
  struct w_digest digest = {.measure = W_MEASURE_UNCACHED};
  __u32 magic = (__u32)inode->i_sb->s_magic;

  if (w_has_writers(inode))
    facts->flags |= W_FACT_WRITERS;
  if (!w_is_trusted_filesystem(cfg, magic))
    digest.measure = W_MEASURE_FOREIGN_FS;
  else if (!w_is_regular(inode))
    digest.measure = W_MEASURE_NOT_REGULAR;
  else if (state && (state->flags & W_INODE_SHARED))
    digest.measure = W_MEASURE_SHARED;
  else if (state && magic != OVERLAYFS_MAGIC)
    w_read_cached(state, &digest);
  w_set_digest(facts, &digest);
}

static __always_inline struct w_artifact *w_get_artifact(__u32 slot, __u32 index) {
  void *map = bpf_map_lookup_elem(&artifacts, &slot);

  return map && index ? bpf_map_lookup_elem(map, &index) : NULL;
}

static __always_inline int w_same(const __u8 *a, const __u8 *b, int size) {
  for (int i = 0; i < size; i += 8) {
    if (*(const __u64 *)(a + i) != *(const __u64 *)(b + i))
      return 0;
  }
  return 1;
}

/* Whether the content of the binary that the task runs is this; nothing is known of adopted tasks.
 */
static __always_inline int w_runs_content(const struct w_task *task, const __u8 *digest) {
  return (task->event.process.flags & W_PROCESS_COMMITTED) &&
         task->image.digest_kind != W_DIGEST_INVALID &&
         w_same(task->image.digest, digest, W_DIGEST_SIZE);
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
  return 0;
}

/* The grants of one key, in each of the task's scopes. */
__noinline int w_gather_key(struct w_task *task, __u32 slot, __u32 kind) {
  struct w_verdict_key key = {};
  void *map;

  if (!task)
    return 0;
  map = bpf_map_lookup_elem(&verdicts, &slot);
  if (!map)
    return 0;
  key.digest_kind = kind;
  if (kind != W_DIGEST_ANY)
    __builtin_memcpy(key.digest, task->event.facts.digest, W_DIGEST_SIZE);
  for (int i = 0; i < W_SCOPES_PER_TASK; i++) {
    struct w_verdict *verdict;

    key.scope = task->scopes[i];
    if (key.scope == W_SCOPE_INVALID)
      continue;
    verdict = bpf_map_lookup_elem(map, &key);
    if (!verdict)
      continue;
    for (int j = 0; j < W_GRANTS_PER_VERDICT; j++) {
      if (verdict->grants[j] == 0)
        break;
      w_add_candidate(task, slot, key.scope, verdict->grants[j]);
    }
  }
  return 0;
}

static __always_inline void w_gather_once(struct w_task *task, __u32 slot, __u32 flags) {
  struct w_facts *facts = &task->event.facts;

  facts->candidate_count = 0;
  facts->flags &= ~W_FACT_NAMED;
  w_gather_key(task, slot, facts->digest_kind);
  if (facts->candidate_count || w_is_named(slot, facts->digest_kind, facts->digest))
    facts->flags |= W_FACT_NAMED;
  if (flags & W_GENERATION_HAS_ANY)
    w_gather_key(task, slot, W_DIGEST_ANY);
}

/* Masked, because the verifier loses the comparison of a slot that clang spilled before it. */
static __always_inline const volatile struct w_generation *w_generation(const struct w_config *cfg,
                                                                        __u32 slot) {
  barrier_var(slot);
  return &cfg->generations[slot & (W_GENERATION_SLOTS - 1)];
}

/*
 * The grants that might authorize the digest, all from one generation: scopes, verdicts and
 * artifacts of two generations must never mix, so a swap in between means: again.
 */
static __always_inline __u32 w_gather(struct w_task *task, int grants) {
  const struct w_config *cfg = w_get_config();
  const volatile struct w_config *now = cfg;
  struct w_facts *facts;
  __u32 slot = 0;

  if (!task)
    return W_GENERATION_SLOTS;
  facts = &task->event.facts;
  if (!cfg) {
    facts->flags |= W_FACT_NO_CONTEXT;
    return W_GENERATION_SLOTS;
  }
  /* Measuring may have taken long: what ended meanwhile has ended. */
  facts->now = bpf_ktime_get_boot_ns();
  for (int i = 0; i < W_GATHER_TRIES; i++) {
    slot = now->active;
    if (slot >= W_GENERATION_SLOTS)
      break;
    facts->generation = w_generation(cfg, slot)->number;
    w_resolve_scopes(task, slot, w_generation(cfg, slot)->flags, cfg->mode);
    if (grants)
      w_gather_once(task, slot, w_generation(cfg, slot)->flags);
    if (now->active == slot && w_generation(cfg, slot)->number == facts->generation)
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

/*
 * By content, never by mm->exe_file: prctl(PR_SET_MM_MAP) lets a task in its own user namespace
 * name another file there.
 */
static __always_inline int w_is_own_image(const struct w_task *task, const struct w_facts *facts) {
  return task->image.digest_kind == facts->digest_kind && w_runs_content(task, facts->digest);
}

static __always_inline int w_is_mapped(const struct w_inode *state, struct inode *inode) {
  return (state->flags & W_INODE_MAPPED) &&
         BPF_CORE_READ(inode, i_mapping, i_mmap.rb_root.rb_node) != NULL;
}

#endif
