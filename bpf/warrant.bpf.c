/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs, in the order in which the kernel calls them. Each gathers facts, lets decide()
 * choose and obeys. What a hook sees, and since which kernel, is in docs/kernel-notes.md.
 */
#include "abi.h"
#include "calls.bpf.h"
#include "conclude.bpf.h"
#include "decide.h"
#include "environment.bpf.h"
#include "facts.bpf.h"
#include "grants.bpf.h"
#include "guard.bpf.h"
#include "guard_hooks.bpf.h"
#include "kernel.h"
#include "reads.bpf.h"
#include "writes.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Set by the loader: whether inode_setattr begins with an idmap (6.1 has no such argument). */
const volatile __u8 setattr_has_idmap = 0;

/* A child carries its parent's context from its first instruction; without memory for it, no child.
 */
SEC("lsm/task_alloc")
int BPF_PROG(on_task_alloc, struct task_struct *child) {
  return w_fork(child);
}

SEC("lsm/task_free")
int BPF_PROG(on_task_free, struct task_struct *task) {
  w_drop_context(task);
  return 0;
}

/* On the way to a file: what a link is called may tell what it leads to. */
SEC("lsm/inode_follow_link")
int BPF_PROG(on_follow_link, struct dentry *dentry, struct inode *inode) {
  return w_follow(dentry, inode);
}

SEC("lsm/file_open")
int BPF_PROG(on_file_open, struct file *file) {
  struct inode *inode;
  __u32 door;

  if (file->f_mode & FMODE_WRITE) {
    inode = file->f_inode;
    door = w_door_of_file(file);
    if (door != W_OBJECT_NONE && w_touch(W_HOOK_FILE_OPEN, door, inode, w_file_name(file)) != 0)
      return -EPERM;
    if (w_write(inode, file->f_path.dentry, file, W_HOOK_FILE_OPEN) != 0)
      return -EPERM;
    if ((w_mark_swapped(file) || w_mark_backing(file) || w_mark_direct(file, file->f_flags)) &&
        w_conclude_blind() != 0)
      return -EPERM;
  }
  return have_post_open ? 0 : w_read(file, W_HOOK_FILE_OPEN, 0);
}

/* The file is open now, and can be measured. */
SEC("lsm.s/file_post_open")
int BPF_PROG(on_file_post_open, struct file *file) {
  return w_read(file, W_HOOK_FILE_POST_OPEN, 1);
}

/* Not inlined: clang would take an offset that this kernel lacks out of the branch. */
static __noinline int w_is_check(struct linux_binprm *bprm) {
  struct linux_binprm___check *checked = (void *)bprm;

  return bpf_core_field_exists(checked->is_check) && BPF_CORE_READ_BITFIELD(checked, is_check);
}

/* Called once for the file asked for. AT_EXECVE_CHECK comes no further: it is answered as the exec
 * would be, and uses nothing up. */
SEC("lsm.s/bprm_creds_for_exec")
int BPF_PROG(on_bprm_creds, struct linux_binprm *bprm) {
  struct w_task *task;

  if (!w_is_check(bprm))
    return 0;
  task = w_current();
  if (!task)
    return w_conclude_blind();
  w_begin(task, W_HOOK_BPRM_CREDS, W_REQUEST_CHECK);
  w_measure(task, bprm->file);
  w_gather_grants(task);
  return w_conclude_file(task, bprm->file);
}

/* What the process becomes once the exec is committed, by the grant that allowed it. */
static __always_inline __u32 w_process_flags(const struct w_candidate *chosen,
                                             const struct w_origin *origin) {
  __u32 flags = W_PROCESS_COMMITTED;

  if (origin->constraints & W_ARTIFACT_JIT)
    flags |= W_PROCESS_JIT;
  if (chosen->actions & W_ACTION_UPDATE)
    flags |= W_PROCESS_UPDATE;
  return flags | w_reads_of(origin->constraints);
}

/* Whether somebody grants it as the interpreter of scripts only. */
static __always_inline int w_is_for_scripts(const struct w_facts *facts) {
  W_ROLLED
  for (__u32 i = 0; i < W_MAX_CANDIDATES; i++) {
    if (i < facts->candidate_count && (facts->candidates[i].actions & W_ACTION_SCRIPT))
      return 1;
  }
  return 0;
}

/* Called for the file asked for, then for each interpreter of it. */
SEC("lsm.s/bprm_check_security")
int BPF_PROG(on_bprm_check, struct linux_binprm *bprm) {
  struct w_context *context = w_context();
  struct w_task *task = w_enter(context);
  const struct w_candidate *chosen;
  const struct w_origin *origin;
  struct w_facts *facts;

  if (!task || !context) {
    if (context)
      w_forget_exec(context);
    return w_conclude_blind();
  }
  facts = w_begin(task, W_HOOK_BPRM_CHECK, W_REQUEST_EXEC);
  /* The kernel gives `interp` a string of its own as soon as a handler names an interpreter. */
  if (bprm->interp == bprm->filename) {
    context->chain = 0;
    context->pending.lineage = w_next(W_SEQUENCE_LINEAGE);
    __builtin_memset(&context->pending_script, 0, sizeof(struct w_name));
    __builtin_memset(&context->pending_nested, 0, sizeof(struct w_name));
  } else {
    context->chain++;
    if (w_is_taken_otherwise(task, (__u64)BPF_CORE_READ(bprm, filename)) || w_is_deep(context))
      facts->flags |= W_FACT_STEERED;
    __builtin_memcpy(task->paid, context->pending.artifact, W_ID_SIZE);
  }
  facts->chain = context->chain > 255 ? 255 : context->chain;
  task->event.exec = context->pending.lineage;
  w_measure(task, bprm->file);
  w_gather_grants(task);
  if (context->chain != 0 && w_is_for_scripts(facts) && w_is_answered())
    facts->flags |= W_FACT_STEERED;
  if (task->binds && !moves_late) {
    if (w_move_to_storage() == 0) {
      context = w_context();
    } else {
      w_forget_exec(context);
      context = NULL;
    }
    if (!context) {
      w_leave(task);
      return w_conclude_blind();
    }
  }
  w_settle(task);
  if (w_finish_file(task, bprm->file) != 0) {
    w_leave(task);
    return -EPERM;
  }
  chosen = w_chosen(facts, task->event.decision);
  origin = w_origin_of(task, task->event.decision);
  context->flags &= ~W_CONTEXT_SCRIPT_ONLY;
  if (origin && chosen && task->event.decision.verdict == W_ALLOW) {
    w_prepare_exec(context, facts, origin,
                   w_process_flags(chosen, origin) | w_take_office(bprm, chosen));
    if (!(chosen->actions & W_ACTION_EXEC))
      context->flags |= W_CONTEXT_SCRIPT_ONLY;
    w_note_scripts(context, task, bprm);
  } else {
    w_prepare_exec(context, facts, NULL, 0);
  }
  w_leave(task);
  return 0;
}

/* Where contexts are moved late: all files of the exec were judged, and it can be refused still. */
SEC("lsm/bprm_creds_from_file")
int BPF_PROG(on_bprm_file) {
  struct w_context *context = w_context();

  if (!context)
    return w_conclude_blind();
  if (!w_belongs_in_storage(&context->pending) || w_move_to_storage() == 0)
    return 0;
  w_forget_exec(context);
  return w_conclude_blind();
}

/* The point of no return is passed: the task is now what it asked to become. */
SEC("lsm.s/bprm_committed_creds")
int BPF_PROG(on_bprm_committed, struct linux_binprm *bprm) {
  struct w_context *context = w_context();

  /* It would go on with what the image before it was allowed, or where nobody finds its bonds. */
  if (!context || w_is_left_behind(context)) {
    if (w_conclude_blind() != 0) {
      bpf_send_signal(SIGKILL);
      return 0;
    }
    if (!context)
      return 0;
    w_forget_exec(context);
  }
  if ((context->flags & W_CONTEXT_SCRIPT_ONLY) && w_is_misled(bprm))
    bpf_send_signal(SIGKILL);
  w_commit_exec(context);
  context->stack = (__u64)bprm->vma;
  w_send_commit(context, bprm->file);
  return 0;
}

/* Starts a request to have executable memory. */
static __always_inline struct w_facts *w_begin_map(struct w_task *task, struct w_context *context,
                                                   __u8 hook, unsigned long prot) {
  struct w_facts *facts = w_begin(task, hook, W_REQUEST_MAP);

  if (w_has_executable_stack(context) || (prot & PROT_WRITE))
    facts->flags |= W_FACT_WRITABLE;
  context->stack = 0;
  return facts;
}

static __noinline int w_map_anonymous(unsigned long prot, __u8 hook) {
  struct w_context *context = w_context();
  struct w_task *task = w_enter(context);
  struct w_facts *facts;

  if (!task || !context)
    return w_conclude_blind();
  facts = w_begin_map(task, context, hook, prot);
  facts->flags |= W_FACT_ANONYMOUS;
  w_gather_scopes(task);
  return w_conclude_ungranted(task, NULL);
}

/* The image that the task was let exec is asked for no grant again; what is recorded tells by which
 * generation. */
static __always_inline void w_gather_map(struct w_task *task) {
  struct w_facts *facts = &task->event.facts;

  if (!w_is_own_image(task, facts)) {
    w_gather_grants(task);
    return;
  }
  facts->flags |= W_FACT_OWN_IMAGE;
  if (facts->measure != W_MEASURE_CACHED)
    w_gather_scopes(task);
}

/* Decides about a mapping of a file. What is allowed is marked as mapped, and refused after all if
 * it can have changed until then. Nothing else is marked: it would keep writers away. */
static __always_inline void w_weigh_map(struct w_task *task, struct inode *inode, int is_marked) {
  struct w_facts *facts = &task->event.facts;

  w_weigh(task);
  if (is_marked || task->event.decision.verdict != W_ALLOW || !w_is_measured(facts->measure) ||
      !w_mark_mapped(inode))
    return;
  facts->flags |= W_FACT_WRITERS;
  w_decide_room(task);
}

/*
 * A mapping that cannot be executed but is said to be of code (MAP_EXECUTABLE, which the kernel
 * ignores) measures the file and asks for nothing: hooks that cannot sleep will know its digest.
 */
static __noinline int w_warm(struct file *file) {
  struct w_task *task = w_current();

  if (!task)
    return 0;
  w_begin(task, W_HOOK_MMAP_FILE, W_REQUEST_MAP);
  w_measure(task, file);
  w_leave(task);
  return 0;
}

/* What there is to say of a task's own image with the content that it was let exec. */
static const struct w_facts w_own_image_facts = {.mode = W_MODE_ENFORCE,
                                                 .audit = W_AUDIT_OPTIONAL,
                                                 .request = W_REQUEST_MAP,
                                                 .measure = W_MEASURE_CACHED,
                                                 .flags = W_FACT_OWN_IMAGE};

/*
 * Whether a new image's first mapping of code is one that decide() allows by these facts: of each
 * exec one is, and since it is not recorded it needs no room. Whatever else there may be to say, of
 * it or of the policy, is said in facts of its own. What is not recorded takes no room in the ring
 * either, so it makes no difference whether records are required.
 */
static __always_inline int w_is_plain_start(const struct w_context *context, struct file *file,
                                            unsigned long prot) {
  return context->stack != 0 && !(prot & PROT_WRITE) &&
         w_decide(&w_own_image_facts).verdict == W_ALLOW && config.mode == W_MODE_ENFORCE &&
         (config.audit == W_AUDIT_OPTIONAL || config.audit == W_AUDIT_REQUIRED) &&
         !w_has_executable_stack(context) && w_knows_own_image(context, file);
}

SEC("lsm.s/mmap_file")
int BPF_PROG(on_mmap_file, struct file *file, unsigned long reqprot, unsigned long prot,
             unsigned long flags) {
  struct w_context *context;
  struct w_task *task;
  int is_marked;

  if (!(prot & PROT_EXEC) && !(flags & MAP_EXECUTABLE) && !w_is_shared(flags))
    return 0;
  /* 6.12 takes the first of these out (see w_argument()), 7.2 demands it. */
  if (!file || w_address_of(file) == 0)
    return prot & PROT_EXEC ? w_map_anonymous(prot, W_HOOK_MMAP_FILE) : 0;
  if (w_mark_shared(file, flags))
    return w_conclude_blind();
  if (!(prot & PROT_EXEC)) {
    if (flags & MAP_EXECUTABLE)
      w_warm(file);
    return 0;
  }
  context = w_context();
  if (context && w_is_plain_start(context, file, prot)) {
    context->stack = 0;
    w_count(W_COUNTER_CACHE_HITS);
    w_count(W_COUNTER_ALLOWED);
    return 0;
  }
  task = w_enter(context);
  if (!task || !context)
    return w_conclude_blind();
  w_begin_map(task, context, W_HOOK_MMAP_FILE, prot);
  is_marked = w_measure(task, file);
  w_gather_map(task);
  w_weigh_map(task, file->f_inode, is_marked);
  return w_end_file(task, file);
}

/* Cannot sleep: judges from the digest that is cached. */
SEC("lsm/file_mprotect")
int BPF_PROG(on_file_mprotect, struct vm_area_struct *vma, unsigned long reqprot,
             unsigned long prot) {
  struct w_context *context;
  struct w_facts *facts;
  struct w_task *task;
  struct file *file;

  if (!(prot & PROT_EXEC))
    return 0;
  file = vma->vm_file;
  if (!file)
    return w_map_anonymous(prot, W_HOOK_FILE_MPROTECT);
  context = w_context();
  task = w_enter(context);
  if (!task || !context)
    return w_conclude_blind();
  facts = w_begin_map(task, context, W_HOOK_FILE_MPROTECT, prot);
  if (vma->anon_vma)
    facts->flags |= W_FACT_MODIFIED;
  w_recall(facts, file->f_inode);
  w_gather_map(task);
  w_describe_file(&task->event, file->f_inode);
  w_name_dentry(&task->event, file->f_path.dentry);
  w_weigh_map(task, file->f_inode, 0);
  return w_end(task);
}

/* Newer kernels say first under which mapping of ids. In assembler, because clang would choose
 * between two addresses in the context, and the verifier refuses a computed one. */
SEC("lsm/inode_setattr")
int on_inode_setattr(unsigned long long *ctx) {
  struct iattr *attributes;
  struct dentry *dentry;

  if (setattr_has_idmap) {
    asm volatile("%0 = *(u64 *)(%1 + 8)" : "=r"(dentry) : "r"(ctx));
    asm volatile("%0 = *(u64 *)(%1 + 16)" : "=r"(attributes) : "r"(ctx));
  } else {
    asm volatile("%0 = *(u64 *)(%1 + 0)" : "=r"(dentry) : "r"(ctx));
    asm volatile("%0 = *(u64 *)(%1 + 8)" : "=r"(attributes) : "r"(ctx));
  }
  if (w_shuts_pin(dentry, attributes) != 0)
    return -EPERM;
  return w_answer(w_set_attributes(dentry, attributes));
}
