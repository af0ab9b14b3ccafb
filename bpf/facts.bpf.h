/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Turns kernel objects and map entries into `struct w_facts`. Nothing is decided here: what fails
 * is written down as a fact, and decide() denies for it.
 */
#ifndef WARRANT_FACTS_BPF_H
#define WARRANT_FACTS_BPF_H

#include "measure.bpf.h"
#include "process.bpf.h"

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
static __always_inline struct w_facts *w_begin(struct w_task *task, __u8 hook, __u8 request) {
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
  facts->mode = config.mode;
  facts->audit = config.audit;
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

/* Into `out`, which may hold a digest that is cached: that by fs-verity, if an artifact names it.
 */
static __always_inline void w_take_verity(struct w_task *task, struct file *file,
                                          struct inode *inode, __u32 slot, struct w_digest *out) {
  struct w_verity *room = &task->verity;

  if (!have_verity || !(inode->i_flags & S_VERITY))
    return;
  if (out->kind == W_DIGEST_VERITY) {
    if (w_is_named(slot, W_DIGEST_VERITY, out->bytes))
      out->measure = W_MEASURE_VERITY;
    return;
  }
  if (!w_verity_digest(file, room) || !w_is_named(slot, W_DIGEST_VERITY, room->digest))
    return;
  out->measure = W_MEASURE_VERITY;
  out->kind = W_DIGEST_VERITY;
  __builtin_memcpy(out->bytes, room->digest, W_DIGEST_SIZE);
}

/* Why no content of the inode is believed, whatever is cached of it; W_MEASURE_NONE: it may be. */
static __always_inline __u8 w_unbelieved(struct inode *inode, __u32 magic) {
  if (!w_is_trusted_filesystem(magic))
    return W_MEASURE_FOREIGN_FS;
  if (!w_is_regular(inode))
    return W_MEASURE_NOT_REGULAR;
  return w_is_unsealed(inode, magic) ? W_MEASURE_UNSEALED : W_MEASURE_NONE;
}

/* The ladder, for hooks that may sleep. Returns W_INODE_MAPPED if the inode is marked so. */
static __noinline int w_measure(struct w_task *task, struct file *file) {
  struct w_facts *facts = &task->event.facts;
  struct w_digest digest = {.measure = W_MEASURE_NONE};
  struct inode *inode = file->f_inode;
  __u32 magic = (__u32)inode->i_sb->s_magic;
  struct w_inode *state;
  __u64 writes;
  __u8 cached;
  int mapped;

  facts->measure = w_unbelieved(inode, magic);
  if (facts->measure != W_MEASURE_NONE)
    return 0;
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
  cached =
      magic != OVERLAYFS_MAGIC && w_read_cached(state, &digest) ? digest.kind : W_DIGEST_INVALID;
  /* While artifacts name it, a file's digest by fs-verity is the one that counts, whichever of the
   * two was taken before. */
  w_take_verity(task, file, inode, config.active, &digest);
  if (cached == (digest.measure == W_MEASURE_VERITY ? W_DIGEST_VERITY : W_DIGEST_SHA256)) {
    digest.measure = W_MEASURE_CACHED;
    w_count(W_COUNTER_CACHE_HITS);
    w_set_digest(facts, &digest);
    return mapped;
  }
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
static __always_inline void w_recall(struct w_facts *facts, struct inode *inode) {
  struct w_inode *state = bpf_inode_storage_get(&inodes, inode, NULL, 0);
  struct w_digest digest = {.measure = W_MEASURE_UNCACHED};
  __u32 magic = (__u32)inode->i_sb->s_magic;

  if (w_has_writers(inode))
    facts->flags |= W_FACT_WRITERS;
  if (!w_is_trusted_filesystem(magic))
    digest.measure = W_MEASURE_FOREIGN_FS;
  else if (!w_is_regular(inode))
    digest.measure = W_MEASURE_NOT_REGULAR;
  else if (state && (state->flags & W_INODE_SHARED))
    digest.measure = W_MEASURE_SHARED;
  else if (state && magic != OVERLAYFS_MAGIC)
    w_read_cached(state, &digest);
  w_set_digest(facts, &digest);
}

/* Whether the content of the binary that the process runs is this; nothing is known of adopted
 * ones. */
static __always_inline int w_is_content_of(const struct w_process *process,
                                           const struct w_image *image, const __u8 *digest) {
  return (process->flags & W_PROCESS_COMMITTED) && image->digest_kind != W_DIGEST_INVALID &&
         w_same(image->digest, digest, W_DIGEST_SIZE);
}

static __always_inline int w_runs_content(const struct w_task *task, const __u8 *digest) {
  return w_is_content_of(&task->event.process, &task->image, digest);
}

/*
 * By content, never by mm->exe_file: prctl(PR_SET_MM_MAP) lets a task in its own user namespace
 * name another file there.
 */
static __always_inline int w_is_own_image(const struct w_task *task, const struct w_facts *facts) {
  return task->image.digest_kind == facts->digest_kind && w_runs_content(task, facts->digest);
}

/* The same of what is cached, while it cannot change. */
static __always_inline int w_holds_own_image(const struct w_inode *state, struct inode *inode,
                                             const struct w_context *context) {
  struct w_digest digest = {.measure = W_MEASURE_NONE};

  return !w_has_writers(inode) && !(state->flags & W_INODE_SHARED) &&
         w_read_cached(state, &digest) && digest.kind == context->image.digest_kind &&
         w_is_content_of(&context->process, &context->image, digest.bytes);
}

/* Whether the file is the task's own image with nothing to measure; then it is marked as mapped. */
static __always_inline int w_knows_own_image(const struct w_context *context, struct file *file) {
  struct inode *inode = file->f_inode;
  __u32 magic = (__u32)inode->i_sb->s_magic;
  struct w_inode *state;

  /* overlayfs: see w_measure. */
  if (magic == OVERLAYFS_MAGIC || w_unbelieved(inode, magic) != W_MEASURE_NONE)
    return 0;
  state = bpf_inode_storage_get(&inodes, inode, NULL, 0);
  if (!state || !w_holds_own_image(state, inode, context))
    return 0;
  if (state->flags & W_INODE_MAPPED)
    return 1;
  /* A writer that was let open it before this looked neither mapped nor written. */
  __sync_fetch_and_or(&state->flags, W_INODE_MAPPED);
  return w_holds_own_image(state, inode, context);
}

/*
 * From when it is marked on a writer must find the inode mapped. 1 when somebody was let in as a
 * writer before that, or has written since it was measured. Content below an overlay is not kept:
 * it was measured this moment.
 */
static __always_inline int w_mark_mapped(struct inode *inode) {
  struct w_inode *state = bpf_inode_storage_get(&inodes, inode, NULL, 0);

  if (!state)
    return 1;
  __sync_fetch_and_or(&state->flags, W_INODE_MAPPED);
  return w_has_writers(inode) || (inode->i_sb->s_magic != OVERLAYFS_MAGIC && !w_is_clean(state));
}

/*
 * The kernel links a mapping after it asked mmap_file, who knows how much later. Until then, and as
 * long as it is mapped or can be, somebody has the file open for reading.
 */
static __always_inline int w_is_mapped(const struct w_inode *state, struct inode *inode) {
  return (state->flags & W_INODE_MAPPED) &&
         (*(const volatile int *)&inode->i_readcount.counter > 0 ||
          BPF_CORE_READ(inode, i_mapping, i_mmap.rb_root.rb_node) != NULL);
}

#endif
