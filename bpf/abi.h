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

#define W_ABI_VERSION 10

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
/* Environment slot that is always open: artifacts that ask nothing of the machine. 0 is invalid. */
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
  X(PROTECTED, "protected")                           \
  X(AUDIT_UNAVAILABLE, "audit unavailable")           \
  X(MALFORMED, "malformed")                           \
  X(INVALID_SIGNATURE, "invalid signature")           \
  X(MISSING, "missing authorization")                 \
  X(CONTENT_MISMATCH, "content mismatch")             \
  X(ENTRY, "interpreter entered without a script")    \
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
#define W_HOOKS(X)                                        \
  X(INVALID, "invalid")                                   \
  X(TASK_ALLOC, "task_alloc")                             \
  X(TASK_FREE, "task_free")                               \
  X(FOLLOW_LINK, "inode_follow_link")                     \
  X(FILE_OPEN, "file_open")                               \
  X(FILE_POST_OPEN, "file_post_open")                     \
  X(BPRM_CREDS, "bprm_creds_for_exec")                    \
  X(BPRM_CHECK, "bprm_check_security")                    \
  X(BPRM_FILE, "bprm_creds_from_file")                    \
  X(BPRM_COMMITTED, "bprm_committed_creds")               \
  X(MMAP_FILE, "mmap_file")                               \
  X(FILE_MPROTECT, "file_mprotect")                       \
  X(INODE_SETATTR, "inode_setattr")                       \
  X(FILE_IOCTL, "file_ioctl")                             \
  X(FILE_IOCTL_COMPAT, "file_ioctl_compat")               \
  X(INODE_UNLINK, "inode_unlink")                         \
  X(INODE_RMDIR, "inode_rmdir")                           \
  X(INODE_RENAME, "inode_rename")                         \
  X(SB_MOUNT, "sb_mount")                                 \
  X(SB_REMOUNT, "sb_remount")                             \
  X(SB_UMOUNT, "sb_umount")                               \
  X(SB_PIVOTROOT, "sb_pivotroot")                         \
  X(MOVE_MOUNT, "move_mount")                             \
  X(BPF_MAP, "bpf_map")                                   \
  X(BPF_PROG, "bpf_prog")                                 \
  X(BPF, "bpf")                                           \
  X(PERF_EVENT_OPEN, "perf_event_open")                   \
  X(PTRACE_ACCESS_CHECK, "ptrace_access_check")           \
  X(PTRACE_TRACEME, "ptrace_traceme")                     \
  X(INODE_INIT_SECURITY_ANON, "inode_init_security_anon") \
  X(LOCKED_DOWN, "locked_down")                           \
  X(KERNEL_READ_FILE, "kernel_read_file")                 \
  X(KERNEL_LOAD_DATA, "kernel_load_data")                 \
  X(PERSONALITY, "personality")                           \
  X(PERSONALITY_32, "personality of 32 bits")             \
  X(FILE_FCNTL, "file_fcntl")                             \
  X(QUOTA_ON, "quota_on")

enum w_hook {
#define W_HOOK_ENUM(name, text) W_HOOK_##name,
  W_HOOKS(W_HOOK_ENUM)
#undef W_HOOK_ENUM
      W_HOOK_COUNT
};

/* What is asked of the kernel. */
#define W_REQUESTS(X)                                                    \
  X(INVALID, "invalid")                                                  \
  X(EXEC, "exec")                                                        \
  X(MAP, "map")                                                          \
  X(WRITE, "write")                                                      \
  X(CHECK, "check") /* AT_EXECVE_CHECK (6.14+): would it be executed? */ \
  X(READ, "read")   /* by an interpreter whose reads are restricted */   \
  X(LOAD, "load")   /* into the kernel: the object says what */          \
  X(TOUCH, "touch") /* something that guards enforcement: the object says what */

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
  X(TOO_LARGE, "larger than is measured")                       \
  X(SHARED, "was mapped shared and writable")

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
#define W_ACTION_ADMINISTER 0x20u
#define W_ACTION_ALL 0x3fu /* what an artifact may name */
/* In grants only: to be executed as the interpreter of an authorized script, and no other way. */
#define W_ACTION_SCRIPT 0x40u

/*
 * What a request to load or to touch is about. name, class, text. The class says what lets it be:
 *   OWN     enforcement itself: a caller whose own authorization has `administer`, see below
 *   MEMORY  of processes: `jit` of the caller, or the policy's word
 *   DOOR    to the kernel or into other processes: the policy's word
 *   CODE    of the kernel: a grant with `load` of its content, or the policy's word
 * `administer`: maps, programs, pins while enforcement is ended; the rest with `update`, not BPF.
 */
#define W_OBJECTS(X)                                                          \
  X(NONE, NONE, "none")                                                       \
  X(PIN, OWN, "pin of enforcement")                                           \
  X(MOUNT, OWN, "mount of the pins")                                          \
  X(MAP, OWN, "map of enforcement")                                           \
  X(PROGRAM, OWN, "program of enforcement")                                   \
  X(ADMINISTRATOR, OWN, "process that administers")                           \
  X(FTRACE, OWN, "kernel.ftrace_enabled")                                     \
  X(PROCESS_MEMORY, MEMORY, "memory of a process")                            \
  X(USERFAULT, MEMORY, "userfaultfd")                                         \
  X(READ_IMPLIES_EXEC, MEMORY, "personality that makes readable memory code") \
  X(PTRACE, DOOR, "ptrace")                                                   \
  X(BPF, DOOR, "bpf program")                                                 \
  X(TRACING, DOOR, "tracing")                                                 \
  X(KERNEL_MEMORY, DOOR, "kernel memory")                                     \
  X(BLOCK_DEVICE, DOOR, "block device in use")                                \
  X(BINFMT, DOOR, "binfmt_misc")                                              \
  X(OWN_BINFMT, DOOR, "binfmt_misc of a user namespace")                      \
  X(MODULE, CODE, "module")                                                   \
  X(FIRMWARE, CODE, "firmware")                                               \
  X(KEXEC, CODE, "kexec image")                                               \
  X(IMA, OWN, "policy of IMA")

enum w_object {
#define W_OBJECT_ENUM(name, class, text) W_OBJECT_##name,
  W_OBJECTS(W_OBJECT_ENUM)
#undef W_OBJECT_ENUM
      W_OBJECT_COUNT
};

enum w_object_class {
  W_CLASS_NONE = 0,
  W_CLASS_OWN = 1,
  W_CLASS_MEMORY = 2,
  W_CLASS_DOOR = 3,
  W_CLASS_CODE = 4
};

/* Objects as bits: of one class, and w_config.permits. */
#define W_OBJECT_BIT(object) (1u << (object))
W_STATIC_ASSERT(W_OBJECT_COUNT <= 32, "objects are bits");

/* Facts that are one bit each (w_facts.flags). */
#define W_FACTS(X)                                                                               \
  X(WRITERS, 0x0001u, "writers")       /* the inode is open for writing */                       \
  X(WRITABLE, 0x0002u, "writable")     /* the mapping, or the stack that comes with the */       \
                                       /* image, is writable and executable at once */           \
  X(ANONYMOUS, 0x0004u, "anonymous")   /* no file stands behind the mapping */                   \
  X(MODIFIED, 0x0008u, "modified")     /* private pages of the mapping were written to */        \
  X(OWN_IMAGE, 0x0010u, "ownImage")    /* same content as the binary this task was let exec */   \
  X(JIT, 0x0020u, "jit")               /* the caller's own authorization has jit */              \
  X(UPDATE, 0x0040u, "update")         /* the caller's own authorization has update */           \
  X(MAPPED, 0x0080u, "mapped")         /* the inode is mapped executable under a verdict */      \
  X(NAMED, 0x0100u, "named")           /* some artifact in force names the digest */             \
  X(WAS_NAMED, 0x0200u, "wasNamed")    /* one named the previous content of this inode */        \
  X(NO_CONTEXT, 0x0400u, "noContext")  /* process context or inode state could not be had */     \
  X(RACED, 0x0800u, "raced")           /* the generation kept changing while facts were taken */ \
  X(ADMINISTER, 0x1000u, "administer") /* the caller's own authorization has administer */       \
  X(PERMITTED, 0x2000u, "permitted")   /* the policy lets everybody touch such objects */        \
  X(STEERED, 0x4000u, "steered")       /* its environment, its script's name, a supervisor or */ \
                                       /* a filter that pretends may make an interpreter run */  \
                                       /* something else */                                      \
  X(ENDING, 0x8000u, "ending")         /* an order to end enforcement is carried out */

enum w_fact {
#define W_FACT_ENUM(name, bit, text) W_FACT_##name = bit,
  W_FACTS(W_FACT_ENUM)
#undef W_FACT_ENUM
};
#define W_FACT_ALL 0xffffu

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
  __u8 chain;       /* place in the exec chain: 0 the file asked for, 1 its interpreter, ... */
  __u8 object;      /* enum w_object: of a request to load or to touch */
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

#include "abi_maps.h"

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
W_STATIC_ASSERT(__builtin_offsetof(struct w_facts, candidate_count) == 28, "candidate_count");
W_STATIC_ASSERT(__builtin_offsetof(struct w_facts, candidates) == 64, "w_facts.candidates");
W_STATIC_ASSERT(sizeof(struct w_facts) == 64 + 40 * W_MAX_CANDIDATES, "w_facts");
W_STATIC_ASSERT(sizeof(struct w_decision) == 4, "w_decision");
W_STATIC_ASSERT(__builtin_offsetof(struct w_event, path) == 200, "w_event.path");
W_STATIC_ASSERT(__builtin_offsetof(struct w_event, facts) == 464, "w_event.facts");
W_STATIC_ASSERT(sizeof(struct w_event) == 464 + sizeof(struct w_facts), "w_event");

#endif
