/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The digest of a file: cached, else fs-verity, else IMA's SHA-256 of the bytes. A digest is taken
 * and kept only while the content cannot change; each way in which it could is a fact of its own.
 *
 * Why a writer and a measurer cannot both win: the kernel raises i_writecount before file_open
 * runs; our file_open counts `writes` up before it looks for a clean digest, and a measurer stores
 * its digest before it looks at `writes` again. So either the measurer sees the writer and does not
 * trust its digest, or the writer sees the clean digest and is refused if an artifact names it.
 */
#ifndef WARRANT_MEASURE_BPF_H
#define WARRANT_MEASURE_BPF_H

#include "maps.bpf.h"

/* Set by the loader when the kernel has bpf_get_fsverity_digest (6.8+). */
const volatile __u8 have_verity = 0;

struct bpf_dynptr;
extern int bpf_get_fsverity_digest(struct file *file, struct bpf_dynptr *digest) __ksym __weak;

/* Aligned: where the compiler knows no better, it copies byte by byte. */
struct w_digest {
  __u8 bytes[W_DIGEST_SIZE] __attribute__((aligned(8)));
  __u8 measure; /* enum w_measure */
  __u8 kind;    /* enum w_digest_kind */
};

static __always_inline int w_has_writers(struct inode *inode) {
  return *(const volatile int *)&inode->i_writecount.counter > 0;
}

/* A device node is not its driver's memory, and hashes as if it were empty. */
static __always_inline int w_is_regular(struct inode *inode) {
  return (inode->i_mode & S_IFMT) == S_IFREG;
}

static __always_inline int w_is_trusted_filesystem(__u32 magic) {
  for (int i = 0; i < W_MAX_FILESYSTEMS; i++) {
    if (config.filesystems[i] == 0)
      return 0;
    if (config.filesystems[i] == magic)
      return 1;
  }
  return 0;
}

/*
 * The descriptor that memfd_create returned is not counted as a writer, so only seals keep its
 * content. memfds (and SysV segments) live on the kernel's own tmpfs mount.
 */
static __always_inline int w_is_unsealed(struct inode *inode, __u32 magic) {
  struct shmem_inode_info *info;

  if (magic != TMPFS_MAGIC || !(inode->i_sb->s_flags & SB_KERNMOUNT))
    return 0;
  info = (void *)inode - bpf_core_field_offset(struct shmem_inode_info, vfs_inode);
  return (BPF_CORE_READ(info, seals) & SEALED_CONTENT) != SEALED_CONTENT;
}

/* Its content is not measured any more, until the inode is evicted. 1 when it could not be marked.
 */
static __always_inline int w_mark_unstable(struct inode *inode) {
  struct w_inode *state = w_inode_storage(inode);

  if (!state)
    return 1;
  __sync_fetch_and_or(&state->flags, W_INODE_SHARED);
  return 0;
}

/*
 * Whether the current task is in the system call with that number, of 64 bits or of 32: a number
 * means another call in the other table. A worker, of an io_uring or another, is in none: it has
 * the number, and the table, of the call that it was born in, for as long as it lives.
 */
static __always_inline int w_is_in_call(unsigned long number, unsigned long number_32) {
  struct task_struct *self = bpf_get_current_task_btf();
  struct pt_regs___kernel *registers = (void *)bpf_task_pt_regs(self);
  unsigned long called = BPF_CORE_READ(registers, orig_ax) & 0xfff; /* x32 has a bit beyond */

  return !(self->flags & W_NO_SYSTEM_CALL) &&
         called == (self->thread_info.status & TS_COMPAT ? number_32 : number);
}

#define W_SYS_SWAPON 167
#define W_SYS_SWAPON_32 87

/*
 * A file that is opened to be swapped to: the kernel will write below its pages in memory, which
 * stay what they were and would be measured. 1 when the inode could not be marked.
 */
static __always_inline int w_mark_swapped(struct file *file) {
  if (!w_is_in_call(W_SYS_SWAPON, W_SYS_SWAPON_32) || !w_is_regular(file->f_inode))
    return 0;
  return w_mark_unstable(file->f_inode);
}

static __always_inline int w_is_shared(unsigned long flags) {
  unsigned long type = flags & MAP_TYPE;

  return type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
}

/*
 * A shared mapping by a descriptor that may write: its pages can be pinned (io_uring, a stalled
 * process_vm_writev), and what holds a pin writes on after mapping, descriptor and i_writecount are
 * gone (seen on 6.1). Pins are told to nobody, so such content is not measured any more. 1 when the
 * inode could not be marked.
 */
static __always_inline int w_mark_shared(struct file *file, unsigned long flags) {
  if (!w_is_shared(flags) || !(file->f_mode & FMODE_WRITE) || !w_is_regular(file->f_inode))
    return 0;
  return w_mark_unstable(file->f_inode);
}

/*
 * The same of a file that the kernel opens below an overlay: who maps the overlay's file maps this
 * one, and mmap_file is shown the overlay's inode only. So being opened to write counts as being
 * mapped.
 */
static __always_inline int w_mark_backing(struct file *file) {
  if (!(file->f_mode & FMODE_NOACCOUNT) || !w_is_regular(file->f_inode))
    return 0;
  return w_mark_unstable(file->f_inode);
}

/*
 * A descriptor that was opened to write past the pages in memory (O_DIRECT). The kernel drops them
 * before and after a write, but not after one that fails half way: what it has written until then
 * is on the disk, and a page that was read meanwhile would be measured (fs/iomap/direct-io.c; what
 * was seen of it: docs/kernel-notes.md). 1 when the inode could not be marked.
 */
static __always_inline int w_mark_direct(struct file *file, unsigned long flags) {
  if (!(flags & O_DIRECT) || !(file->f_mode & FMODE_WRITE) || !w_is_regular(file->f_inode))
    return 0;
  return w_mark_unstable(file->f_inode);
}

static __always_inline __u64 w_load(const __u64 *value) {
  return *(const volatile __u64 *)value;
}

static __always_inline int w_same(const __u8 *a, const __u8 *b, int size) {
  for (int i = 0; i < size; i += 8) {
    if (*(const __u64 *)(a + i) != *(const __u64 *)(b + i))
      return 0;
  }
  return 1;
}

static __always_inline int w_is_clean(const struct w_inode *state) {
  __u64 clean = w_load(&state->clean);

  return clean != 0 && clean == w_load(&state->writes) + 1;
}

/* The digest of one measurement: another one may have been kept meanwhile. */
static __always_inline int w_read_cached(const struct w_inode *state, struct w_digest *out) {
  const volatile __u32 *storing = &state->storing;
  __u64 clean = w_load(&state->clean);

  if (*storing || clean == 0 || clean != w_load(&state->writes) + 1)
    return 0;
  out->kind = state->digest_kind;
  __builtin_memcpy(out->bytes, state->digest, W_DIGEST_SIZE);
  barrier();
  if (*storing || clean != w_load(&state->clean) || clean != w_load(&state->writes) + 1)
    return 0;
  out->measure = W_MEASURE_CACHED;
  return 1;
}

/*
 * Who measured the same file at the same moment may be interrupted while it stores the digest, with
 * its whole (virtual) processor. Waiting for it is bounded, but long: giving up denies what may be
 * authorized.
 */
#define W_STORE_TURNS (1 << 20)

struct w_turn {
  struct w_inode *state;
  int taken;
};

static long w_take_turn(__u32 number, struct w_turn *turn) {
  const volatile __u32 *storing = &turn->state->storing;

  if (*storing == 0 && __sync_val_compare_and_swap(&turn->state->storing, 0, 1) == 0)
    turn->taken = 1;
  return turn->taken;
}

/* Keeps the digest if `writes` is still what it was before the measurement; 1 when it is. Not
 * inlined: what is cached already should not pay for it. */
static __noinline int w_store_digest(struct w_inode *state, __u64 writes,
                                     const struct w_digest *digest) {
  struct w_turn turn = {.state = state};
  struct w_digest kept;

  /* Not stored again: hooks that cannot wait find none meanwhile. */
  if (w_read_cached(state, &kept) && kept.kind == digest->kind &&
      w_same(kept.bytes, digest->bytes, W_DIGEST_SIZE))
    return w_load(&state->writes) == writes;
  if (__sync_val_compare_and_swap(&state->storing, 0, 1) != 0) {
    bpf_loop(W_STORE_TURNS, w_take_turn, &turn, 0);
    if (!turn.taken)
      return 0;
  }
  if (w_load(&state->writes) == writes) {
    state->digest_kind = digest->kind;
    __builtin_memcpy(state->digest, digest->bytes, W_DIGEST_SIZE);
    state->clean = writes + 1;
  }
  __sync_val_compare_and_swap(&state->storing, 1, 0);
  return w_load(&state->writes) == writes;
}

/* Not inlined: 6.12 refuses the dynptr when clang reuses its stack slot for something else. */
static __noinline int w_verity_digest(struct file *file, struct w_verity *room) {
  struct bpf_dynptr pointer;

  if (!room || !bpf_get_fsverity_digest)
    return 0;
  room->algorithm = 0;
  bpf_dynptr_from_mem(room, sizeof(*room), 0, &pointer);
  return bpf_get_fsverity_digest(file, &pointer) == 0 && room->algorithm == 1 && room->size == 32;
}

/*
 * What IMA's policy had it read, it tells from memory, and does not notice every change since (two
 * writers that close at once, one of them in truncate(2)).
 */
static __always_inline int w_ima_remembers(struct inode *inode) {
  return (inode->i_flags & S_IMA) != 0;
}

static __always_inline void w_hash(struct file *file, struct inode *inode, struct w_digest *out) {
  __u8 bytes[64] = {};
  long algorithm = w_ima_remembers(inode) ? -ESTALE : bpf_ima_file_hash(file, bytes, sizeof(bytes));

  if (algorithm < 0) {
    out->measure = W_MEASURE_FAILED;
  } else if (algorithm != HASH_ALGO_SHA256) {
    out->measure = W_MEASURE_ALGORITHM;
  } else {
    out->measure = W_MEASURE_IMA;
    out->kind = W_DIGEST_SHA256;
    __builtin_memcpy(out->bytes, bytes, W_DIGEST_SIZE);
  }
  w_count(W_COUNTER_MEASURED);
}

#endif
