/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that are no hooks: the daemon has them run (take_guard, too: guard_hooks.bpf.h). */
#ifndef WARRANT_CALLS_BPF_H
#define WARRANT_CALLS_BPF_H

#include "process.bpf.h"

/* For every thread, once task_alloc and task_free are attached and before anything else is. */
SEC("iter/task")
int adopt_running(struct bpf_iter__task *context) {
  struct task_struct *task = context->task;

  if (task)
    w_adopt_running(task);
  return 0;
}

/* By BPF_PROG_RUN. All or nothing, whoever is killed meanwhile; never fewer than are left, not even
 * for a moment: whoever executes then would be refused. -EAGAIN: somebody took one just now. */
SEC("syscall")
int take_uses(struct w_uses_transfer *transfer) {
  struct w_uses_key from = transfer->from;
  struct w_uses_key to = transfer->to;
  struct w_uses given = {.left = transfer->count};
  struct w_uses *payer = bpf_map_lookup_elem(&uses, &from);
  __s64 left;

  transfer->result = -EEXIST;
  if (bpf_map_lookup_elem(&uses, &to))
    return 0;
  transfer->result = -ENOSPC;
  if (!payer || given.left <= 0)
    return 0;
  left = *(const volatile __s64 *)&payer->left;
  if (left < given.left)
    return 0;
  transfer->result = -EAGAIN;
  if (__sync_val_compare_and_swap(&payer->left, left, left - given.left) != left)
    return 0;
  transfer->result = bpf_map_update_elem(&uses, &to, &given, BPF_NOEXIST);
  if (transfer->result != 0)
    __sync_fetch_and_add(&payer->left, given.left);
  return 0;
}

#endif
