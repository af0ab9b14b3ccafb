/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The few fields of kernel structures that the programs read, by name. libbpf relocates every
 * access to the running kernel's layout (CO-RE), so no kernel's BTF is needed to build. `___` marks
 * flavours: the same kernel type under the name that a field had in other versions.
 */
#ifndef WARRANT_KERNEL_H
#define WARRANT_KERNEL_H

/* libbpf's headers need the kernel's types before them. */
/* clang-format off */
#include <stddef.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
/* clang-format on */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
  int counter;
} atomic_t;

struct rb_node;
struct rb_root {
  struct rb_node *rb_node;
};
struct rb_root_cached {
  struct rb_root rb_root;
};

struct inode;
struct address_space {
  struct inode *host;
  struct rb_root_cached i_mmap;
};

struct list_head {
  struct list_head *next;
};

struct hlist_node {
  struct hlist_node *next;
};
struct hlist_head {
  struct hlist_node *first;
};

typedef struct {
  __u32 val;
} kuid_t;
typedef struct {
  __u32 val;
} kgid_t;

struct user_namespace {
  struct user_namespace *parent;
  int level;    /* 0: the initial one */
  kuid_t owner; /* who made it, in the initial one */
};

struct super_block {
  __u32 s_dev;
  struct user_namespace *s_user_ns;
  unsigned long s_flags;
  unsigned long s_magic;
  struct list_head s_inodes;
};

struct inode {
  unsigned short i_mode;
  char *i_link;
  long long i_size;
  unsigned int i_flags;
  struct super_block *i_sb;
  struct address_space *i_mapping;
  unsigned long i_ino;
  __u32 i_rdev;
  struct list_head i_sb_list;
  atomic_t i_writecount;
  atomic_t i_readcount; /* open for reading and nothing else */
};

struct shmem_inode_info {
  unsigned int seals;
  struct inode vfs_inode;
};

struct qstr {
  unsigned int len;
  const unsigned char *name;
};

/* At most DNAME_INLINE_LEN, by their type information 32 in 6.1, 40 in 6.12 and 7.2. */
#define W_NAME_INLINE 32

struct dentry {
  struct dentry *d_parent;
  struct qstr d_name;
  struct inode *d_inode;
  unsigned char d_iname[W_NAME_INLINE]; /* the name itself, if it is shorter than that */
};

union shortname_store {
  unsigned char string[W_NAME_INLINE];
};

struct dentry___renamed {
  union shortname_store d_shortname; /* instead of d_iname; seen in 7.2 */
};

struct vfsmount {
  struct dentry *mnt_root;
};

struct iattr {
  unsigned int ia_valid;
};

struct path {
  struct vfsmount *mnt;
  struct dentry *dentry;
};

struct mnt_namespace;
struct mountpoint {
  struct hlist_head m_list;
};
struct mount {
  struct mount *mnt_parent;
  struct dentry *mnt_mountpoint;
  struct vfsmount mnt;
  struct mount *mnt_master;
  struct mnt_namespace *mnt_ns;
  struct mountpoint *mnt_mp;
  struct hlist_node mnt_mp_list;
  int mnt_group_id; /* 0: not shared */
};

struct file {
  unsigned int f_mode;
  unsigned int f_flags;
  struct path f_path;
  struct inode *f_inode;
  struct address_space *f_mapping;
};

struct fdtable {
  unsigned int max_fds;
  struct file **fd;
};
struct files_struct {
  struct fdtable *fdt;
};

struct gendisk {
  struct block_device *part0; /* the whole of it */
};
struct block_device {
  __u32 bd_dev;
  struct gendisk *bd_disk;
  void *bd_holder; /* who claimed it: a mount, swap, a volume on top; NULL: nobody */
};
struct bdev_inode {
  struct block_device bdev;
  struct inode vfs_inode;
};

struct btf {
  __u32 id;
};
struct bpf_map {
  __u32 id;
  struct btf *btf;
  char name[16];
};
struct bpf_prog_aux {
  struct btf *btf;
  char name[16];
};
struct sock_fprog_kern {
  __u16 len;
  struct sock_filter *filter;
};
struct bpf_prog {
  struct bpf_prog_aux *aux;
  struct sock_fprog_kern *orig_prog; /* of a filter: as it was given */
};

struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task; /* NULL: that was the last */
};

struct linux_binprm {
  struct file *file;
  int unsafe;
  const char *filename;
  const char *interp;
  struct vm_area_struct *vma; /* of the new stack */
  unsigned long p;            /* lowest address of its arguments, then its environment */
  int argc;
  int envc;
};
struct linux_binprm___check { /* 6.14+ */
  unsigned int is_check : 1;
};

struct anon_vma;
struct vm_area_struct {
  unsigned long vm_flags;
  struct anon_vma *anon_vma;
  struct file *vm_file;
};

struct kernfs_node {
  struct kernfs_node *parent;
  const char *name;
  __u64 id;
};
struct kernfs_node___renamed { /* 6.15+ */
  struct kernfs_node *__parent;
};

struct cgroup {
  struct kernfs_node *kn;
};

struct css_set {
  struct cgroup *dfl_cgrp;
};

struct fs_struct {
  struct path root;
};

struct ns_common {
  unsigned int inum;
};

struct time_namespace {
  struct ns_common ns;
};

/* NULL where the kernel has no namespaces of time. */
struct nsproxy {
  struct mnt_namespace *mnt_ns;
  struct time_namespace *time_ns;
  struct time_namespace *time_ns_for_children;
};

#define PROC_TIME_INIT_INO 0xeffffffau /* of the first one (proc_ns.h) */

struct pid {
  unsigned int level; /* 0: in the first namespace, and in no other */
};

/* One of the filters that a process was given; the older ones behind it. */
struct seccomp_filter {
  struct bpf_prog *prog;
  void *notif; /* another process answers its system calls */
  struct seccomp_filter *prev;
};
struct seccomp {
  struct seccomp_filter *filter;
};

struct cred {
  kuid_t uid; /* in the initial user namespace */
  kgid_t gid;
  struct user_namespace *user_ns;
};

struct thread_info {
  __u32 status; /* x86: TS_* */
};

struct task_struct {
  struct thread_info thread_info;
  unsigned int flags; /* PF_* */
  int pid;
  int tgid;
  __u64 start_boottime; /* CLOCK_BOOTTIME, ns */
  struct task_struct *group_leader;
  struct pid *thread_pid;
  const struct cred *cred;
  char comm[16];
  struct fs_struct *fs;
  struct files_struct *files;
  struct nsproxy *nsproxy;
  struct css_set *cgroups;
  unsigned int sessionid;
  struct seccomp seccomp;
};

/* Not the one that user space has under this name. */
struct pt_regs___kernel {
  unsigned long bx;
  unsigned long di;
  unsigned long orig_ax; /* number of the system call */
};

#pragma clang attribute pop

/* linux/sched.h: PF_IO_WORKER, PF_USER_WORKER (6.4+, nothing before), PF_KTHREAD */
#define W_NO_SYSTEM_CALL (0x10u | 0x4000u | 0x200000u)
#define TS_COMPAT 0x2u /* in a system call of 32 bits (arch/x86/include/asm/thread_info.h) */
#define S_IFMT 0170000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IXUGO 0000111
#define O_DIRECT 0x4000u
#define F_SETFL 4u
#define FMODE_READ 0x1u
#define FMODE_WRITE 0x2u
/* The kernel opens the file for itself, below another one: an overlay, a FUSE file. */
#define FMODE_NOACCOUNT 0x20000000u
/* In f_flags: the kernel itself opens the file, to execute it or to load an ELF interpreter. No
 * system call can set it. */
#define FMODE_EXEC 0x20u
#define PROT_WRITE 0x2ul
#define ATTR_SIZE 0x8u
#define ATTR_OWNER_AND_MODE 0x7u /* ATTR_MODE, ATTR_UID, ATTR_GID */
#define MAP_TYPE 0xful
#define MAP_SHARED 0x1ul
#define MAP_SHARED_VALIDATE 0x3ul
#define MAP_EXECUTABLE 0x1000ul
#define VM_EXEC 0x4ul
#define PROT_EXEC 0x4ul
#define SB_KERNMOUNT (1ul << 22)
#define TMPFS_MAGIC 0x01021994ul
#define OVERLAYFS_MAGIC 0x794c7630ul
#define BPF_FS_MAGIC 0xcafe4a11u
#define PROC_SUPER_MAGIC 0x9fa0u
#define TRACEFS_MAGIC 0x74726163u
#define DEBUGFS_MAGIC 0x64626720u
#define BDEVFS_MAGIC 0x62646576u
#define BINFMTFS_MAGIC 0x42494e4du
#define O_NONBLOCK 0x800u
#define SECURITYFS_MAGIC 0x73636673u
#define EXT4_SUPER_MAGIC 0xef53u
/* linux/ext4 has no uapi header for it: _IOWR('f', 15, struct move_extent) */
#define EXT4_IOC_MOVE_EXT 0xc028660fu
#define FIDEDUPERANGE 0xc0189436u
/* linux/loop.h */
#define LOOP_SET_STATUS 0x4c02u
#define LOOP_SET_STATUS64 0x4c04u
#define LOOP_CHANGE_FD 0x4c06u
/* linux/dm-ioctl.h, without the size, which the kernel does not look at. The second one is to
 * suspend a device and to resume it, when the table that was loaded comes into force. */
#define IOC_TYPE_AND_NUMBER 0xffffu
#define DM_TABLE_LOAD 0xfd09u
#define DM_DEV_SUSPEND 0xfd06u
#define MS_MOVE 0x2000ul
#define LSM_UNSAFE_PTRACE 0x2
#define PTRACE_MODE_ATTACH 0x2u
#define READ_IMPLIES_EXEC 0x0400000u
#define SIGKILL 9
#define S_CASEFOLD (1u << 15)
#define S_VERITY (1u << 16)
#define S_IMA (1u << 10) /* IMA keeps something of the inode */
/* F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE */
#define SEALED_CONTENT 0xeu
#define HASH_ALGO_SHA256 4

#define SIGKILL 9
#define EPERM 1
#define EBADF 9
#define EAGAIN 11
#define ENOMEM 12
#define EACCES 13
#define EEXIST 17
#define EXDEV 18
#define ENOSPC 28
#define ESTALE 116

#endif
