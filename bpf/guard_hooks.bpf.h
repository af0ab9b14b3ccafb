/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The second part of warrant.bpf.c: the hooks in which something is touched, and, last, those that
 * tell of writing which no open tells of; in the order of the contract. Most return at once, before
 * any map is looked at. */
#ifndef WARRANT_GUARD_HOOKS_BPF_H
#define WARRANT_GUARD_HOOKS_BPF_H

#include "doors.bpf.h"
#include "guard.bpf.h"
#include "writes.bpf.h"

/*
 * What is asked of a file by ioctl(2) that changes content below the page cache: what was measured
 * there would go on being believed, and what is read once those pages were dropped would run.
 * Blocks moved between files of ext4; blocks that two files are to share because they are alike in
 * memory (the one that is asked may be stale there, the other one, which needs no descriptor to
 * write, is read anew from its blocks); a loop device in use that shows another file, or another
 * part of it; another table for a device of the mapper, or one that waits to come into force,
 * whichever device it is: that is named in memory which can change.
 */
static __always_inline int w_moves_content(struct file *file, struct inode *inode,
                                           unsigned int command) {
  __u32 type = inode->i_mode & S_IFMT;

  if (command == EXT4_IOC_MOVE_EXT)
    return inode->i_sb->s_magic == EXT4_SUPER_MAGIC;
  if (command == FIDEDUPERANGE)
    return type == S_IFREG;
  if (command == LOOP_SET_STATUS || command == LOOP_SET_STATUS64 || command == LOOP_CHANGE_FD)
    return type == S_IFBLK && w_is_disk_in_use(file);
  command &= IOC_TYPE_AND_NUMBER;
  return type == S_IFCHR && (command == DM_TABLE_LOAD || command == DM_DEV_SUSPEND);
}

static __always_inline int w_ask(struct file *file, unsigned int command, __u32 hook) {
  struct inode *inode = file->f_inode;

  if (!w_moves_content(file, inode, command))
    return 0;
  return w_touch(hook, W_OBJECT_BLOCK_DEVICE, inode, w_file_name(file));
}

SEC("lsm/file_ioctl")
int BPF_PROG(on_file_ioctl, struct file *file, unsigned int command) {
  return w_ask(file, command, W_HOOK_FILE_IOCTL);
}

SEC("lsm/file_ioctl_compat")
int BPF_PROG(on_file_ioctl_compat, struct file *file, unsigned int command) {
  return w_ask(file, command, W_HOOK_FILE_IOCTL_COMPAT);
}

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

/* What mount(2) moves is only a name here: in the namespace of the pins, nothing is moved. Their
 * own mount is neither covered nor changed. */
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
  if (super->s_magic != BPF_FS_MAGIC || super->s_dev != guard.device)
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

/* Puts the root of the task below another mount, and that one above the pins. */
SEC("lsm/sb_pivotroot")
int BPF_PROG(on_sb_pivotroot, struct path *old_path, struct path *new_path) {
  if (!w_has_root_of_pins())
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

SEC("lsm/bpf")
int BPF_PROG(on_bpf, int command, union bpf_attr *attr) {
  if (command != BPF_PROG_LOAD || !w_is_dangerous(attr))
    return 0;
  return w_touch(W_HOOK_BPF, W_OBJECT_BPF, NULL, (void *)attr + W_ATTR_PROG_NAME);
}

/* Its arguments are others from 6.12 on; none is needed. */
SEC("lsm/perf_event_open")
int BPF_PROG(on_perf_event_open) {
  return w_touch(W_HOOK_PERF_EVENT_OPEN, W_OBJECT_TRACING, NULL, NULL);
}

/* ptrace(2), and whatever reaches into another process as if it were: process_vm_writev,
 * /proc/PID/mem, pidfd_getfd. */
SEC("lsm/ptrace_access_check")
int BPF_PROG(on_ptrace_access_check, struct task_struct *target, unsigned int mode) {
  __u32 object = W_OBJECT_PTRACE;

  if (!(mode & PTRACE_MODE_ATTACH))
    return 0;
  /* Threads share memory, and of the task that arms only the one that calls take_guard has it. */
  if ((w_flags_of(target) | w_flags_of(target->group_leader)) & W_PROCESS_ADMINISTER)
    object = W_OBJECT_ADMINISTRATOR;
  return w_touch(W_HOOK_PTRACE_ACCESS_CHECK, object, NULL, &target->comm);
}

/* The current task wants to be traced by its parent. */
SEC("lsm/ptrace_traceme")
int BPF_PROG(on_ptrace_traceme, struct task_struct *parent) {
  return w_touch(W_HOOK_PTRACE_TRACEME, W_OBJECT_PTRACE, NULL, &parent->comm);
}

SEC("lsm/inode_init_security_anon")
int BPF_PROG(on_inode_init_security_anon, struct inode *inode, const struct qstr *text) {
  struct w_word name;

  w_read_word(&name, BPF_CORE_READ(text, name));
  if (!w_is_called(&name, w_name_userfault))
    return 0;
  return w_touch(W_HOOK_INODE_INIT_SECURITY_ANON, W_OBJECT_USERFAULT, NULL, NULL);
}

SEC("lsm/locked_down")
int BPF_PROG(on_locked_down, int reason) {
  if (!w_is_kernel_memory(reason))
    return 0;
  return w_touch(W_HOOK_LOCKED_DOWN, W_OBJECT_KERNEL_MEMORY, NULL, NULL);
}

/* The kernel keeps writers out from before this hook until it has read the file. */
SEC("lsm.s/kernel_read_file")
int BPF_PROG(on_kernel_read_file, struct file *file, int id) {
  __u32 object = w_loaded_object(id);

  if (object == W_OBJECT_NONE)
    return 0;
  return w_load_code(file, W_HOOK_KERNEL_READ_FILE, object);
}

SEC("lsm/kernel_load_data")
int BPF_PROG(on_kernel_load_data, int id) {
  __u32 object = w_loaded_object(id);

  if (object == W_OBJECT_NONE)
    return 0;
  return w_load_bytes(W_HOOK_KERNEL_LOAD_DATA, object);
}

/* personality(2) asks no security module, and its entry can be seen but not refused: who is denied
 * does not come back from it. */
static __always_inline void w_see_personality(__u32 hook, unsigned long wanted) {
  if ((__u32)wanted == ~0u || !(wanted & READ_IMPLIES_EXEC))
    return;
  if (w_touch(hook, W_OBJECT_READ_IMPLIES_EXEC, NULL, NULL) != 0)
    bpf_send_signal(SIGKILL);
}

SEC("fentry/__x64_sys_personality")
int BPF_PROG(on_personality, struct pt_regs___kernel *registers) {
  w_see_personality(W_HOOK_PERSONALITY, BPF_CORE_READ(registers, di));
  return 0;
}

SEC("fentry/__ia32_sys_personality")
int BPF_PROG(on_personality_32, struct pt_regs___kernel *registers) {
  w_see_personality(W_HOOK_PERSONALITY_32, BPF_CORE_READ(registers, bx));
  return 0;
}

/* What the kernel's symbol table tells; where it tells no addresses, they stay 0. */
static __always_inline void w_find_symbols(void) {
  static const char devices[] = "blockdev_superblock";
  static const char whole[] = "bd_may_claim";
  struct super_block *all = NULL;
  __u64 address = 0;

  if (bpf_kallsyms_lookup_name(devices, sizeof(devices), 0, &address) == 0)
    bpf_probe_read_kernel(&all, sizeof(all), (const void *)address);
  /* A module may have a symbol of that name. */
  if (BPF_CORE_READ(all, s_magic) == BDEVFS_MAGIC)
    guard.devices = (__u64)all;
  if (bpf_kallsyms_lookup_name(whole, sizeof(whole), 0, &address) == 0)
    guard.whole = address;
}

static __noinline int w_take_guard(const struct w_guard_request *asked) {
  struct w_context *context = w_context();
  struct file *file = NULL;

  if (!w_sees_machine())
    return -EXDEV;
  if (w_is_answered())
    return -EACCES;
  if (!context)
    return -ENOMEM;
  for (int i = 0; i < W_GUARD_FOLDERS; i++) {
    file = w_file_of(asked->folders[i]);
    if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != BPF_FS_MAGIC)
      return -EBADF;
    guard.folders[i] = BPF_CORE_READ(file, f_inode, i_ino);
  }
  guard.mount = (__u64)w_mount_of(BPF_CORE_READ(file, f_path.mnt));
  guard.device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
  guard.btf = asked->guard.btf;
  for (int i = 0; i < W_GUARD_MAPS; i++)
    guard.maps[i] = asked->guard.maps[i];
  w_find_symbols();
  context->process.flags |= W_PROCESS_ADMINISTER;
  return 0;
}

/*
 * Not a hook: the daemon runs it once, before anything is attached. Finds out where the pins and
 * the block devices lie, and lets the task that arms go on under its own enforcement: it was
 * executed before there was any.
 */
SEC("syscall")
int take_guard(struct w_guard_request *request) {
  struct w_guard_request asked = *request; /* the verifier allows no index into the context */

  request->result = w_take_guard(&asked);
  return 0;
}

/* A descriptor may become one for writing past memory after it was opened. */
SEC("lsm/file_fcntl")
int BPF_PROG(on_file_fcntl, struct file *file, unsigned int command, unsigned long flags) {
  if (command != F_SETFL || !w_mark_direct(file, flags))
    return 0;
  return w_conclude_blind();
}

SEC("lsm/quota_on")
int BPF_PROG(on_quota_on, struct dentry *dentry) {
  struct inode *inode = dentry->d_inode;

  return inode ? w_keep_quota(inode, dentry) : 0;
}

#endif
