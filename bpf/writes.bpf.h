/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What becomes of a file's digest when somebody wants to write to it. */
#ifndef WARRANT_WRITES_BPF_H
#define WARRANT_WRITES_BPF_H

#include "conclude.bpf.h"

/* One write-open or truncation: refused on authorized or mapped code, else the digest is dropped.
 */
static __noinline int w_write(struct inode *inode, struct dentry *dentry, struct file *file,
                              __u8 hook) {
  struct w_inode *state = bpf_inode_storage_get(&inodes, inode, NULL, 0);
  struct w_digest digest = {.measure = W_MEASURE_NONE};
  struct w_facts *facts;
  struct w_task *task;
  __u32 slot;
  int counted = 0;
  int verdict;
  int named;

  if (!state)
    return 0;
  task = w_current();
  if (!task) {
    verdict = w_conclude_blind();
    if (verdict == 0)
      __sync_fetch_and_add(&state->writes, 1);
    return verdict;
  }
  facts = w_begin(task, hook, W_REQUEST_WRITE);
  slot = w_gather_scopes(task);
  /* What others have mapped, too: a scope that is only observed opens nobody's code for writing. */
  facts->mode = config.mode;
  /* Without the verdicts nothing would be named, and every write allowed. */
  if (slot >= W_GENERATION_SLOTS || !bpf_map_lookup_elem(&verdicts, &slot))
    facts->flags |= W_FACT_RACED;
  if (!w_read_cached(state, &digest)) {
    /* Count first, look again afterwards: see measure.bpf.h. */
    __u64 before = __sync_fetch_and_add(&state->writes, 1);
    counted = 1;
    if (w_load(&state->clean) == before + 1) {
      digest.measure = W_MEASURE_CACHED;
      digest.kind = state->digest_kind;
      __builtin_memcpy(digest.bytes, state->digest, W_DIGEST_SIZE);
    }
  }
  w_set_digest(facts, &digest);
  named = digest.measure == W_MEASURE_CACHED && w_is_named(slot, digest.kind, digest.bytes);
  if (named)
    facts->flags |= W_FACT_NAMED;
  if (w_is_mapped(state, inode))
    facts->flags |= W_FACT_MAPPED;
  if (!file) {
    w_describe_file(&task->event, inode);
    w_name_dentry(&task->event, dentry);
  }
  verdict = w_conclude_ungranted(task, file);
  if (verdict == 0) {
    if (named)
      __sync_fetch_and_or(&state->flags, W_INODE_WAS_NAMED);
    if (!counted)
      __sync_fetch_and_add(&state->writes, 1);
  }
  return verdict;
}

/*
 * A file in which quotas are kept is written to by the kernel, which opens it for nobody and writes
 * below its pages in memory. Asked about before it is marked, because what is refused must stay
 * what it is; and after that, because whoever measured it in between saw no writer.
 */
static __noinline int w_keep_quota(struct inode *inode, struct dentry *dentry) {
  if (w_write(inode, dentry, NULL, W_HOOK_QUOTA_ON) != 0)
    return -EPERM;
  if (w_mark_unstable(inode) && w_conclude_blind() != 0)
    return -EPERM;
  return w_answer(w_write(inode, dentry, NULL, W_HOOK_QUOTA_ON));
}

/*
 * Truncation, by whatever call, also of the file below an overlay: there the kernel changes the
 * inode itself, and path_truncate sees only the overlay's.
 */
static __noinline int w_set_attributes(struct dentry *dentry, struct iattr *attributes) {
  struct inode *inode = dentry->d_inode;

  /* 7.2 takes it for possibly NULL; what has no inode has no content. */
  if (!inode || !(attributes->ia_valid & ATTR_SIZE))
    return 0;
  return w_write(inode, dentry, NULL, W_HOOK_INODE_SETATTR);
}

#endif
