/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Process context: copied at fork, set at exec, adopted for tasks that are older than enforcement.
 */
#ifndef WARRANT_PROCESS_BPF_H
#define WARRANT_PROCESS_BPF_H

#include "maps.bpf.h"

static __always_inline struct w_task *w_task_storage(struct task_struct *task, __u64 flags) {
  struct w_task *found = NULL;

  for (int i = 0; i < W_STORAGE_TRIES && !found; i++)
    found = bpf_task_storage_get(&tasks, task, NULL, flags);
  return found;
}

static __always_inline void w_adopt(struct w_process *process) {
  process->lineage = w_next(W_SEQUENCE_LINEAGE);
  process->parent = 0;
  process->root = process->lineage;
  process->since = bpf_ktime_get_boot_ns();
  process->flags = W_PROCESS_ADOPTED;
  w_count(W_COUNTER_ADOPTED);
}

/* The context of the current task, adopted if need be; NULL when there is no memory for it. */
static __always_inline struct w_task *w_current(void) {
  struct w_task *task = w_task_storage(bpf_get_current_task_btf(), BPF_LOCAL_STORAGE_GET_F_CREATE);

  if (task && task->process.lineage == 0)
    w_adopt(&task->process);
  return task;
}

static __always_inline int w_fork(struct task_struct *child) {
  struct w_task *parent = w_current();
  struct w_task *copy;

  if (!parent)
    return -ENOMEM;
  copy = w_task_storage(child, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (!copy)
    return -ENOMEM;
  copy->process = parent->process;
  copy->image = parent->image;
  return 0;
}

/*
 * Called for each file of an exec chain that was allowed. The file asked for gives the authority
 * (artifact, digest); the last one, the binary that really runs, gives jit and update.
 */
static __always_inline void w_prepare_exec(struct w_task *task, const struct w_facts *facts,
                                           const struct w_origin *origin, __u32 flags) {
  struct w_process *next = &task->pending;
  __u32 bond = origin ? origin->bond : 0;

  if (facts->chain == 0) {
    next->lineage = task->event.exec;
    next->parent = task->process.lineage;
    next->root = task->process.root;
    next->depth = task->process.depth + 1;
    __builtin_memcpy(next->digest, facts->digest, W_DIGEST_SIZE);
    __builtin_memcpy(next->bonds, task->process.bonds, sizeof(next->bonds));
    if (origin)
      __builtin_memcpy(next->artifact, origin->id, W_ID_SIZE);
    else
      __builtin_memset(next->artifact, 0, W_ID_SIZE);
  }
  if (bond != 0 && bond <= W_MAX_BONDS)
    next->bonds[((bond - 1) >> 6) & (W_BOND_WORDS - 1)] |= 1ull << ((bond - 1) & 63);
  next->flags = flags;
  task->pending_image.digest_kind = facts->digest_kind;
  __builtin_memcpy(task->pending_image.digest, facts->digest, W_DIGEST_SIZE);
}

static __always_inline void w_commit_exec(struct w_task *task) {
  task->pending.since = bpf_ktime_get_boot_ns();
  task->process = task->pending;
  task->image = task->pending_image;
  task->pending.lineage = 0;
}

/*
 * Whether the stack that the kernel has just made for a new image is executable: an ELF header may
 * ask for that, and no hook is called for it. Looked at when the image's first code is mapped,
 * which is after the stack was made and before anything of the image runs.
 */
static __always_inline int w_has_executable_stack(struct w_task *task) {
  struct vm_area_struct *stack = (void *)task->stack;

  task->stack = 0;
  return stack && (BPF_CORE_READ(stack, vm_flags) & VM_EXEC);
}

#endif
