/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where process contexts are kept: in a table by the task's address, which costs next to nothing to
 * look up and to give to a child, and in the kernel's task storage where that cannot be.
 *
 * A task has its context in one of the two. It can only find its own:
 *   - before a task runs, and before anybody can see it, task_alloc has either given it its slot,
 *     whatever stood there, or seen to it that the slot is not its own; without either, no child;
 *   - task_free empties the slot before the address can be another's;
 *   - they are attached before anything that could give a task authority (daemon/loader.cc).
 *
 * Tasks older than enforcement get theirs when it is armed (w_adopt_running in process.bpf.h). In
 * task storage are: those whose slot another one has; the one that arms; those that carry a bond,
 * since user space finds them by their pidfd, which task storage can be asked by; and those whose
 * reads are judged, so that the rest of an open's way knows one kind of context only.
 */
#ifndef WARRANT_CONTEXTS_BPF_H
#define WARRANT_CONTEXTS_BPF_H

#include "maps.bpf.h"

/* Of what the kernel's pointer points to, as a number. The verifier lets no pointer be shifted, but
 * tells the distance of two, and knows the current task both ways; to read a hook's argument as
 * memory is dearer. */
static __always_inline __u64 w_address_of(const void *pointer) {
  const struct task_struct *self = bpf_get_current_task_btf();
  __u64 distance = (__u64)pointer;

  asm volatile("%0 -= %1" : "+r"(distance) : "r"(self));
  return bpf_get_current_task() + distance;
}

/* Addresses of tasks differ in the bits above the line of a cache. */
static __always_inline struct w_slot *w_slot_at(__u64 task) {
  __u32 number = (__u32)((task >> 6) * 0x9e3779b97f4a7c15ull >> (64 - W_SLOTS_BITS));

  return bpf_map_lookup_elem(&contexts, &number);
}

#define W_SLOT_TAKEN 1 /* no task's address: whose it becomes is not to find it yet */

static __always_inline int w_is_slot_of(const struct w_slot *slot, __u64 task) {
  return slot && slot->task == task;
}

static __always_inline int w_has_slot(void) {
  __u64 self = bpf_get_current_task();

  return w_is_slot_of(w_slot_at(self), self);
}

/* Who takes it next is not seen to administer, nor found by a number, before it is known. */
static __always_inline void w_free_slot(struct w_slot *slot) {
  slot->context.process.flags = 0;
  slot->context.tgid = 0;
  barrier();
  slot->task = 0;
}

static __always_inline struct w_context *w_stored_context(struct task_struct *task, __u64 flags) {
  struct w_context *found = NULL;

  W_ROLLED
  for (int i = 0; i < W_STORAGE_TRIES && !found; i++)
    found = bpf_task_storage_get(&tasks, task, NULL, flags);
  return found;
}

/*
 * W_PROCESS_* of another task. It may be on its way to storage: what was read counts only if the
 * slot is still its own after that. Of one that cannot be looked up (6.1) nothing is known, and
 * guarded too much is what administers.
 */
static __always_inline __u32 w_flags_of(struct task_struct *task) {
  __u64 address = w_address_of(task);
  struct w_slot *slot = w_slot_at(address);
  struct w_context *stored;
  __u32 flags;

  if (w_is_slot_of(slot, address)) {
    flags = *(volatile __u32 *)&slot->context.process.flags;
    barrier();
    if (w_is_slot_of(slot, address))
      return flags;
  }
  stored = w_stored_context(task, 0);
  return stored ? stored->process.flags : W_PROCESS_ADMINISTER;
}

static __always_inline int w_is_bound_reader(const struct w_process *process) {
  return (process->flags & (W_PROCESS_READS_SUFFIXES | W_PROCESS_READS_LISTED)) != 0;
}

static __always_inline int w_belongs_in_storage(const struct w_process *process) {
  return (process->bonds[0] | process->bonds[1]) != 0 || w_is_bound_reader(process);
}

/* The context of a child that nobody has seen yet, all zeros; NULL when there is no memory for it.
 */
static __always_inline struct w_context *w_new_context(struct task_struct *child, int in_storage) {
  __u64 address = w_address_of(child);
  struct w_slot *slot = w_slot_at(address);

  if (slot && !in_storage &&
      (slot->task == address || __sync_val_compare_and_swap(&slot->task, 0, address) == 0)) {
    __builtin_memset(&slot->context, 0, sizeof(slot->context));
    return &slot->context;
  }
  if (w_is_slot_of(slot, address))
    w_free_slot(slot);
  return w_stored_context(child, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/*
 * Set by the loader where the storage of tasks must not be made by a program that may sleep (6.1):
 * all others of that processor are refused theirs while it does (docs/kernel-notes.md). There a
 * context is moved once the whole exec is judged (on_bprm_file).
 */
const volatile __u8 moves_late = 0;

/* Before the current task becomes one that belongs there: 0 when its context is in task storage
 * now. Whoever holds a pointer to it looks it up anew. Global, so that the verifier walks it once.
 */
__noinline int w_move_to_storage(void) {
  __u64 self = bpf_get_current_task();
  struct w_slot *slot = w_slot_at(self);
  struct w_context *stored;

  if (!w_is_slot_of(slot, self))
    return 0;
  stored = w_stored_context(bpf_get_current_task_btf(), BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (!stored)
    return -ENOMEM;
  __builtin_memcpy(stored, &slot->context, sizeof(*stored));
  w_free_slot(slot);
  return 0;
}

/* The task is gone; its address may be another's next. */
static __always_inline void w_drop_context(const struct task_struct *task) {
  __u64 address = w_address_of(task);
  struct w_slot *slot = w_slot_at(address);

  if (w_is_slot_of(slot, address))
    w_free_slot(slot);
}

#endif
