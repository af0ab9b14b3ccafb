/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is recorded, and how it gets to the daemon. */
#ifndef WARRANT_EVENTS_BPF_H
#define WARRANT_EVENTS_BPF_H

#include "grants.bpf.h"

/* The daemon polls; only a denial or this much waiting wakes it, so an exec never pays for it. */
#define W_WAKE_BYTES (1024 * 1024)
#define W_DENIAL_BYTES (256 * 1024)

static __always_inline void w_describe_file(struct w_event *event, struct inode *inode) {
  /* Once: 6.12's verifier looks through all the kernel's types at each step from a pointer. */
  struct super_block *super = inode->i_sb;

  event->inode = inode->i_ino;
  event->device = super->s_dev;
  event->filesystem = (__u32)super->s_magic;
}

/* Of a dentry whose name is short. Not inlined: clang would take an offset that this kernel lacks
 * out of the branch. */
static __noinline const __u64 *w_inline_name(struct dentry *dentry) {
  struct dentry___renamed *renamed = (void *)dentry;

  if (bpf_core_field_exists(renamed->d_shortname))
    return (const __u64 *)renamed->d_shortname.string;
  return (const __u64 *)dentry->d_iname;
}

/*
 * For hooks in which bpf_d_path is not allowed: the last component. A short name stands in the
 * dentry; a helper to read it costs three times as much. Renamed meanwhile, it may be torn.
 */
static __always_inline void w_name_dentry(struct w_event *event, struct dentry *dentry) {
  __u32 length = dentry->d_name.len;
  const __u64 *from;
  __u64 *to;

  if (length >= W_NAME_INLINE) {
    bpf_probe_read_kernel_str(event->path, W_PATH_SIZE, dentry->d_name.name);
    return;
  }
  from = w_inline_name(dentry);
  to = (__u64 *)event->path;
  for (int i = 0; i < W_NAME_INLINE / 8; i++)
    to[i] = from[i];
  barrier_var(length);
  event->path[length & (W_NAME_INLINE - 1)] = 0;
}

static __always_inline const void *w_file_name(struct file *file) {
  return BPF_CORE_READ(file, f_path.dentry, d_name.name);
}

/* What file it is, with its path where that is to be had. Costs as much as deciding. */
static __always_inline void w_name_file(struct w_event *event, struct file *file) {
  w_describe_file(event, file->f_inode);
  if (bpf_d_path(&file->f_path, event->path, W_PATH_SIZE) < 0)
    bpf_probe_read_kernel_str(event->path, W_PATH_SIZE, w_file_name(file));
}

/*
 * An event of one grant, which is what nearly every exec sends, is copied here, eight bytes at a
 * time; the kernel copies byte by byte, by an instruction that repeats itself (6.1, ERMS).
 */
static __always_inline int w_output(struct w_event *event, __u32 size, __u64 flags) {
  struct w_event *record;

  if (size != W_EVENT_SIZE(1))
    return bpf_ringbuf_output(&events, event, size & 2047, flags) == 0 ? 0 : -1;
  record = bpf_ringbuf_reserve(&events, W_EVENT_SIZE(1), 0);
  if (!record)
    return -1;
  __builtin_memcpy(record, event, W_EVENT_SIZE(1));
  bpf_ringbuf_submit(record, flags);
  return 0;
}

/* 0 when the event is in the ring. Global, so that the verifier walks it once. */
__noinline int w_send(struct w_event *event) {
  __u64 flags = BPF_RB_NO_WAKEUP;
  __u32 count;
  __u32 size;

  if (!event)
    return -1;
  count = event->facts.candidate_count;
  if (count > W_MAX_CANDIDATES)
    count = W_MAX_CANDIDATES;
  size = W_EVENT_SIZE(count);
  event->size = size;
  event->sequence = w_next(W_SEQUENCE_EVENT);
  event->cgroup_id = bpf_get_current_cgroup_id();
  w_describe_comm(event);
  if (event->decision.verdict == W_DENY ||
      bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > W_WAKE_BYTES)
    flags = BPF_RB_FORCE_WAKEUP;
  if (w_output(event, size, flags) == 0) {
    w_count(W_COUNTER_EVENTS);
    return 0;
  }
  w_count(W_COUNTER_EVENTS_LOST);
  return -1;
}

/* What the task has become by an exec; put together in the ring itself, which waits for nothing
 * else meanwhile: readers get no further than here until it is submitted. */
static __always_inline void w_send_commit(const struct w_context *context, struct file *file) {
  __u64 sequence = w_next(W_SEQUENCE_EVENT);
  __u64 cgroup = bpf_get_current_cgroup_id();
  struct w_event *event = bpf_ringbuf_reserve(&events, W_EVENT_SIZE(0), 0);
  struct w_facts *facts;

  if (!event) {
    w_count(W_COUNTER_EVENTS_LOST);
    return;
  }
  facts = &event->facts;
  event->abi = W_ABI_VERSION;
  event->type = W_EVENT_COMMIT;
  event->size = W_EVENT_SIZE(0);
  event->sequence = sequence;
  event->process = context->process;
  __builtin_memset(event->granting_artifact, 0, W_ID_SIZE);
  event->exec = context->process.lineage;
  event->cgroup_id = cgroup;
  w_describe_file(event, file->f_inode);
  w_describe_task(event);
  w_describe_comm(event);
  event->path[0] = 0;
  w_name_dentry(event, file->f_path.dentry);
  __builtin_memset(&event->decision, 0, sizeof(event->decision));
  event->reserved = 0;
  __builtin_memset(facts, 0, W_FACTS_SIZE(0));
  facts->now = context->process.since;
  facts->hook = W_HOOK_BPRM_COMMITTED;
  facts->request = W_REQUEST_EXEC;
  facts->mode = config.mode;
  facts->audit = config.audit;
  facts->measure = W_MEASURE_NONE;
  bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
  w_count(W_COUNTER_EVENTS);
}

/*
 * Every exec, every load, every denial and every update is recorded, and code mappings when their
 * content was measured anew: a mapping of a digest that is cached says nothing that its first
 * record did not. Of what is touched under an authorization, all but the maps and programs: the
 * daemon opens them at each generation, and who looks at its status does too.
 */
static __always_inline int w_is_recorded(const struct w_facts *facts, struct w_decision decision) {
  if (decision.verdict != W_ALLOW || facts->request == W_REQUEST_EXEC ||
      facts->request == W_REQUEST_LOAD)
    return 1;
  if (decision.reason == W_REASON_NOT_GOVERNED)
    return 0;
  if (facts->request == W_REQUEST_TOUCH)
    return facts->object != W_OBJECT_MAP && facts->object != W_OBJECT_PROGRAM;
  return facts->request == W_REQUEST_WRITE || facts->measure == W_MEASURE_IMA ||
         facts->measure == W_MEASURE_VERITY;
}

/*
 * Where records are required, what is allowed may not take the ring's last room: denials may, so
 * that whoever is refused because of the full ring still finds out why.
 */
static __always_inline int w_may_use_room(const struct w_facts *facts, struct w_decision decision) {
  return facts->audit != W_AUDIT_REQUIRED || decision.verdict != W_ALLOW ||
         bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) < W_RING_BYTES - W_DENIAL_BYTES;
}

#endif
