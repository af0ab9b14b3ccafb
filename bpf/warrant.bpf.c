/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs, in the order in which the kernel calls them. Each gathers facts, lets decide()
 * choose and obeys. What a hook sees, and since which kernel, is in docs/kernel-notes.md.
 */
#include "abi.h"
#include "decide.h"
#include "events.bpf.h"
#include "facts.bpf.h"
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* A child carries its parent's context from its first instruction; without memory for it, no child.
 */
SEC("lsm/task_alloc")
int BPF_PROG(on_task_alloc, struct task_struct *child) {
  return w_fork(child);
}

/* One write-open or truncation: refused on authorized or mapped code, else the digest is dropped.
 */
static __noinline int w_write(struct inode *inode, struct dentry *dentry, struct file *file,
                              __u8 hook) {
  struct w_inode *state = bpf_inode_storage_get(&inodes, inode, NULL, 0);
  const struct w_config *cfg;
  struct w_digest digest = {.measure = W_MEASURE_NONE};
  struct w_facts *facts;
  struct w_task *task;
  __u32 slot;
  int counted = 0;
  int verdict;

  if (!state)
    return 0;
  cfg = w_get_config();
  task = w_current();
  if (!task || !cfg)
    return w_conclude_blind(cfg);
  facts = w_begin(task, cfg, hook, W_REQUEST_WRITE);
  slot = w_gather_scopes(task, cfg);
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
  if (digest.measure == W_MEASURE_CACHED && w_is_named(slot, digest.kind, digest.bytes))
    facts->flags |= W_FACT_NAMED;
  if (w_is_mapped(state, inode))
    facts->flags |= W_FACT_MAPPED;
  w_describe_file(&task->event, inode);
  if (!file || bpf_d_path(&file->f_path, task->event.path, W_PATH_SIZE) < 0)
    w_name_dentry(&task->event, dentry);
  verdict = w_conclude(task);
  if (verdict == 0) {
    if (facts->flags & W_FACT_NAMED)
      __sync_fetch_and_or(&state->flags, W_INODE_WAS_NAMED);
    if (!counted)
      __sync_fetch_and_add(&state->writes, 1);
  }
  return verdict;
}

SEC("lsm/file_open")
int BPF_PROG(on_file_open, struct file *file) {
  if (!(file->f_mode & FMODE_WRITE))
    return 0;
  return w_write(file->f_inode, file->f_path.dentry, file, W_HOOK_FILE_OPEN);
}

/* Called for the file asked for, then for each interpreter of it. */
SEC("lsm.s/bprm_check_security")
int BPF_PROG(on_bprm_check, struct linux_binprm *bprm) {
  const struct w_config *cfg = w_get_config();
  struct w_task *task = w_current();
  struct file *file = bprm->file;
  const struct w_candidate *chosen;
  const struct w_origin *origin;
  struct w_facts *facts;
  __u32 flags = 0;

  if (!task || !cfg)
    return w_conclude_blind(cfg);
  facts = w_begin(task, cfg, W_HOOK_BPRM_CHECK, W_REQUEST_EXEC);
  /* The kernel gives `interp` a string of its own as soon as a handler names an interpreter. */
  if (bprm->interp == bprm->filename) {
    task->chain = 0;
    task->pending.lineage = w_next(W_SEQUENCE_LINEAGE);
  } else {
    task->chain++;
  }
  facts->chain = task->chain > 255 ? 255 : task->chain;
  task->event.exec = task->pending.lineage;
  w_measure(task, cfg, file);
  w_gather_grants(task, cfg);
  w_describe_file(&task->event, file->f_inode);
  if (bpf_d_path(&file->f_path, task->event.path, W_PATH_SIZE) < 0)
    w_name_dentry(&task->event, file->f_path.dentry);
  if (w_conclude(task) != 0)
    return -EPERM;
  chosen = w_chosen(facts, task->event.decision);
  origin = w_origin_of(task, task->event.decision);
  if (task->event.decision.verdict != W_ALLOW)
    origin = NULL;
  if (origin && chosen) {
    flags = W_PROCESS_COMMITTED;
    if (origin->constraints & W_ARTIFACT_JIT)
      flags |= W_PROCESS_JIT;
    if (chosen->actions & W_ACTION_UPDATE)
      flags |= W_PROCESS_UPDATE;
  }
  w_prepare_exec(task, facts, origin, flags);
  return 0;
}

/* The point of no return is passed: the task is now what it asked to become. */
SEC("lsm/bprm_committed_creds")
int BPF_PROG(on_bprm_committed, struct linux_binprm *bprm) {
  const struct w_config *cfg = w_get_config();
  struct w_task *task = w_current();

  if (!task || !cfg)
    return 0;
  w_commit_exec(task);
  task->stack = (__u64)bprm->vma;
  w_begin(task, cfg, W_HOOK_BPRM_COMMITTED, W_REQUEST_EXEC);
  task->event.type = W_EVENT_COMMIT;
  task->event.exec = task->process.lineage;
  w_describe_file(&task->event, bprm->file->f_inode);
  w_name_dentry(&task->event, bprm->file->f_path.dentry);
  w_send(&task->event);
  return 0;
}

SEC("lsm.s/mmap_file")
int BPF_PROG(on_mmap_file, struct file *file, unsigned long reqprot, unsigned long prot,
             unsigned long flags) {
  const struct w_config *cfg;
  struct w_inode *state;
  struct w_facts *facts;
  struct w_task *task;

  if (file && w_mark_shared(file, flags))
    return w_conclude_blind(w_get_config());
  if (!(prot & PROT_EXEC))
    return 0;
  cfg = w_get_config();
  task = w_current();
  if (!task || !cfg)
    return w_conclude_blind(cfg);
  facts = w_begin(task, cfg, W_HOOK_MMAP_FILE, W_REQUEST_MAP);
  if ((prot & PROT_WRITE) || w_has_executable_stack(task))
    facts->flags |= W_FACT_WRITABLE;
  /* 6.12 takes the first of these out, 7.2 demands it. */
  if (!file || w_argument(ctx, 0) == 0) {
    facts->flags |= W_FACT_ANONYMOUS;
    w_gather_scopes(task, cfg);
    return w_conclude(task);
  }
  w_measure(task, cfg, file);
  if (w_is_own_image(task, facts))
    facts->flags |= W_FACT_OWN_IMAGE;
  w_gather_grants(task, cfg);
  w_describe_file(&task->event, file->f_inode);
  if (bpf_d_path(&file->f_path, task->event.path, W_PATH_SIZE) < 0)
    w_name_dentry(&task->event, file->f_path.dentry);
  /* Marked before it is allowed: from here on a writer must find it mapped. */
  state = bpf_inode_storage_get(&inodes, file->f_inode, NULL, 0);
  if (state && !(state->flags & W_INODE_MAPPED) && (facts->flags & W_FACT_NAMED))
    __sync_fetch_and_or(&state->flags, W_INODE_MAPPED);
  return w_conclude(task);
}

/* Cannot sleep: judges from the digest that is cached. */
SEC("lsm/file_mprotect")
int BPF_PROG(on_file_mprotect, struct vm_area_struct *vma, unsigned long reqprot,
             unsigned long prot) {
  const struct w_config *cfg;
  struct w_facts *facts;
  struct w_task *task;
  struct file *file;

  if (!(prot & PROT_EXEC))
    return 0;
  cfg = w_get_config();
  task = w_current();
  if (!task || !cfg)
    return w_conclude_blind(cfg);
  facts = w_begin(task, cfg, W_HOOK_FILE_MPROTECT, W_REQUEST_MAP);
  if (prot & PROT_WRITE)
    facts->flags |= W_FACT_WRITABLE;
  file = vma->vm_file;
  if (!file) {
    facts->flags |= W_FACT_ANONYMOUS;
    w_gather_scopes(task, cfg);
    return w_conclude(task);
  }
  if (vma->anon_vma)
    facts->flags |= W_FACT_MODIFIED;
  w_recall(facts, cfg, file->f_inode);
  if (w_is_own_image(task, facts))
    facts->flags |= W_FACT_OWN_IMAGE;
  w_gather_grants(task, cfg);
  w_describe_file(&task->event, file->f_inode);
  w_name_dentry(&task->event, file->f_path.dentry);
  return w_conclude(task);
}

SEC("lsm/path_truncate")
int BPF_PROG(on_path_truncate, struct path *path) {
  return w_write(path->dentry->d_inode, path->dentry, NULL, W_HOOK_PATH_TRUNCATE);
}

/* Not a hook: the daemon runs it (BPF_PROG_RUN). All or nothing, whoever is killed meanwhile. */
SEC("syscall")
int take_uses(struct w_uses_transfer *transfer) {
  struct w_uses_key from = transfer->from;
  struct w_uses_key to = transfer->to;
  struct w_uses given = {.left = transfer->count};
  struct w_uses *payer = bpf_map_lookup_elem(&uses, &from);

  transfer->result = -EEXIST;
  if (bpf_map_lookup_elem(&uses, &to))
    return 0;
  transfer->result = -ENOSPC;
  if (!payer || given.left <= 0)
    return 0;
  if (__sync_fetch_and_add(&payer->left, -given.left) < given.left) {
    __sync_fetch_and_add(&payer->left, given.left);
    return 0;
  }
  transfer->result = bpf_map_update_elem(&uses, &to, &given, BPF_NOEXIST);
  if (transfer->result != 0)
    __sync_fetch_and_add(&payer->left, given.left);
  return 0;
}
