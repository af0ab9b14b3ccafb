/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The mount that the pins lie on, and what would take it away: an umount of it or of what it is
 * mounted on; an umount elsewhere that is propagated to it; the removal of a folder that it, or
 * what it is mounted on, is mounted on, in a mount namespace where nothing is. Only mounts are
 * looked at, never paths: whoever tears down a copy of his own is not concerned.
 *
 * The kernel's lists are read without its lock. What a race could change in between is in
 * docs/limitations.md.
 */
#ifndef WARRANT_MOUNTS_BPF_H
#define WARRANT_MOUNTS_BPF_H

#include "maps.bpf.h"

/* Where a walk ends without an answer, the answer is the one that denies. */
#define W_MOUNT_DEPTH 16
#define W_MOUNT_COPIES 8192

/* Of an address that was read: the verifier lets no pointer be moved to before what it points to.
 */
static __always_inline struct mount *w_mount_of(struct vfsmount *mount) {
  return (void *)mount - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline struct mount *w_pins_mount(void) {
  return (struct mount *)guard.mount;
}

/* Whether one mount is the other, or is what that is mounted on, at whatever remove. */
static __noinline int w_is_at_or_above(struct mount *upper, struct mount *lower) {
  for (int i = 0; i < W_MOUNT_DEPTH; i++) {
    struct mount *parent;

    if (lower == upper)
      return 1;
    parent = BPF_CORE_READ(lower, mnt_parent);
    if (parent == lower || !parent)
      return 0;
    lower = parent;
  }
  return 1;
}

/* Whether what happens below one mount is repeated below the other: its peer, or a slave of one. */
static __noinline int w_propagates(struct mount *from, struct mount *to) {
  int group = BPF_CORE_READ(from, mnt_group_id);

  if (group == 0)
    return 0;
  for (int i = 0; i < W_MOUNT_DEPTH; i++) {
    if (BPF_CORE_READ(to, mnt_group_id) == group)
      return 1;
    to = BPF_CORE_READ(to, mnt_master);
    if (!to)
      return 0;
  }
  return 1;
}

struct w_copies {
  struct hlist_node *next;
  struct mount *target; /* what is to be unmounted */
  struct mount *place;  /* what the pins' mount is mounted on */
  int found;
};

/* One of the mounts on the dentry that the pins' mount is on, in any namespace. */
static long w_look_at_copy(__u32 number, struct w_copies *copies) {
  struct hlist_node *node = copies->next;
  struct mount *copy;

  if (!node)
    return 1;
  copy = (void *)node - bpf_core_field_offset(struct mount, mnt_mp_list);
  copies->next = BPF_CORE_READ(node, next);
  copies->found = w_propagates(BPF_CORE_READ(copy, mnt_parent), copies->place) &&
                  w_is_at_or_above(copies->target, copy);
  return copies->found;
}

/*
 * Whether an umount would take the pins' mount with it. It is taken by propagation only if another
 * mount on the same dentry goes: the kernel leaves a mount that has others on it.
 */
static __always_inline int w_umounts_pins(struct mount *target) {
  struct mount *pins = w_pins_mount();
  struct w_copies copies = {.target = target};

  if (!pins)
    return 0;
  if (w_is_at_or_above(target, pins))
    return 1;
  copies.place = BPF_CORE_READ(pins, mnt_parent);
  copies.next = BPF_CORE_READ(pins, mnt_mp, m_list.first);
  bpf_loop(W_MOUNT_COPIES, w_look_at_copy, &copies, 0);
  return copies.found || copies.next;
}

/* Whether the pins' mount, or what it is mounted on, is mounted on this: a folder that goes takes
 * every mount on it along, in all namespaces. */
static __noinline int w_bears_pins(struct dentry *dentry) {
  struct mount *mount = w_pins_mount();

  if (!mount)
    return 0;
  for (int i = 0; i < W_MOUNT_DEPTH; i++) {
    struct mount *parent = BPF_CORE_READ(mount, mnt_parent);

    if (parent == mount || !parent)
      return 0;
    if (BPF_CORE_READ(mount, mnt_mountpoint) == dentry)
      return 1;
    mount = parent;
  }
  return 1;
}

/* Whether the current task is in the mount namespace of the pins' mount. */
static __always_inline int w_shares_namespace(void) {
  struct task_struct *self = bpf_get_current_task_btf();
  struct mount *pins = w_pins_mount();

  return pins && BPF_CORE_READ(self, nsproxy, mnt_ns) == BPF_CORE_READ(pins, mnt_ns);
}

/* Whether the current task's root lies on what the pins' mount is mounted on. */
static __always_inline int w_has_root_of_pins(void) {
  struct task_struct *self = bpf_get_current_task_btf();
  struct mount *pins = w_pins_mount();

  return pins && w_is_at_or_above(w_mount_of(BPF_CORE_READ(self, fs, root.mnt)), pins);
}

/* Whether a path leads onto the pins' mount: what is mounted there hides them from the next daemon.
 */
static __always_inline int w_covers_pins(const struct path *path) {
  struct mount *pins = w_pins_mount();

  return pins && w_mount_of(BPF_CORE_READ(path, mnt)) == pins;
}

/*
 * Whether a mount that is moved takes the pins' mount with it, or lands where it hides it: on it,
 * or on the whole of what it is mounted on (which is also how a mount joins the propagation of
 * another: MOVE_MOUNT_SET_GROUP).
 */
static __always_inline int w_moves_pins(const struct path *from, const struct path *to) {
  struct mount *pins = w_pins_mount();
  struct mount *place;
  struct vfsmount *target;

  if (!pins)
    return 0;
  if (w_is_at_or_above(w_mount_of(BPF_CORE_READ(from, mnt)), pins) || w_covers_pins(to))
    return 1;
  place = BPF_CORE_READ(pins, mnt_parent);
  target = BPF_CORE_READ(to, mnt);
  return w_mount_of(target) == place &&
         BPF_CORE_READ(target, mnt_root) == BPF_CORE_READ(to, dentry);
}

#endif
