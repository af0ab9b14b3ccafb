/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which door somebody is at: to the kernel, or into processes. Here is what the kernel calls them;
 * who may pass, decide() says.
 */
#ifndef WARRANT_DOORS_BPF_H
#define WARRANT_DOORS_BPF_H

#include "guard.bpf.h"

/* Room for the longest name that is looked for, and one character more. */
#define W_WORD_SIZE 16

static const char w_name_mem[] = "mem";
static const char w_name_ftrace[] = "ftrace_enabled";
static const char w_name_register[] = "register";
static const char w_name_policy[] = "policy";
static const char w_name_userfault[] = "[userfaultfd]";

struct w_word {
  char text[W_WORD_SIZE];
};

static __always_inline void w_read_word(struct w_word *name, const void *text) {
  __builtin_memset(name, 0, sizeof(*name));
  bpf_probe_read_kernel_str(name->text, W_WORD_SIZE, text);
}

static __always_inline int w_is_called(const struct w_word *name, const char *text) {
  return bpf_strncmp(name->text, W_WORD_SIZE, text) == 0;
}

#define W_BLOCK_DEVICES 65536

struct w_devices {
  struct list_head *next;
  struct list_head *end;
  __u32 device;
  int is_free;
};

/* A part of a disk that is claimed as a whole is claimed, too: such a part can be made at any time.
 */
static __always_inline int w_is_claimed(struct block_device *device) {
  struct block_device *whole = BPF_CORE_READ(device, bd_disk, part0);
  const void *holder;

  if (!whole || BPF_CORE_READ(device, bd_holder))
    return 1;
  holder = whole == device ? NULL : BPF_CORE_READ(whole, bd_holder);
  return holder && (__u64)holder != guard.whole;
}

static long w_look_at_device(__u32 number, struct w_devices *devices) {
  struct list_head *node = devices->next;
  struct bdev_inode *found;

  if (!node || node == devices->end)
    return 1;
  found = (void *)node - bpf_core_field_offset(struct inode, i_sb_list) -
          bpf_core_field_offset(struct bdev_inode, vfs_inode);
  devices->next = BPF_CORE_READ(node, next);
  if (BPF_CORE_READ(found, bdev.bd_dev) != devices->device)
    return 0;
  devices->is_free = !w_is_claimed(&found->bdev);
  return 1;
}

/* Whether a block device, or a part of it, is mounted, swapped to, or claimed in another way. One
 * that is not found counts as claimed. */
static __noinline int w_is_in_use(__u32 device) {
  struct w_devices devices = {.device = device};
  struct super_block *all;

  if (!guard.devices)
    return 1;
  all = (void *)guard.devices;
  devices.end = (void *)all + bpf_core_field_offset(struct super_block, s_inodes);
  devices.next = BPF_CORE_READ(all, s_inodes.next);
  bpf_loop(W_BLOCK_DEVICES, w_look_at_device, &devices, 0);
  return !devices.is_free;
}

static __always_inline struct block_device *w_device_of(struct inode *inode) {
  struct bdev_inode *found = (void *)inode - bpf_core_field_offset(struct bdev_inode, vfs_inode);

  return &found->bdev;
}

/* The same of the whole of the disk that a file is, or is a part of, which is open already: then
 * its device need not be looked for. */
static __noinline int w_is_disk_in_use(struct file *file) {
  struct block_device *device = w_device_of(BPF_CORE_READ(file, f_mapping, host));
  struct block_device *whole = BPF_CORE_READ(device, bd_disk, part0);

  return !whole || w_is_claimed(whole);
}

#define W_SYS_SWAPOFF 168
#define W_SYS_SWAPOFF_32 115

/*
 * swapoff(2) opens the device to find out which one is meant, and hands the descriptor to nobody. A
 * linked request of an io_uring may be served on the way out of swapoff(2): such an open does not
 * wait, swapoff's does.
 */
static __always_inline int w_is_swapoff(struct file *file) {
  return w_is_in_call(W_SYS_SWAPOFF, W_SYS_SWAPOFF_32) && !(file->f_flags & O_NONBLOCK);
}

/* Since 6.7 every user namespace has one of its own, which whoever makes it may write to. */
static __always_inline __u32 w_door_of_binfmt(struct inode *inode) {
  return BPF_CORE_READ(inode, i_sb, s_user_ns, level) == 0 ? W_OBJECT_BINFMT : W_OBJECT_OWN_BINFMT;
}

/* The door that a file is which is opened for writing. */
static __noinline __u32 w_door_of_file(struct file *file) {
  struct inode *inode = file->f_inode;
  __u32 magic = (__u32)inode->i_sb->s_magic;
  struct w_word name;

  if ((inode->i_mode & S_IFMT) == S_IFBLK)
    return w_is_in_use(inode->i_rdev) && !w_is_swapoff(file) ? W_OBJECT_BLOCK_DEVICE
                                                             : W_OBJECT_NONE;
  if (magic == TRACEFS_MAGIC || magic == DEBUGFS_MAGIC)
    return W_OBJECT_TRACING;
  if (magic != PROC_SUPER_MAGIC && magic != BINFMTFS_MAGIC && magic != SECURITYFS_MAGIC)
    return W_OBJECT_NONE;
  w_read_word(&name, w_name_of(file->f_path.dentry));
  if (magic == SECURITYFS_MAGIC)
    return w_is_called(&name, w_name_policy) ? W_OBJECT_IMA : W_OBJECT_NONE;
  if (magic == BINFMTFS_MAGIC)
    return w_is_called(&name, w_name_register) ? w_door_of_binfmt(inode) : W_OBJECT_NONE;
  if (w_is_called(&name, w_name_mem))
    return W_OBJECT_PROCESS_MEMORY;
  return w_is_called(&name, w_name_ftrace) ? W_OBJECT_FTRACE : W_OBJECT_NONE;
}

#define W_TYPE_BIT(type) (1ull << (type))

/*
 * Kinds of BPF programs that can skip our hooks, override what the kernel answers, write into
 * processes or kill them. Those that see packets, sockets, devices and cgroups can do neither, and
 * systemd and others live by them; but for the kind that answers getsockopt(2) and setsockopt(2):
 * by the former the daemon is told who asks it.
 */
#define W_DANGEROUS_PROGRAMS                                                               \
  (W_TYPE_BIT(BPF_PROG_TYPE_KPROBE) | W_TYPE_BIT(BPF_PROG_TYPE_TRACEPOINT) |               \
   W_TYPE_BIT(BPF_PROG_TYPE_PERF_EVENT) | W_TYPE_BIT(BPF_PROG_TYPE_RAW_TRACEPOINT) |       \
   W_TYPE_BIT(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE) | W_TYPE_BIT(BPF_PROG_TYPE_TRACING) | \
   W_TYPE_BIT(BPF_PROG_TYPE_STRUCT_OPS) | W_TYPE_BIT(BPF_PROG_TYPE_EXT) |                  \
   W_TYPE_BIT(BPF_PROG_TYPE_LSM) | W_TYPE_BIT(BPF_PROG_TYPE_SYSCALL) |                     \
   W_TYPE_BIT(BPF_PROG_TYPE_CGROUP_SOCKOPT))
/* The first kind that this table does not know. */
#define W_PROGRAM_TYPES 33

/* `attr` is the kernel's copy of what bpf(2) was given: the type stands first (linux/bpf.h). */
static __always_inline int w_is_dangerous(const void *attr) {
  __u32 type = W_PROGRAM_TYPES;

  bpf_probe_read_kernel(&type, sizeof(type), attr);
  return type >= W_PROGRAM_TYPES || ((W_DANGEROUS_PROGRAMS >> type) & 1);
}

/* Where prog_name stands in it. */
#define W_ATTR_PROG_NAME 48
W_STATIC_ASSERT(offsetof(union bpf_attr, prog_name) == W_ATTR_PROG_NAME, "prog_name");

/* enum lockdown_reason, the same from 5.19 to 7.2: doors to the kernel's memory and to devices that
 * reach it. Hibernation is not among them: reading /sys/power/state asks for it, too. */
#define W_LOCKDOWN_REASONS                                                                      \
  ((1u << 2 /* DEV_MEM */) | (1u << 3 /* EFI_TEST */) | (1u << 6 /* PCI_ACCESS */) |            \
   (1u << 7 /* IOPORT */) | (1u << 8 /* MSR */) | (1u << 9 /* ACPI_TABLES */) |                 \
   (1u << 10 /* DEVICE_TREE */) | (1u << 11 /* PCMCIA_CIS */) | (1u << 12 /* TIOCSSERIAL */) |  \
   (1u << 13 /* MODULE_PARAMETERS */) | (1u << 14 /* MMIOTRACE */) | (1u << 16 /* XMON_WR */) | \
   (1u << 18 /* DBG_WRITE_KERNEL */) | (1u << 19 /* RTAS_ERROR_INJECTION */) |                  \
   (1u << 20 /* XEN_USER_ACTIONS */))

static __always_inline int w_is_kernel_memory(__u32 reason) {
  return reason < 32 && ((W_LOCKDOWN_REASONS >> reason) & 1);
}

/* What is loaded: enum kernel_read_file_id and enum kernel_load_data_id have the same order. Kinds
 * that this table does not know count as modules; IMA's policy (5) and certificates (6) are no
 * code. */
static __always_inline __u32 w_loaded_object(__u32 id) {
  if (id == 1)
    return W_OBJECT_FIRMWARE;
  if (id == 2 || id >= 7) /* 7: compressed, from 7.x on */
    return W_OBJECT_MODULE;
  return id == 3 || id == 4 ? W_OBJECT_KEXEC : W_OBJECT_NONE;
}

/* One load into the kernel; without a file there is nothing that could be measured. The mode is the
 * host's, as for what is touched. */
static __noinline int w_load_code(struct file *file, __u32 hook, __u32 object) {
  struct w_task *task = w_current();
  struct w_facts *facts;

  if (!task)
    return w_conclude_blind();
  facts = w_begin(task, hook, W_REQUEST_LOAD);
  w_set_object(facts, object);
  w_measure(task, file);
  w_gather_grants(task);
  facts->mode = config.mode;
  return w_conclude_file(task, file);
}

static __noinline int w_load_bytes(__u32 hook, __u32 object) {
  struct w_task *task = w_current();
  struct w_facts *facts;

  if (!task)
    return w_conclude_blind();
  facts = w_begin(task, hook, W_REQUEST_LOAD);
  w_set_object(facts, object);
  return w_conclude_ungranted(task, NULL);
}

#endif
