/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which scopes the current task is in, resolved in the kernel at the moment of the request, so that
 * a service's very first exec is judged in its own cgroup with no help from user space.
 */
#ifndef WARRANT_SCOPES_BPF_H
#define WARRANT_SCOPES_BPF_H

#include "maps.bpf.h"

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

/*
 * The way from the current task's cgroup up to the root, in task->cgroup_chain: of a long one the
 * upper end. Depth 0 when it is too long to be sure of. Global, and the depth kept in memory: what
 * follows is then verified once, and not once for each depth.
 */
__noinline int w_find_cgroup_chain(struct w_task *task) {
  struct task_struct *self = bpf_get_current_task_btf();
  struct kernfs_node *node = BPF_CORE_READ(self, cgroups, dfl_cgrp, kn);

  if (!task)
    return 0;
  task->cgroup_depth = 0;
  for (__u32 i = 0; i < W_CGROUP_WALK; i++) {
    struct kernfs_node *parent = w_kernfs_parent(node);
    if (!parent) {
      task->cgroup_depth = i;
      break;
    }
    task->cgroup_chain[i & (W_CGROUP_ROOM - 1)] = (__u64)node;
    node = parent;
  }
  return 0;
}

/*
 * Walks the tree of bound cgroups from the root down and leaves it where no artifact binds anything
 * deeper. The nearest bound ancestor counts: artifacts/compile repeats in its scope what its own
 * ancestors grant.
 */
__noinline int w_cgroup_scopes(struct w_task *task, __u32 slot) {
  struct w_cgroup_key key;
  __u32 parent = 0;
  void *nodes;
  __u32 depth;

  if (!task)
    return 0;
  nodes = bpf_map_lookup_elem(&cgroup_scopes, &slot);
  depth = nodes ? task->cgroup_depth : 0;
  for (__u32 i = 0; i < W_CGROUP_DEPTH; i++) {
    struct kernfs_node *node;
    struct w_cgroup_node *found;
    long length;

    if (i >= depth)
      break;
    node = (void *)task->cgroup_chain[(depth - 1 - i) & (W_CGROUP_ROOM - 1)];
    __builtin_memset(&key, 0, sizeof(key));
    key.parent = parent;
    length = bpf_probe_read_kernel_str(key.name, W_CGROUP_NAME_SIZE, BPF_CORE_READ(node, name));
    if (length <= 0 || length >= W_CGROUP_NAME_SIZE)
      break;
    found = bpf_map_lookup_elem(nodes, &key);
    if (!found)
      break;
    if (found->scope)
      task->scopes[0] = found->scope;
    if (found->mode)
      task->event.facts.mode = found->mode;
    parent = found->node;
  }
  return 0;
}

/* Fills task->scopes, and the facts' mode: the host's unless a scope has its own. */
static __always_inline void w_resolve_scopes(struct w_task *task, __u32 slot, __u32 flags,
                                             __u8 mode) {
  struct w_uid_scope *found;
  void *uids;

  __builtin_memset(task->scopes, 0, sizeof(task->scopes));
  task->event.facts.mode = mode;
  if (flags & W_GENERATION_HAS_UIDS) {
    uids = bpf_map_lookup_elem(&uid_scopes, &slot);
    found = uids ? bpf_map_lookup_elem(uids, &task->event.uid) : NULL;
    if (found) {
      task->scopes[2] = found->scope;
      if (found->mode)
        task->event.facts.mode = found->mode;
    }
  }
  /* After the uid's: what is said of a cgroup counts before what is said of a user. */
  if (flags & W_GENERATION_HAS_CGROUPS) {
    w_find_cgroup_chain(task);
    w_cgroup_scopes(task, slot);
  }
  task->scopes[3] = W_SCOPE_HOST;
}

#endif
