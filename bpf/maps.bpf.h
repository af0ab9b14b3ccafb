/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All maps. The daemon's publisher is the only writer of config, environments and the generation
 * maps; the programs are the only writers of the rest.
 */
#ifndef WARRANT_MAPS_BPF_H
#define WARRANT_MAPS_BPF_H

#include "abi.h"
#include "kernel.h"

/* Before a loop that calls helpers: each call in a program is patched by the kernel when it is
 * loaded, which copies the whole program. And before one that compares: of many comparisons clang
 * may make sums of bits, and the verifier follows each combination. */
#define W_ROLLED _Pragma("clang loop unroll(disable)")

/* clang leaves only forward declarations of what is seen through map definitions; this keeps all.
 */
struct w_contract {
  struct w_verdict_key verdict_key;
  struct w_verdict verdict;
  struct w_artifact artifact;
  struct w_uses_key uses_key;
  struct w_uses uses;
  struct w_uid_scope uid_scope;
  struct w_cgroup_key cgroup_key;
  struct w_cgroup_node cgroup_node;
  struct w_environment environment;
  struct w_config config;
  struct w_inode inode;
  struct w_guard guard;
  struct w_known_task known_task;
  struct w_event event;
};
const struct w_contract *const w_contract __attribute__((used)) = NULL;

struct w_verdict_map {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, struct w_verdict_key);
  __type(value, struct w_verdict);
};

/* BPF_F_INNER_MAP: inner arrays of different lengths may follow each other (kernel 5.10+). */
struct w_artifact_map {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_INNER_MAP);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct w_artifact);
};

struct w_uid_map {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct w_uid_scope);
};

struct w_cgroup_map {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1);
  __type(key, struct w_cgroup_key);
  __type(value, struct w_cgroup_node);
};

/* Indexed by generation slot. An empty slot grants nothing. */
#define W_GENERATION_MAP(name, inner)         \
  struct {                                    \
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); \
    __uint(max_entries, W_GENERATION_SLOTS);  \
    __type(key, __u32);                       \
    __array(values, struct inner);            \
  } name SEC(".maps")

W_GENERATION_MAP(verdicts, w_verdict_map);
W_GENERATION_MAP(artifacts, w_artifact_map);
W_GENERATION_MAP(uid_scopes, w_uid_map);
W_GENERATION_MAP(cgroup_scopes, w_cgroup_map);

/* Maps of one entry, as variables: an address in a program, which nothing has to look up. The
 * loader keeps them from being mapped into user space. Others write them meanwhile: what must be
 * read anew, and in order, is read through a pointer to volatile. */
struct w_config config SEC(".data.config");
/* Written by take_guard, before anything is attached; frozen for user space. */
struct w_guard guard SEC(".data.guard");
/* By enum w_sequence. */
__u64 sequences[W_SEQUENCE_COUNT] SEC(".data.sequences");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, W_MAX_ENVIRONMENTS);
  __type(key, __u32);
  __type(value, struct w_environment);
} environments SEC(".maps");

/* What is left of counted artifacts. Apart from the generations: no swap gives a use back. */
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, W_MAX_COUNTED);
  __type(key, struct w_uses_key);
  __type(value, struct w_uses);
} uses SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_INODE_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct w_inode);
} inodes SEC(".maps");

/* struct fsverity_digest (uapi/linux/fsverity.h) with room for SHA-512. */
struct w_verity {
  __u16 algorithm; /* FS_VERITY_HASH_ALG_SHA256 is 1 */
  __u16 size;
  __u8 digest[64];
};

/* W_CGROUP_DEPTH, rounded up so that an index can be masked where the verifier loses a comparison.
 */
#define W_CGROUP_ROOM 16
W_STATIC_ASSERT(W_CGROUP_DEPTH <= W_CGROUP_ROOM, "cgroup_chain");

/* Content of a binary, as it was measured at exec. */
struct w_image {
  __u32 digest_kind; /* 0: none */
  __u32 reserved;
  __u8 digest[W_DIGEST_SIZE];
};

/* The end of a file's name: its last characters, with zeros before them when it has fewer. */
#define W_NAME_TAIL 16
struct w_name {
  __u64 words[W_NAME_TAIL / 8];
};

/* What is known of a candidate's artifact beyond its facts, kept while facts are put together: the
 * table that it is from may be another generation's by the time of the verdict. */
struct w_origin {
  __u8 id[W_ID_SIZE];
  __u32 constraints;
  __u32 bond;
};

/*
 * What a task carries from hook to hook: who it is, and what it becomes when the exec under way is
 * committed. Small, because it is cleared at each fork.
 */
#define W_CONTEXT_SCRIPT_ONLY                                                                  \
  0x1u                          /* the exec under way is granted for the sake of a script only \
                                 */
#define W_CONTEXT_FOLLOWED 0x2u /* a link that looks like code was followed to who knows where */
struct w_context {
  struct w_process process;
  __u32 tgid; /* since its exec; 0: it has executed nothing */
  __u32 reserved;
  struct w_process pending;
  struct w_image image; /* what runs */
  struct w_image pending_image;
  __u64 stack; /* address of the new image's stack area until its first code is mapped; 0: none */
  __u32 chain; /* files of the exec under way that were checked before this one */
  __u32 flags; /* W_CONTEXT_* */
  struct w_name script; /* that it was entered by; zeros: by none, or nobody asks */
  struct w_name pending_script;
  struct w_name nested; /* of its interpreter, which may be a script itself */
  struct w_name pending_nested;
  struct w_name followed; /* what a link that looks like code led to; zeros: nothing */
};

/*
 * Room to put the facts of one request together, with what is known of the task that asks: 704
 * bytes of facts do not fit a BPF stack. `image`, `paid` and event.process are copies from its
 * context.
 */
struct w_task {
  __u32 busy; /* 1 while a program uses it */
  __u32 scopes[W_SCOPES_PER_TASK];
  __u32 binds; /* not 0: by a grant that was found a task belongs in storage (contexts.bpf.h) */
  __u64 cgroup_leaf;  /* id of cgroup_chain[0] */
  __u32 cgroup_depth; /* nodes on the way to the root; cgroup_chain[0] is the leaf, and it wraps */
  struct w_image image;
  __u8 paid[W_ID_SIZE]; /* artifact under which the exec under way began */
  struct w_verdict verdict;
  __u64 cgroup_chain[W_CGROUP_ROOM];
  struct w_verity verity;
  struct w_origin origins[W_MAX_CANDIDATES];
  struct w_event event;
};

/* Contexts, by their task's address and by the task (contexts.bpf.h). */
#define W_SLOTS_BITS 14

struct w_slot {
  volatile __u64 task; /* its address; 0: nobody's */
  struct w_context context;
};
W_STATIC_ASSERT(offsetof(struct w_slot, context.process) ==
                        offsetof(struct w_known_task, process) &&
                    offsetof(struct w_slot, context.tgid) == offsetof(struct w_known_task, tgid),
                "w_known_task");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1u << W_SLOTS_BITS);
  __type(key, __u32);
  __type(value, struct w_slot);
} contexts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct w_context);
} tasks SEC(".maps");

/*
 * The rooms. A program takes one of its CPU's and gives it back when it ends; it may sleep
 * meanwhile and others run on the CPU, so there are several. When all are taken, the task gets one
 * of its own.
 */
#define W_ROOMS 512u
#define W_ROOMS_PER_CPU 8u

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, W_ROOMS);
  __type(key, __u32);
  __type(value, struct w_task);
} rooms SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct w_task);
} own_rooms SEC(".maps");

/* What the maps of generations were found to say (known.bpf.h). Not pinned: it is looked up anew.
 */
#define W_KNOWN_VERDICTS 4096u
#define W_KNOWN_CGROUPS 1024u

struct w_known_verdict {
  volatile __u64 sequence;
  volatile __u64 generation; /* 0: none yet */
  struct w_verdict_key key;
  struct w_verdict verdict; /* zeros: there is none */
};

struct w_known_cgroup {
  volatile __u64 sequence;
  volatile __u64 generation;
  volatile __u64 id;
  volatile __u32 scope; /* 0: of none that an artifact binds to */
  volatile __u32 mode;  /* 0: as above it */
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, W_KNOWN_VERDICTS);
  __type(key, __u32);
  __type(value, struct w_known_verdict);
} known_verdicts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, W_KNOWN_CGROUPS);
  __type(key, __u32);
  __type(value, struct w_known_cgroup);
} known_cgroups SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, W_COUNTER_COUNT);
  __type(key, __u32);
  __type(value, __u64);
} counters SEC(".maps");

#define W_RING_BYTES (8 * 1024 * 1024)

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, W_RING_BYTES);
} events SEC(".maps");

/* 6.1's lookup in task storage fails when it is preempted inside its per-CPU guard; and of two
 * tasks that make an inode's storage at the same moment, one gets -EEXIST or -EAGAIN and finds the
 * other's at the next try. */
#define W_STORAGE_TRIES 4

static __always_inline struct w_inode *w_inode_storage(struct inode *inode) {
  struct w_inode *found = NULL;

  for (int i = 0; i < W_STORAGE_TRIES && !found; i++)
    found = bpf_inode_storage_get(&inodes, inode, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
  return found;
}

static __always_inline void w_count(__u32 counter) {
  __u64 *value = bpf_map_lookup_elem(&counters, &counter);

  if (value)
    *value += 1;
}

/* The next number of a series that starts at 1. */
static __always_inline __u64 w_next(enum w_sequence series) {
  return __sync_fetch_and_add(&sequences[series], 1) + 1;
}

/* Masked, because the verifier loses the comparison of a slot that clang spilled before it. */
static __always_inline const volatile struct w_generation *w_generation(__u32 slot) {
  barrier_var(slot);
  return &config.generations[slot & (W_GENERATION_SLOTS - 1)];
}

#endif
