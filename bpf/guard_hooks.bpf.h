/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The second part of warrant.bpf.c: the hooks in which something is touched, in the order of the
 * contract. Most return at once, before any map is looked at. */
#ifndef WARRANT_GUARD_HOOKS_BPF_H
#define WARRANT_GUARD_HOOKS_BPF_H

#include "guard.bpf.h"

SEC("lsm/inode_unlink")
int BPF_PROG(on_inode_unlink, struct inode *folder, struct dentry *dentry) {
  if (!w_is_pin(folder, dentry))
    return 0;
  return w_touch(W_HOOK_INODE_UNLINK, W_OBJECT_PIN, folder, w_name_of(dentry));
}

SEC("lsm/inode_rmdir")
int BPF_PROG(on_inode_rmdir, struct inode *folder, struct dentry *dentry) {
  if (w_is_pin(folder, dentry))
    return w_touch(W_HOOK_INODE_RMDIR, W_OBJECT_PIN, folder, w_name_of(dentry));
  if (w_bears_pins(dentry))
    return w_touch(W_HOOK_INODE_RMDIR, W_OBJECT_MOUNT, folder, w_name_of(dentry));
  return 0;
}

SEC("lsm/inode_rename")
int BPF_PROG(on_inode_rename, struct inode *from, struct dentry *dentry, struct inode *to,
             struct dentry *replaced) {
  if (w_is_pin(from, dentry) || w_is_pin(to, replaced))
    return w_touch(W_HOOK_INODE_RENAME, W_OBJECT_PIN, from, w_name_of(dentry));
  if (w_is_folder(replaced) && w_bears_pins(replaced))
    return w_touch(W_HOOK_INODE_RENAME, W_OBJECT_MOUNT, to, w_name_of(replaced));
  return 0;
}

/* What mount(2) moves is only a name here: in the namespace of the pins, nothing is moved. */
SEC("lsm/sb_mount")
int BPF_PROG(on_sb_mount, const char *device, struct path *path, const char *type,
             unsigned long flags) {
  if (!((flags & MS_MOVE) && w_shares_namespace()) && !w_covers_pins(path))
    return 0;
  return w_touch(W_HOOK_SB_MOUNT, W_OBJECT_MOUNT, NULL, w_name_of(path->dentry));
}

/* A read-only file system of pins would keep the next daemon from taking them over. */
SEC("lsm/sb_remount")
int BPF_PROG(on_sb_remount, struct super_block *super) {
  struct w_guard *guard;

  if (super->s_magic != BPF_FS_MAGIC)
    return 0;
  guard = w_get_guard();
  if (!guard || super->s_dev != guard->device)
    return 0;
  return w_touch(W_HOOK_SB_REMOUNT, W_OBJECT_MOUNT, NULL, NULL);
}

SEC("lsm/sb_umount")
int BPF_PROG(on_sb_umount) {
  struct mount *mount = w_mount_of((void *)w_argument(ctx, 0));

  if (!w_umounts_pins(mount))
    return 0;
  return w_touch(W_HOOK_SB_UMOUNT, W_OBJECT_MOUNT, NULL,
                 w_name_of(BPF_CORE_READ(mount, mnt_mountpoint)));
}

SEC("lsm/sb_pivotroot")
int BPF_PROG(on_sb_pivotroot, struct path *old_path, struct path *new_path) {
  if (!w_shares_namespace())
    return 0;
  return w_touch(W_HOOK_SB_PIVOTROOT, W_OBJECT_MOUNT, NULL, w_name_of(new_path->dentry));
}

SEC("lsm/move_mount")
int BPF_PROG(on_move_mount, struct path *from, struct path *to) {
  if (!w_moves_pins(from, to))
    return 0;
  return w_touch(W_HOOK_MOVE_MOUNT, W_OBJECT_MOUNT, NULL, w_name_of(to->dentry));
}

/* For reading as well: a program that is given the descriptor can write. */
SEC("lsm/bpf_map")
int BPF_PROG(on_bpf_map, struct bpf_map *map) {
  if (!w_is_own_map(map))
    return 0;
  return w_touch(W_HOOK_BPF_MAP, W_OBJECT_MAP, NULL, &map->name);
}

SEC("lsm/bpf_prog")
int BPF_PROG(on_bpf_prog, struct bpf_prog *program) {
  if (!w_is_own_program(program))
    return 0;
  return w_touch(W_HOOK_BPF_PROG, W_OBJECT_PROGRAM, NULL, &program->aux->name);
}

/*
 * Not a hook: the daemon runs it once, before anything is attached. Finds out where the pins lie,
 * and lets the task that arms go on under its own enforcement: it was executed before there was
 * any.
 */
SEC("syscall")
int take_guard(struct w_guard_request *request) {
  struct w_guard_request asked = *request; /* the verifier allows no index into the context */
  struct w_guard *place = w_get_guard();
  struct w_context *context = w_context();
  struct file *file = NULL;

  request->result = -ENOMEM;
  if (!place || !context)
    return 0;
  request->result = -EBADF;
  for (int i = 0; i < W_GUARD_FOLDERS; i++) {
    file = w_file_of(asked.folders[i]);
    if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != BPF_FS_MAGIC)
      return 0;
    place->folders[i] = BPF_CORE_READ(file, f_inode, i_ino);
  }
  place->mount = (__u64)w_mount_of(BPF_CORE_READ(file, f_path.mnt));
  place->device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
  place->btf = asked.guard.btf;
  for (int i = 0; i < W_GUARD_MAPS; i++)
    place->maps[i] = asked.guard.maps[i];
  context->process.flags |= W_PROCESS_ADMINISTER;
  request->result = 0;
  return 0;
}

#endif
