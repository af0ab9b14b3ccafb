/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the maps hold: the part of the contract (abi.h, which includes this) that is looked up and
 * not sent. */
#ifndef WARRANT_ABI_MAPS_H
#define WARRANT_ABI_MAPS_H

struct w_verdict_key {
  __u32 scope;
  __u32 digest_kind;
  __u8 digest[W_DIGEST_SIZE];
};

/* A grant packed in 32 bits: artifact index in the upper 24, actions in the lower 8; 0 is none. */
#define W_GRANT(artifact, actions) (((__u32)(artifact) << 8) | ((__u32)(actions)&0xffu))
#define W_GRANT_ARTIFACT(grant) ((grant) >> 8)
#define W_GRANT_ACTIONS(grant) ((grant)&0xffu)

struct w_verdict {
  __u32 grants[W_GRANTS_PER_VERDICT];
};

/* Artifact constraints, as bits. */
#define W_ARTIFACT_RECOVERY 0x01u
#define W_ARTIFACT_JIT 0x02u
#define W_ARTIFACT_NEEDS_UID 0x04u
#define W_ARTIFACT_NEEDS_GID 0x08u
#define W_ARTIFACT_NEEDS_SESSION 0x10u
#define W_ARTIFACT_NEEDS_CODE 0x20u   /* the calling process runs the content `caller` */
#define W_ARTIFACT_NEEDS_PARENT 0x40u /* the calling process runs under the artifact `parent` */
#define W_ARTIFACT_COUNTED 0x80u      /* every exec takes one from its entry in `uses` */
/* What a process that runs under it may open for reading without an `interpret` grant: ... */
#define W_ARTIFACT_READS_SUFFIXES 0x100u /* all but files that look like code by their name */
#define W_ARTIFACT_READS_LISTED 0x200u   /* no regular file at all */

struct w_artifact {
  __u8 id[W_ID_SIZE];
  __u64 not_before;
  __u64 not_after;
  __u32 environment; /* slot in the environment table; 0 is invalid and never open */
  __u32 constraints; /* W_ARTIFACT_* bits */
  __u32 flags;       /* W_CANDIDATE_* bits that hold for the artifact as a whole (revoked, ...) */
  __u32 uid;         /* with W_ARTIFACT_NEEDS_UID: initial user namespace */
  __u32 gid;         /* with W_ARTIFACT_NEEDS_GID */
  __u32 session;     /* with W_ARTIFACT_NEEDS_SESSION: audit session id */
  __u32 bond;        /* 1 to W_MAX_BONDS; 0: its processes outlive it */
  __u32 reserved;
  __u8 parent[W_ID_SIZE];     /* with W_ARTIFACT_NEEDS_PARENT */
  __u8 caller[W_DIGEST_SIZE]; /* with W_ARTIFACT_NEEDS_CODE: sha256 or fs-verity digest */
};

/* Execs that an artifact has left. Its entry outlives generations, so no swap gives a use back. */
struct w_uses_key {
  __u8 id[W_ID_SIZE];
};

struct w_uses {
  __s64 left; /* at most what was granted; 0 or less: used up */
};

struct w_environment {
  __u64 valid_until;
  /* What the slot stands for, so that the next daemon knows it again; the kernel does not look. */
  __u8 requirement[W_DIGEST_SIZE];
};

/*
 * Asked of the program `take_uses` by the daemon: a new entry in `uses`, paid by another. In the
 * kernel, because tasks take from the same counter at the same moment.
 */
struct w_uses_transfer {
  struct w_uses_key from;
  struct w_uses_key to;
  __s64 count;  /* more than 0 */
  __s32 result; /* 0, or a negative errno: EEXIST: there is one; ENOSPC: not enough is left */
  __u32 reserved;
};

/* One component of a cgroup path under its parent's node; node 0 is the root of the hierarchy. */
struct w_cgroup_key {
  __u32 parent;
  char name[W_CGROUP_NAME_SIZE]; /* NUL-padded */
};

struct w_cgroup_node {
  __u32 node;  /* id of this node, parent of its children */
  __u32 scope; /* 0: no artifact binds to exactly this cgroup */
  __u32 mode;  /* enum w_mode; 0: as above it */
};

struct w_uid_scope {
  __u32 scope; /* 0: no artifact binds to this uid */
  __u32 mode;  /* enum w_mode; 0: the host's */
};

#define W_GENERATION_HAS_UIDS 0x01u
#define W_GENERATION_HAS_CGROUPS 0x02u
#define W_GENERATION_HAS_ANY 0x04u   /* there are verdicts of W_DIGEST_ANY */
#define W_GENERATION_HAS_READS 0x08u /* some artifact restricts what interpreters read */

struct w_generation {
  __u64 number; /* 0: nothing was ever published in this slot */
  __u32 flags;  /* W_GENERATION_HAS_* */
  __u32 artifacts;
  __u64 verdicts;
};

#define W_ENDING_ANYBODY (~0ull)

#define W_MAX_FILESYSTEMS 16
#define W_STATES 2

struct w_config {
  __u32 abi;    /* W_ABI_VERSION */
  __u32 active; /* generation slot in force: one 32-bit store switches everything */
  __u8 mode;    /* enum w_mode */
  __u8 audit;   /* enum w_audit: OPTIONAL or REQUIRED */
  __u16 reserved;
  __u32 permits; /* W_OBJECT_BIT of what the policy lets everybody touch or load */
  __u64 hooks;   /* 1 << enum w_hook of each hook that is attached */
  __u64 enforcing_since;
  __u64 state_serial; /* of the daemon's durable state when it published: an older one is rolled
                         back */
  __u64 root_version; /* of the trust root in force: who takes over must know it or a later one */
  __u8 root[W_DIGEST_SIZE]; /* sha256 of its payload */
  struct w_generation generations[W_GENERATION_SLOTS];
  __u32 filesystems[W_MAX_FILESYSTEMS]; /* super-block magics whose content only this kernel changes
                                         */
  __u8 programs[W_DIGEST_SIZE]; /* sha256 of the object that the programs were loaded from: a daemon
                                   of another build tells by it that they are not its own */
  __u8 states[W_STATES][W_DIGEST_SIZE]; /* sha256 of the daemon's durable state: as it is, and as it
                                           is about to be; any other is not what the daemon left */
  __s64 boot_minus_wall; /* ns; CLOCK_BOOTTIME less the clock of those who signed, as the generation
                            in force was compiled by: no later daemon of this boot is behind it */
  __u64 ending; /* lineage of the process that carries out an order to end enforcement; 0: nobody,
                   W_ENDING_ANYBODY: arming is given up half-way */
};

#define W_INODE_MAPPED 0x1u    /* mapped executable under a verdict */
#define W_INODE_WAS_NAMED 0x2u /* an artifact named the content before the last write */
/* What lies in memory need not be what is read later. Mapped shared by a descriptor that may write:
 * a pin of its pages outlives mapping, descriptor and count of writers, so nobody knows when
 * writing ends. Or written to past or below its pages: opened so, below an overlay, swapped to, or
 * quotas are kept in it. Until the inode is evicted. */
#define W_INODE_SHARED 0x4u

/*
 * Digest cache, per inode. The digest holds only while `clean` is `writes` + 1: a write-open counts
 * up first and looks afterwards, a measurer stores first and looks afterwards, so one of the two
 * always sees the other. 64 bits, because 2^32 write-opens take an hour and must not bring an old
 * value back.
 */
struct w_inode {
  __u64 writes;     /* write-opens and truncations since the entry was made */
  __u64 clean;      /* `writes` + 1 when the digest was taken; 0: never */
  __u32 storing;    /* 1 while one program stores a digest */
  __u32 flags;      /* W_INODE_* */
  __u8 digest_kind; /* enum w_digest_kind */
  __u8 reserved[7];
  __u8 digest[W_DIGEST_SIZE];
};

/* Process context, per task. */
#define W_PROCESS_ADOPTED 0x01u   /* older than enforcement */
#define W_PROCESS_COMMITTED 0x02u /* runs an image that decide() allowed */
#define W_PROCESS_JIT 0x04u
#define W_PROCESS_UPDATE 0x08u
#define W_PROCESS_ADMINISTER 0x10u
#define W_PROCESS_READS_SUFFIXES 0x20u /* see W_ARTIFACT_READS_SUFFIXES */
#define W_PROCESS_READS_LISTED 0x40u

struct w_process {
  __u64 lineage;             /* id of this exec, unique in this boot; 0 is invalid */
  __u64 parent;              /* lineage that the exec came from */
  __u64 root;                /* first ancestor that is known */
  __u64 since;               /* boot time of the exec */
  __u32 depth;               /* execs between root and here */
  __u32 flags;               /* W_PROCESS_* */
  __u64 bonds[W_BOND_WORDS]; /* of the artifacts that it and its ancestors ran under */
  __u8 artifact[W_ID_SIZE];
  __u8 digest[W_DIGEST_SIZE];
};

/* What user space may know of an entry of `contexts`; the programs keep more behind it. */
struct w_known_task {
  __u64 task; /* address of the task in the kernel; 0: the slot is free */
  struct w_process process;
  __u32 tgid; /* in the initial pid namespace, since the last exec; 0: it has executed nothing */
  __u32 reserved;
};

/* Where enforcement is kept: what nobody may open but who administers, and nobody take away but who
 * carries out an order to. */
#define W_GUARD_FOLDERS 3 /* of pins, of maps, of links */
#define W_GUARD_MAPS 16

struct w_guard {
  __u64 mount; /* kernel address of the mount that the pins lie on, as PID 1 sees it;
                  compared with others, and its ancestors looked up */
  __u64 folders[W_GUARD_FOLDERS]; /* inode numbers */
  __u32 device;                   /* of the file system of the pins */
  __u32 btf;                      /* id of the type information of all programs and most maps */
  __u32 maps[W_GUARD_MAPS];       /* ids of the maps that have none; 0: no more */
  /* Block devices are inodes of a file system of their own, whose super block only the kernel's
   * symbol table tells: its address; 0: not told, every device counts as in use. */
  __u64 devices;
  __u64 whole; /* who holds the whole of a disk of which only a part is claimed: an address */
};

/* Asked of the program `take_guard` by the daemon, before anything is attached. */
struct w_guard_request {
  __s32
      folders[W_GUARD_FOLDERS]; /* descriptors of the folders, opened by the path that PID 1 has */
  __s32 result;                 /* 0, or a negative errno */
  struct w_guard guard;         /* btf and maps are taken from here, the rest is found out */
};

enum w_counter {
  W_COUNTER_INVALID = 0,
  W_COUNTER_ALLOWED,
  W_COUNTER_DENIED,
  W_COUNTER_MEASURED,
  W_COUNTER_CACHE_HITS,
  W_COUNTER_EVENTS,
  W_COUNTER_EVENTS_LOST,
  W_COUNTER_ADOPTED,
  W_COUNTER_COUNT
};

/* Series of numbers that are given out in this boot; each holds the last that was. */
enum w_sequence { W_SEQUENCE_INVALID = 0, W_SEQUENCE_LINEAGE, W_SEQUENCE_EVENT, W_SEQUENCE_COUNT };

W_STATIC_ASSERT(sizeof(struct w_verdict_key) == 40, "w_verdict_key");
W_STATIC_ASSERT(sizeof(struct w_verdict) == 16, "w_verdict");
W_STATIC_ASSERT(sizeof(struct w_artifact) == 112, "w_artifact");
W_STATIC_ASSERT(sizeof(struct w_environment) == 40, "w_environment");
W_STATIC_ASSERT(sizeof(struct w_cgroup_key) == 132, "w_cgroup_key");
W_STATIC_ASSERT(sizeof(struct w_cgroup_node) == 12, "w_cgroup_node");
W_STATIC_ASSERT(sizeof(struct w_uid_scope) == 8, "w_uid_scope");
W_STATIC_ASSERT(sizeof(struct w_uses_key) == 16, "w_uses_key");
W_STATIC_ASSERT(sizeof(struct w_uses) == 8, "w_uses");
W_STATIC_ASSERT(sizeof(struct w_uses_transfer) == 48, "w_uses_transfer");
W_STATIC_ASSERT(sizeof(struct w_generation) == 24, "w_generation");
W_STATIC_ASSERT(__builtin_offsetof(struct w_config, hooks) == 16, "w_config.hooks");
W_STATIC_ASSERT(__builtin_offsetof(struct w_config, generations) == 80, "w_config.generations");
W_STATIC_ASSERT(sizeof(struct w_config) == 80 + 48 + 64 + (1 + W_STATES) * W_DIGEST_SIZE + 8 + 8,
                "w_config");
W_STATIC_ASSERT(sizeof(struct w_inode) == 64, "w_inode");
W_STATIC_ASSERT(sizeof(struct w_process) == 104, "w_process");
W_STATIC_ASSERT(sizeof(struct w_known_task) == 120, "w_known_task");
W_STATIC_ASSERT(sizeof(struct w_guard) == 120, "w_guard");
W_STATIC_ASSERT(sizeof(struct w_guard_request) == 16 + 120, "w_guard_request");

#endif
