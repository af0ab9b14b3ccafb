/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Process context: copied at fork, set at exec, adopted for tasks that are older than enforcement.
 */
#ifndef WARRANT_PROCESS_BPF_H
#define WARRANT_PROCESS_BPF_H

#include "contexts.bpf.h"

static __always_inline void w_adopt(struct w_process *process) {
  process->lineage = w_next(W_SEQUENCE_LINEAGE);
  process->parent = 0;
  process->root = process->lineage;
  process->since = bpf_ktime_get_boot_ns();
  process->flags = W_PROCESS_ADOPTED;
  w_count(W_COUNTER_ADOPTED);
}

/* The context that the current task has in task storage if it has no slot; adopted if need be. NULL
 * when there is no memory for it. Not inlined: each program holds it once. */
static __noinline struct w_context *w_own_stored_context(void) {
  struct w_context *context =
      w_stored_context(bpf_get_current_task_btf(), BPF_LOCAL_STORAGE_GET_F_CREATE);

  if (context && context->process.lineage == 0)
    w_adopt(&context->process);
  return context;
}

/* The context of the current task; NULL when there is no memory for it. */
static __always_inline struct w_context *w_context(void) {
  __u64 self = bpf_get_current_task();
  struct w_slot *slot = w_slot_at(self);

  return w_is_slot_of(slot, self) ? &slot->context : w_own_stored_context();
}

/*
 * Of a task older than enforcement, which may look at any moment: it finds all or nothing. While it
 * forks it may make itself a context in storage, and keeps that; where its slot is another's it is
 * only given room, since none is to be made where a program may sleep (moves_late).
 */
static __always_inline void w_adopt_running(struct task_struct *task) {
  __u64 address = w_address_of(task);
  struct w_slot *slot = w_slot_at(address);

  if (!slot || w_is_slot_of(slot, address) || w_stored_context(task, 0))
    return;
  if (__sync_val_compare_and_swap(&slot->task, 0, W_SLOT_TAKEN) != 0) {
    (void)w_stored_context(task, BPF_LOCAL_STORAGE_GET_F_CREATE);
    return;
  }
  __builtin_memset(&slot->context, 0, sizeof(slot->context));
  w_adopt(&slot->context.process);
  slot->context.tgid = (__u32)task->tgid;
  barrier();
  slot->task = address;
  if (w_stored_context(task, 0))
    w_free_slot(slot);
}

static __always_inline int w_take(struct w_task *room) {
  return room && __sync_val_compare_and_swap(&room->busy, 0, 1) == 0;
}

static __always_inline struct w_task *w_try_room(__u32 number) {
  struct w_task *room;

  number &= W_ROOMS - 1;
  room = bpf_map_lookup_elem(&rooms, &number);
  return w_take(room) ? room : NULL;
}

struct w_room_search {
  __u32 first;
  __u32 found; /* one more than the number of the room that was taken; 0: none */
};

static long w_try_next_room(__u32 i, struct w_room_search *search) {
  __u32 number = (search->first + i) & (W_ROOMS - 1);

  if (!w_try_room(number))
    return 0;
  search->found = number + 1;
  return 1;
}

/* Takes the first free room from that number on: one more than its number, 0 when there is none.
 * Global, so that the verifier walks it once. */
__noinline __u32 w_search_rooms(__u32 first) {
  struct w_room_search search = {.first = first};

  bpf_loop(W_ROOMS, w_try_next_room, &search, 0);
  return search.found;
}

/*
 * When the first is taken: the others of this CPU come next, then those of CPUs that there may not
 * even be; a room of its own is made last, since that may sleep (moves_late). Not
 * inlined, like all that few come to: each program holds it once.
 */
static __noinline struct w_task *w_find_other_room(__u32 first) {
  __u32 found = w_search_rooms(first);
  __u32 number = (found - 1) & (W_ROOMS - 1);
  struct w_task *room;

  if (found != 0)
    return bpf_map_lookup_elem(&rooms, &number);
  room = bpf_task_storage_get(&own_rooms, bpf_get_current_task_btf(), NULL,
                              BPF_LOCAL_STORAGE_GET_F_CREATE);
  return w_take(room) ? room : NULL;
}

static __always_inline struct w_task *w_find_room(void) {
  __u32 first = bpf_get_smp_processor_id() * W_ROOMS_PER_CPU;
  struct w_task *room = w_try_room(first);

  return room ? room : w_find_other_room(first);
}

/* Room for a request of the task with that context; NULL when there is none. */
static __always_inline struct w_task *w_enter(struct w_context *context) {
  struct w_task *room = context ? w_find_room() : NULL;

  if (!room)
    return NULL;
  room->event.process = context->process;
  room->image = context->image;
  return room;
}

/* The same for the current task. Whoever gets one gives it back, by w_conclude_*() or w_leave(). */
static __always_inline struct w_task *w_current(void) {
  return w_enter(w_context());
}

static __always_inline void w_leave(struct w_task *room) {
  __sync_lock_test_and_set(&room->busy, 0);
}

static __always_inline int w_fork(struct task_struct *child) {
  struct w_context *parent = w_context();
  struct w_context *copy;

  if (!parent)
    return -ENOMEM;
  copy = w_new_context(child, w_belongs_in_storage(&parent->process));
  if (!copy)
    return -ENOMEM;
  copy->process = parent->process;
  copy->image = parent->image;
  copy->script = parent->script;
  copy->nested = parent->nested;
  return 0;
}

/*
 * Called for each file of an exec chain that was allowed. The file asked for gives the authority
 * (artifact, digest); the last one, the binary that really runs, gives the rest.
 */
static __always_inline void w_prepare_exec(struct w_context *context, const struct w_facts *facts,
                                           const struct w_origin *origin, __u32 flags) {
  struct w_process *next = &context->pending;
  __u32 bond = origin ? origin->bond : 0;

  if (facts->chain == 0) {
    next->parent = context->process.lineage;
    next->root = context->process.root;
    next->depth = context->process.depth + 1;
    __builtin_memcpy(next->digest, facts->digest, W_DIGEST_SIZE);
    __builtin_memcpy(next->bonds, context->process.bonds, sizeof(next->bonds));
    if (origin)
      __builtin_memcpy(next->artifact, origin->id, W_ID_SIZE);
    else
      __builtin_memset(next->artifact, 0, W_ID_SIZE);
  }
  if (bond != 0 && bond <= W_MAX_BONDS)
    next->bonds[((bond - 1) >> 6) & (W_BOND_WORDS - 1)] |= 1ull << ((bond - 1) & 63);
  next->flags = flags;
  context->pending_image.digest_kind = facts->digest_kind;
  __builtin_memcpy(context->pending_image.digest, facts->digest, W_DIGEST_SIZE);
}

/* Whether the exec under way should have moved that context to storage, and has not. */
static __always_inline int w_is_left_behind(const struct w_context *context) {
  return moves_late && w_belongs_in_storage(&context->pending) && w_has_slot();
}

/* The exec under way cannot be judged. Where policy only observes it goes on all the same, and the
 * task becomes what nobody authorized: nothing of an exec before must be left to be committed. */
static __always_inline void w_forget_exec(struct w_context *context) {
  struct w_process *next = &context->pending;

  __builtin_memset(next, 0, sizeof(*next));
  __builtin_memset(&context->pending_image, 0, sizeof(context->pending_image));
  __builtin_memset(&context->pending_script, 0, sizeof(context->pending_script));
  __builtin_memset(&context->pending_nested, 0, sizeof(context->pending_nested));
  context->flags &= ~W_CONTEXT_SCRIPT_ONLY;
  next->lineage = w_next(W_SEQUENCE_LINEAGE);
  next->parent = context->process.lineage;
  next->root = context->process.root;
  next->depth = context->process.depth + 1;
  __builtin_memcpy(next->bonds, context->process.bonds, sizeof(next->bonds));
}

static __always_inline void w_commit_exec(struct w_context *context) {
  context->pending.since = bpf_ktime_get_boot_ns();
  context->process = context->pending;
  context->tgid = (__u32)bpf_get_current_task_btf()->tgid;
  context->image = context->pending_image;
  context->script = context->pending_script;
  /* The binary that runs is no script. */
  if (context->chain < 2)
    __builtin_memset(&context->nested, 0, sizeof(context->nested));
  else
    context->nested = context->pending_nested;
  context->pending.lineage = 0;
}

/*
 * Whether the stack that the kernel has just made for a new image is executable: an ELF header may
 * ask for that, and no hook is called for it. Looked at when the image's first code is mapped,
 * which is after the stack was made and before anything of the image runs. Whoever has told it to
 * decide() clears context->stack.
 */
static __always_inline int w_has_executable_stack(const struct w_context *context) {
  struct vm_area_struct *stack = (void *)context->stack;

  return stack && (BPF_CORE_READ(stack, vm_flags) & VM_EXEC);
}

/* Which task it is, read from where it stands: the helpers for that cost three times as much. */
static __always_inline void w_describe_task(struct w_event *event) {
  struct task_struct *self = bpf_get_current_task_btf();
  const struct cred *cred = self->cred;

  event->tgid = (__u32)self->tgid;
  event->pid = (__u32)self->pid;
  event->uid = ~0u;
  event->gid = ~0u;
  /* Never so; but where the kernel's types say __rcu, the verifier wants to see it looked at. */
  if (cred) {
    event->uid = cred->uid.val;
    event->gid = cred->gid.val;
  }
}

/* Another thread may write the name meanwhile: the last byte is made its end. */
static __always_inline void w_describe_comm(struct w_event *event) {
  struct task_struct *self = bpf_get_current_task_btf();
  const __u64 *from = (const __u64 *)self->comm;
  __u64 *to = (__u64 *)event->comm;

  to[0] = from[0];
  to[1] = from[1];
  event->comm[W_COMM_SIZE - 1] = 0;
}

#endif
