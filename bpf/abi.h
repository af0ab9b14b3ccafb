/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The whole contract between the kernel programs and user space: every struct that crosses a map
 * or the ring buffer, every enum that one of them carries. Plain C, fixed widths, no implicit
 * padding; sizes and offsets are asserted here and compared with the BTF of the built object in
 * tests/unit/abi_btf_test.cc.
 *
 * Zero is invalid in every enum: a zeroed entry never authorizes anything.
 * All times are nanoseconds of CLOCK_BOOTTIME. All digests are 32 bytes.
 */
#ifndef WARRANT_ABI_H
#define WARRANT_ABI_H

#include <linux/types.h>

#ifdef __cplusplus
#define W_STATIC_ASSERT static_assert
#else
#define W_STATIC_ASSERT _Static_assert
#endif

#define W_ABI_VERSION 2

#define W_DIGEST_SIZE 32
#define W_ID_SIZE 16
#define W_COMM_SIZE 16
#define W_PATH_SIZE 256
/* Cgroup names of up to 126 bytes can be bound to: a longer one cannot be told from a cut one. */
#define W_CGROUP_NAME_SIZE 128
#define W_CGROUP_DEPTH 12

/* One digest in one scope may be named by this many artifacts; more is a load-time error. */
#define W_GRANTS_PER_VERDICT 4
/* Scopes that one task can be in at once: cgroup, uid, host, and one bound to its own context. */
#define W_SCOPES_PER_TASK 4
#define W_MAX_CANDIDATES (W_GRANTS_PER_VERDICT * W_SCOPES_PER_TASK)

/* Two generations live side by side: one in force, one being built. */
#define W_GENERATION_SLOTS 2
#define W_MAX_ARTIFACTS (1u << 20)
#define W_MAX_ENVIRONMENTS 256
/* Environment slot that is always open: artifacts that ask nothing of the machine. Slot 0 is
 * invalid. */
#define W_ENVIRONMENT_OPEN 1u

/* Artifacts whose processes are ended with them: each has one bit in its processes' contexts. */
#define W_MAX_BONDS 128u
#define W_BOND_WORDS 2
/* Counted artifacts that can be in force at once. */
#define W_MAX_COUNTED 16384u
/* Nothing larger is measured: the kernel hashes without a pause, on a sparse file of tmpfs for as
 * long as it likes, and takes no signal meanwhile. */
#define W_MAX_MEASURED_BYTES (2ull << 30)

#define W_NEVER ((__u64)0)
#define W_FOREVER (~(__u64)0)

/* Reserved scope ids. Scopes with other ids come from the uid and cgroup tables. */
#define W_SCOPE_INVALID 0u
#define W_SCOPE_HOST 1u
/* A key in this pseudo scope says only: some artifact in force names this digest. */
#define W_SCOPE_NAMED 2u
#define W_SCOPE_FIRST_FREE 16u

/* name, text. Order matters: among the reasons why grants failed, the largest is nearest to
 * success. */
#define W_REASONS(X)                                  \
  X(INVALID, "invalid")                               \
  X(AUTHORIZED, "authorized")                         \
  X(NOT_GOVERNED, "not governed")                     \
  X(NOT_READY, "enforcement state unavailable")       \
  X(UNMEASURABLE, "unmeasurable content")             \
  X(WRITE_CONFLICT, "write conflict")                 \
  X(AUDIT_UNAVAILABLE, "audit unavailable")           \
  X(MALFORMED, "malformed")                           \
  X(INVALID_SIGNATURE, "invalid signature")           \
  X(MISSING, "missing authorization")                 \
  X(CONTENT_MISMATCH, "content mismatch")             \
  X(POLICY_MISMATCH, "policy mismatch")               \
  X(IDENTITY_MISMATCH, "initiator identity mismatch") \
  X(REVOKED, "revoked")                               \
  X(LINEAGE_DISCONTINUITY, "lineage discontinuity")   \
  X(NOT_YET_VALID, "not yet valid")                   \
  X(EXPIRED, "expired")                               \
  X(REPLAY, "replay or uses exhausted")               \
  X(ENVIRONMENT_FAILURE, "environment failure")

enum w_reason {
#define W_REASON_ENUM(name, text) W_REASON_##name,
  W_REASONS(W_REASON_ENUM)
#undef W_REASON_ENUM
      W_REASON_COUNT
};

enum w_verdict_kind { W_VERDICT_INVALID = 0, W_ALLOW = 1, W_DENY = 2 };

/* name, text: what policy says of mode; 0 denies everything. */
enum w_mode { W_MODE_INVALID = 0, W_MODE_ENFORCE = 1, W_MODE_OBSERVE = 2, W_MODE_COUNT };

enum w_audit {
  W_AUDIT_INVALID = 0,
  W_AUDIT_OPTIONAL = 1,    /* a lost record is counted, the exec goes on */
  W_AUDIT_REQUIRED = 2,    /* required, and the record was or can be written */
  W_AUDIT_UNAVAILABLE = 3, /* required, and it could not be written */
  W_AUDIT_COUNT
};

/* The hooks in kernel call order. */
#define W_HOOKS(X)                          \
  X(INVALID, "invalid")                     \
  X(TASK_ALLOC, "task_alloc")               \
  X(FILE_OPEN, "file_open")                 \
  X(BPRM_CHECK, "bprm_check_security")      \
  X(BPRM_COMMITTED, "bprm_committed_creds") \
  X(MMAP_FILE, "mmap_file")                 \
  X(FILE_MPROTECT, "file_mprotect")         \
  X(PATH_TRUNCATE, "path_truncate")

enum w_hook {
#define W_HOOK_ENUM(name, text) W_HOOK_##name,
  W_HOOKS(W_HOOK_ENUM)
#undef W_HOOK_ENUM
      W_HOOK_COUNT
};

/* What is asked of the kernel. */
#define W_REQUESTS(X)   \
  X(INVALID, "invalid") \
  X(EXEC, "exec")       \
  X(MAP, "map")         \
  X(WRITE, "write")

enum w_request {
#define W_REQUEST_ENUM(name, text) W_REQUEST_##name,
  W_REQUESTS(W_REQUEST_ENUM)
#undef W_REQUEST_ENUM
      W_REQUEST_COUNT
};

/* How the digest was come by, or why it could not be. */
#define W_MEASURES(X)                                           \
  X(INVALID, "invalid")                                         \
  X(CACHED, "cached")                                           \
  X(VERITY, "fs-verity")                                        \
  X(IMA, "ima")                                                 \
  X(NONE, "nothing to measure")                                 \
  X(FAILED, "measurement failed")                               \
  X(ALGORITHM, "not sha256")                                    \
  X(FOREIGN_FS, "file system not trusted to keep content")      \
  X(UNSEALED, "unsealed memfd")                                 \
  X(UNCACHED, "not measured before and this hook cannot sleep") \
  X(CHANGED, "changed while being measured")                    \
  X(NOT_REGULAR, "not a regular file")                          \
  X(TOO_LARGE, "larger than is measured")

enum w_measure {
#define W_MEASURE_ENUM(name, text) W_MEASURE_##name,
  W_MEASURES(W_MEASURE_ENUM)
#undef W_MEASURE_ENUM
      W_MEASURE_COUNT
};

/* What kind of digest a verdict key holds; the two can never be confused. */
enum w_digest_kind {
  W_DIGEST_INVALID = 0,
  W_DIGEST_SHA256 = 1,
  W_DIGEST_VERITY = 2,
  W_DIGEST_ANY = 3 /* only in verdict keys, with a zero digest: break-glass for whatever content */
};

/* Actions, as bits; the artifact's `actions`. */
#define W_ACTION_EXEC 0x01u
#define W_ACTION_MAP 0x02u
#define W_ACTION_INTERPRET 0x04u
#define W_ACTION_UPDATE 0x08u
#define W_ACTION_LOAD 0x10u
#define W_ACTION_ALL 0x1fu

/* Facts that are one bit each (w_facts.flags). */
#define W_FACTS(X)                                                                            \
  X(WRITERS, 0x0001u, "writers")      /* the inode is open for writing */                     \
  X(WRITABLE, 0x0002u, "writable")    /* the mapping is writable and executable at once */    \
  X(ANONYMOUS, 0x0004u, "anonymous")  /* no file stands behind the mapping */                 \
  X(MODIFIED, 0x0008u, "modified")    /* private pages of the mapping were written to */      \
  X(OWN_IMAGE, 0x0010u, "ownImage")   /* same content as the binary this task was let exec */ \
  X(JIT, 0x0020u, "jit")              /* the caller's own authorization has jit */            \
  X(UPDATE, 0x0040u, "update")        /* the caller's own authorization has update */         \
  X(MAPPED, 0x0080u, "mapped")        /* the inode is mapped executable under a verdict */    \
  X(NAMED, 0x0100u, "named")          /* some artifact in force names the digest */           \
  X(WAS_NAMED, 0x0200u, "wasNamed")   /* one named the previous content of this inode */      \
  X(NO_CONTEXT, 0x0400u, "noContext") /* process context or inode state could not be had */   \
  X(RACED, 0x0800u, "raced")          /* the generation kept changing while facts were taken */

enum w_fact {
#define W_FACT_ENUM(name, bit, text) W_FACT_##name = bit,
  W_FACTS(W_FACT_ENUM)
#undef W_FACT_ENUM
};
#define W_FACT_ALL 0x0fffu

/* What is known of one grant (w_candidate.flags). */
#define W_CANDIDATES(X)                                                                       \
  X(REVOKED, 0x01u, "revoked")                                                                \
  X(RECOVERY, 0x02u, "recovery") /* survives a lost lease */                                  \
  X(IDENTITY_MISMATCH, 0x04u, "identityMismatch")                                             \
  X(LINEAGE_BROKEN, 0x08u, "lineageBroken") /* requires a parent artifact the caller lacks */ \
  X(USED_UP, 0x10u, "usedUp")                                                                 \
  X(POLICY_MISMATCH, 0x20u, "policyMismatch")

enum w_candidate_flag {
#define W_CANDIDATE_ENUM(name, bit, text) W_CANDIDATE_##name = bit,
  W_CANDIDATES(W_CANDIDATE_ENUM)
#undef W_CANDIDATE_ENUM
};
#define W_CANDIDATE_ALL 0x3fu

/* One grant that might authorize the request, as facts. */
struct w_candidate {
  __u64 not_before;  /* valid from here, inclusive */
  __u64 not_after;   /* valid up to here, exclusive */
  __u64 lease_until; /* the environment slot is open up to here, exclusive */
  __u32 artifact;    /* index in the artifact table of this generation; 0 is invalid */
  __u32 scope;       /* the scope that the grant was found in */
  __u32 actions;     /* W_ACTION_* bits */
  __u32 flags;       /* W_CANDIDATE_* bits */
};

/* Everything that decide() may look at, and nothing else. Fields marked (record) are not decided
 * on. */
struct w_facts {
  __u64 now;        /* boot time when the facts were taken */
  __u64 generation; /* (record) generation of entries that the candidates are from */
  __u32 flags;      /* W_FACT_* bits */
  __u8 hook;        /* (record) enum w_hook */
  __u8 request;     /* enum w_request */
  __u8 mode;        /* enum w_mode */
  __u8 audit;       /* enum w_audit */
  __u8 measure;     /* enum w_measure */
  __u8 digest_kind; /* (record) enum w_digest_kind */
  __u8 chain; /* (record) place in the exec chain: 0 the file asked for, 1 its interpreter, ... */
  __u8 reserved;
  __u32 candidate_count;
  __u8 digest[W_DIGEST_SIZE]; /* (record) */
  struct w_candidate candidates[W_MAX_CANDIDATES];
};

#define W_NO_CANDIDATE 0xffu

struct w_decision {
  __u8 verdict;   /* enum w_verdict_kind */
  __u8 reason;    /* enum w_reason */
  __u8 candidate; /* index of the grant that authorized or came nearest; W_NO_CANDIDATE */
  __u8 enforced;  /* 1: a denial becomes -EPERM; 0: the policy only observes */
};

/* ---- maps -------------------------------------------------------------------------------------
 */

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
};

/*
 * Asked of the program `take_uses` by the daemon: a new entry in `uses`, paid by another. In the
 * kernel, because tasks take from the same counter at the same moment.
 */
struct w_uses_transfer {
  struct w_uses_key from;
  struct w_uses_key to;
  __s64 count; /* more than 0 */
  __s32
      result; /* 0, or a negative errno: EEXIST there is such an entry, ENOSPC not enough is left */
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
#define W_GENERATION_HAS_ANY 0x04u /* there are verdicts of W_DIGEST_ANY */

struct w_generation {
  __u64 number; /* 0: nothing was ever published in this slot */
  __u32 flags;  /* W_GENERATION_HAS_* */
  __u32 artifacts;
  __u64 verdicts;
};

#define W_MAX_FILESYSTEMS 16

struct w_config {
  __u32 abi;    /* W_ABI_VERSION */
  __u32 active; /* generation slot in force: one 32-bit store switches everything */
  __u8 mode;    /* enum w_mode */
  __u8 audit;   /* enum w_audit: OPTIONAL or REQUIRED */
  __u8 reserved[6];
  __u64 enforcing_since;
  __u64 state_serial; /* of the daemon's durable state when it published: an older one is rolled
                         back */
  struct w_generation generations[W_GENERATION_SLOTS];
  __u32 filesystems[W_MAX_FILESYSTEMS]; /* super-block magics whose content only this kernel changes
                                         */
};

#define W_INODE_MAPPED 0x1u    /* mapped executable under a verdict */
#define W_INODE_WAS_NAMED 0x2u /* an artifact named the content before the last write */

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

/* ---- events -----------------------------------------------------------------------------------
 */

enum w_event_type {
  W_EVENT_INVALID = 0,
  W_EVENT_DECISION = 1, /* one verdict with its facts */
  W_EVENT_COMMIT = 2,   /* the exec went through: `process` is what the task now is */
  W_EVENT_TYPE_COUNT
};

/* Sent truncated: candidates beyond facts.candidate_count are left off (W_EVENT_SIZE). */
struct w_event {
  __u16 abi;
  __u16 type;     /* enum w_event_type */
  __u32 size;     /* bytes sent */
  __u64 sequence; /* position among this boot's events, lost ones included */
  struct w_process process;
  __u8 granting_artifact[W_ID_SIZE]; /* of the grant that authorized or came nearest */
  __u64 exec;                        /* lineage id that the exec will have once committed, or 0 */
  __u64 cgroup_id;
  __u64 inode;
  __u32 device;
  __u32 filesystem; /* super-block magic */
  __u32 tgid;
  __u32 pid;
  __u32 uid; /* initial user namespace */
  __u32 gid;
  char comm[W_COMM_SIZE];
  char path[W_PATH_SIZE]; /* as the task sees it; a label, never decided on */
  struct w_decision decision;
  __u32 reserved;
  struct w_facts facts;
};

#define W_FACTS_SIZE(n) \
  (__builtin_offsetof(struct w_facts, candidates) + (n) * sizeof(struct w_candidate))
#define W_EVENT_SIZE(n) (__builtin_offsetof(struct w_event, facts) + W_FACTS_SIZE(n))

W_STATIC_ASSERT(sizeof(struct w_candidate) == 40, "w_candidate");
W_STATIC_ASSERT(__builtin_offsetof(struct w_facts, candidate_count) == 28,
                "w_facts.candidate_count");
W_STATIC_ASSERT(__builtin_offsetof(struct w_facts, candidates) == 64, "w_facts.candidates");
W_STATIC_ASSERT(sizeof(struct w_facts) == 64 + 40 * W_MAX_CANDIDATES, "w_facts");
W_STATIC_ASSERT(sizeof(struct w_decision) == 4, "w_decision");
W_STATIC_ASSERT(sizeof(struct w_verdict_key) == 40, "w_verdict_key");
W_STATIC_ASSERT(sizeof(struct w_verdict) == 16, "w_verdict");
W_STATIC_ASSERT(sizeof(struct w_artifact) == 112, "w_artifact");
W_STATIC_ASSERT(sizeof(struct w_environment) == 8, "w_environment");
W_STATIC_ASSERT(sizeof(struct w_cgroup_key) == 132, "w_cgroup_key");
W_STATIC_ASSERT(sizeof(struct w_cgroup_node) == 12, "w_cgroup_node");
W_STATIC_ASSERT(sizeof(struct w_uid_scope) == 8, "w_uid_scope");
W_STATIC_ASSERT(sizeof(struct w_uses_key) == 16, "w_uses_key");
W_STATIC_ASSERT(sizeof(struct w_uses) == 8, "w_uses");
W_STATIC_ASSERT(sizeof(struct w_uses_transfer) == 48, "w_uses_transfer");
W_STATIC_ASSERT(sizeof(struct w_generation) == 24, "w_generation");
W_STATIC_ASSERT(__builtin_offsetof(struct w_config, generations) == 32, "w_config.generations");
W_STATIC_ASSERT(sizeof(struct w_config) == 32 + 48 + 64, "w_config");
W_STATIC_ASSERT(sizeof(struct w_inode) == 64, "w_inode");
W_STATIC_ASSERT(sizeof(struct w_process) == 104, "w_process");
W_STATIC_ASSERT(__builtin_offsetof(struct w_event, path) == 200, "w_event.path");
W_STATIC_ASSERT(__builtin_offsetof(struct w_event, facts) == 464, "w_event.facts");
W_STATIC_ASSERT(sizeof(struct w_event) == 464 + sizeof(struct w_facts), "w_event");

#endif
