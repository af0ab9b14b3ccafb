/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which scopes the current task is in, resolved in the kernel at the moment of the request, so that
 * a service's very first exec is judged in its own cgroup with no help from user space.
 */
#ifndef WARRANT_SCOPES_BPF_H
#define WARRANT_SCOPES_BPF_H

#include "known.bpf.h"

/* Deeper hierarchies than this have no cgroup scope, hence no cgroup grants. */
#define W_CGROUP_WALK 40

/* Not inlined: clang moves the offset that this kernel lacks out of the branch, into a loop's head.
 */
static __noinline struct kernfs_node *w_kernfs_parent(struct kernfs_node *node) {
  struct kernfs_node___renamed *renamed = (void *)node;

  if (bpf_core_field_exists(renamed->__parent))
    return BPF_CORE_READ(renamed, __parent);
  return BPF_CORE_READ(node, parent);
}

/* Walks by bpf_loop, whose body the verifier walks once and not once for each step. */
struct w_climb {
  struct w_task *task;
  struct kernfs_node *node;
};

static long w_climb_cgroup(__u32 number, struct w_climb *climb) {
  struct kernfs_node *node = climb->node;
  struct kernfs_node *parent = w_kernfs_parent(node);

  if (!parent) {
    climb->task->cgroup_depth = number;
    return 1;
  }
  climb->task->cgroup_chain[number & (W_CGROUP_ROOM - 1)] = (__u64)node;
  climb->node = parent;
  return 0;
}

/*
 * The way from the current task's cgroup up to the root, in task->cgroup_chain: of a long one the
 * upper end. Depth 0 when it is too long to be sure of. Global, and the depth kept in memory: what
 * follows is then verified once, and not once for each depth.
 */
__noinline int w_find_cgroup_chain(struct w_task *task) {
  struct task_struct *self = bpf_get_current_task_btf();
  struct kernfs_node *leaf = BPF_CORE_READ(self, cgroups, dfl_cgrp, kn);
  struct w_climb climb = {.task = task, .node = leaf};

  if (!task)
    return 0;
  task->cgroup_leaf = BPF_CORE_READ(leaf, id);
  task->cgroup_depth = 0;
  bpf_loop(W_CGROUP_WALK, w_climb_cgroup, &climb, 0);
  return 0;
}

struct w_descent {
  struct w_task *task;
  __u32 slot;
  __u32 parent;
  struct w_cgroup_key key;
};

static long w_descend_cgroup(__u32 number, struct w_descent *descent) {
  struct w_task *task = descent->task;
  struct w_cgroup_node *found;
  struct kernfs_node *node;
  __u32 slot = descent->slot;
  __u32 depth = task->cgroup_depth;
  void *nodes;
  long length;

  nodes = bpf_map_lookup_elem(&cgroup_scopes, &slot);
  if (!nodes || number >= depth)
    return 1;
  node = (void *)task->cgroup_chain[(depth - 1 - number) & (W_CGROUP_ROOM - 1)];
  __builtin_memset(&descent->key, 0, sizeof(descent->key));
  descent->key.parent = descent->parent;
  length =
      bpf_probe_read_kernel_str(descent->key.name, W_CGROUP_NAME_SIZE, BPF_CORE_READ(node, name));
  if (length <= 0 || length >= W_CGROUP_NAME_SIZE)
    return 1;
  found = bpf_map_lookup_elem(nodes, &descent->key);
  if (!found)
    return 1;
  if (found->scope)
    task->scopes[0] = found->scope;
  if (found->mode)
    task->event.facts.mode = found->mode;
  descent->parent = found->node;
  return 0;
}

/*
 * Walks the tree of bound cgroups from the root down and leaves it where no artifact binds anything
 * deeper. The nearest bound ancestor counts: artifacts/compile repeats in its scope what its own
 * ancestors grant.
 */
__noinline int w_cgroup_scopes(struct w_task *task, __u32 slot) {
  struct w_descent descent = {.task = task, .slot = slot};

  if (task)
    bpf_loop(W_CGROUP_DEPTH, w_descend_cgroup, &descent, 0);
  return 0;
}

/* The scope and the mode of the current task's cgroup, from what is known of it or from the tree.
 */
__noinline int w_apply_cgroup(struct w_task *task, __u32 slot) {
  __u64 id = bpf_get_current_cgroup_id();
  struct w_known_cgroup *known = w_cgroup_place(id);
  struct w_facts *facts;
  __u32 scope = 0;
  __u32 mode = 0;
  __u8 above;

  if (!task)
    return 0;
  facts = &task->event.facts;
  if (w_recall_cgroup(known, facts->generation, id, &scope, &mode)) {
    task->scopes[0] = scope;
    facts->mode = mode ? mode : facts->mode;
    return 0;
  }
  above = facts->mode;
  facts->mode = W_MODE_INVALID;
  w_find_cgroup_chain(task);
  w_cgroup_scopes(task, slot);
  /* Meanwhile it may have been moved to another one. */
  if (known && task->cgroup_leaf == id && w_is_in_force(slot, facts->generation))
    w_keep_cgroup(known, facts->generation, id, task->scopes[0], facts->mode);
  facts->mode = facts->mode == W_MODE_INVALID ? above : facts->mode;
  return 0;
}

/* Deeper than any namespace can be: create_user_ns(), kernel/user_namespace.c. */
#define W_USER_NAMESPACES 34

struct w_ascent {
  struct w_task *task;
  struct user_namespace *space;
  __u32 slot;
};

static long w_ascend_users(__u32 number, struct w_ascent *ascent) {
  struct user_namespace *space = ascent->space;
  __u32 owner = BPF_CORE_READ(space, owner.val);
  __u32 slot = ascent->slot;
  struct w_uid_scope *found;
  void *uids;

  (void)number;
  if (space && BPF_CORE_READ(space, level) == 0)
    return 1;
  uids = bpf_map_lookup_elem(&uid_scopes, &slot);
  found = uids ? bpf_map_lookup_elem(uids, &owner) : NULL;
  /* Root has every number anyway, and makes namespaces for others: services and containers. Where
   * one cannot be read, nobody can say whose it is. */
  if (!space || (owner != 0 && found && found->mode == W_MODE_ENFORCE)) {
    ascent->task->event.facts.mode = W_MODE_ENFORCE;
    return 1;
  }
  ascent->space = BPF_CORE_READ(space, parent);
  return 0;
}

/*
 * A user has more numbers than his own: those that newuidmap(1) lends to user namespaces that he
 * makes. Who is refused things is refused them by those numbers, too.
 */
__noinline int w_apply_owners(struct w_task *task, __u32 slot) {
  struct task_struct *self = bpf_get_current_task_btf();
  struct w_ascent ascent = {.task = task, .slot = slot};

  ascent.space = BPF_CORE_READ(self, cred, user_ns);
  if (task)
    bpf_loop(W_USER_NAMESPACES, w_ascend_users, &ascent, 0);
  return 0;
}

/* Fills task->scopes, and the facts' mode: the host's unless a scope has its own. */
static __always_inline void w_resolve_scopes(struct w_task *task, __u32 slot, __u32 flags,
                                             __u8 mode) {
  __u32 uid = task->event.uid; /* copied: 6.1 takes no key from a function's argument */
  struct w_uid_scope *found;
  void *uids;

  __builtin_memset(task->scopes, 0, sizeof(task->scopes));
  task->event.facts.mode = mode;
  if (flags & W_GENERATION_HAS_UIDS) {
    uids = bpf_map_lookup_elem(&uid_scopes, &slot);
    found = uids ? bpf_map_lookup_elem(uids, &uid) : NULL;
    if (found)
      task->scopes[2] = found->scope;
    if (found && found->mode)
      task->event.facts.mode = found->mode;
    else if (mode == W_MODE_OBSERVE)
      w_apply_owners(task, slot);
  }
  /* After the uid's: what is said of a cgroup counts before what is said of a user. */
  if (flags & W_GENERATION_HAS_CGROUPS)
    w_apply_cgroup(task, slot);
  task->scopes[3] = W_SCOPE_HOST;
}

#endif
