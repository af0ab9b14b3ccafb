/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What processes open for reading whose authorization restricts that (`reads` of an artifact): what
 * looks like code, or all that has content. Nothing is decided here but which opens are asked
 * about.
 *
 * A file looks like code by its own name, by that of a link or of a mount that led to it, by being
 * called as a script that the process was entered by, or by a mode that lets it be executed.
 */
#ifndef WARRANT_READS_BPF_H
#define WARRANT_READS_BPF_H

#include "conclude.bpf.h"
#include "names.bpf.h"
#include "process.bpf.h"

/* Set by the loader when the kernel calls file_post_open (6.12+): there a file can be measured. */
const volatile __u8 have_post_open = 0;

/* What a process may read that runs under an artifact with these constraints. */
static __always_inline __u32 w_reads_of(__u32 constraints) {
  return (constraints & W_ARTIFACT_READS_SUFFIXES ? W_PROCESS_READS_SUFFIXES : 0) |
         (constraints & W_ARTIFACT_READS_LISTED ? W_PROCESS_READS_LISTED : 0);
}

/* Looked at first, so that opens cost nothing where nobody is restricted. */
static __always_inline int w_has_readers(void) {
  return w_generation(config.active)->flags & W_GENERATION_HAS_READS;
}

/* The last part of a path, which the kernel holds. `room` is scratch, overwritten. */
static __noinline int w_note_name(struct w_name *name, struct w_task *room,
                                  const unsigned char *path) {
  __u64 length = 0;

  /* Up to PATH_MAX; each round leaves the last byte, which ends the text, to the next. */
  for (int i = 0; i < 4096 / (W_PATH_SIZE - 1) + 1; i++) {
    long got = bpf_probe_read_kernel_str(room->event.path, W_PATH_SIZE, path + length);
    if (got <= 0)
      return 0;
    length += got - 1;
    if (got < W_PATH_SIZE)
      break;
  }
  *name = w_name_in(path, length);
  return w_cut_path(name);
}

/*
 * The names that scripts were given. Interpreters open the script by it anew, and where it leads
 * can change in between. That of the file asked for, and that of its interpreter, which is opened
 * so if it is a script itself. Of more than two w_is_deep() tells, for interpreters of scripts
 * only.
 */
static __always_inline void w_note_scripts(struct w_context *context, struct w_task *room,
                                           struct linux_binprm *bprm) {
  if (context->chain == 1 && w_has_readers())
    w_note_name(&context->pending_nested, room, (const void *)bprm->interp);
  if (context->chain != 0 && w_is_bound_reader(&context->pending))
    w_note_name(&context->pending_script, room, (const void *)bprm->filename);
}

/* A script whose interpreter's interpreter is a script: more names than are kept. */
static __always_inline int w_is_deep(const struct w_context *context) {
  return context->chain > 2;
}

/*
 * A name by which an interpreter opens something else than the file that was judged: one without a
 * folder, which can be an option, a file of java's options (@x) or a command (node's `inspect`);
 * one below /dev, which perl and gawk take for a descriptor that is open already, whatever file
 * bears that name; and gawk's /inet, for a connection. `room` is scratch, overwritten.
 * Global, so that the verifier walks it once.
 */
__noinline int w_is_taken_otherwise(struct w_task *room, __u64 path) {
  const char *start;
  long size;

  if (!room)
    return 1;
  start = room->event.path;
  size = bpf_probe_read_kernel_str(room->event.path, W_PATH_SIZE, (const void *)path);
  if (size <= 0)
    return 1;
  if (start[0] == '/')
    return (start[1] == 'd' && start[2] == 'e' && start[3] == 'v') ||
           (start[1] == 'i' && start[2] == 'n' && start[3] == 'e');
  if (start[0] == '-' || start[0] == '+' || start[0] == '@')
    return 1;
  /* A part of a path has fewer characters than there is room for (NAME_MAX). */
  W_ROLLED
  for (int i = 0; i < W_PATH_SIZE && i < size; i++) {
    if (start[i] == '/')
      return 0;
  }
  return 1;
}

static __always_inline int w_is_code_name(const struct w_context *context,
                                          const struct w_name *name) {
  return w_has_code_suffix(name->words[1]) || w_is_same_name(name, &context->script) ||
         w_is_same_name(name, &context->nested);
}

/* The place that a file is mounted on is the name that it was opened by. */
static __always_inline int w_is_mounted_as_code(struct w_context *context, struct w_task *room,
                                                struct file *file) {
  struct w_name name;
  __u64 length;

  if (BPF_CORE_READ(file, f_path.mnt, mnt_root) != BPF_CORE_READ(file, f_path.dentry))
    return 0;
  length = bpf_d_path(&file->f_path, room->event.path, W_PATH_SIZE);
  /* No name, or none that fits: nobody can say what it looks like. */
  if (length < 3 || length > W_PATH_SIZE)
    return 1;
  length -= 1;
  barrier_var(length); /* the verifier may have lost the comparison */
  name = w_name_in((const void *)room->event.path, length & (W_PATH_SIZE - 1));
  w_cut_path(&name);
  return w_is_code_name(context, &name);
}

static __always_inline int w_looks_like_code(struct w_context *context, struct w_task *room,
                                             struct file *file, __u32 mode) {
  struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
  struct w_name name = w_name_of_dentry(dentry);

  if ((context->flags & W_CONTEXT_FOLLOWED) || w_is_same_name(&name, &context->followed) ||
      w_is_code_name(context, &name))
    return 1;
  /* There a file answers to names that it does not show. */
  if (BPF_CORE_READ(dentry, d_parent, d_inode, i_flags) & S_CASEFOLD)
    return 1;
  if ((mode & S_IFMT) == S_IFREG && (mode & S_IXUGO) && !w_is_library_name(dentry))
    return 1;
  return w_is_mounted_as_code(context, room, file);
}

#define W_MEMORY_DEVICES 1 /* major number of null, zero, random and their like (devices.txt) */

static __always_inline int w_is_memory_device(struct file *file) {
  return BPF_CORE_READ(file, f_inode, i_rdev) >> 20 == W_MEMORY_DEVICES;
}

/*
 * Directories have no content, and what devices give is nobody's file: only one that is opened as
 * code is asked about, as a terminal in a script's place, on which code can be typed. All the rest
 * is: pipes that have a name too, since an interpreter reads them as it reads files.
 */
static __always_inline int w_is_restricted(struct w_context *context, struct w_task *room,
                                           struct file *file) {
  __u32 mode = BPF_CORE_READ(file, f_inode, i_mode);
  __u32 type = mode & S_IFMT;
  int is_code;

  if (type == S_IFDIR || (type == S_IFCHR && w_is_memory_device(file)))
    return 0;
  is_code = (type != S_IFCHR && (context->process.flags & W_PROCESS_READS_LISTED)) ||
            w_looks_like_code(context, room, file, mode);
  context->flags &= ~W_CONTEXT_FOLLOWED;
  __builtin_memset(&context->followed, 0, sizeof(context->followed));
  return is_code;
}

/* One open. `measures`: the hook may sleep, and the file is open. */
static __always_inline int w_read(struct file *file, __u8 hook, int measures) {
  struct w_context *context;
  struct w_facts *facts;
  struct w_slot *slot;
  struct w_task *task;
  __u64 self;

  if (!w_has_readers())
    return 0;
  /* Nearly every other open ends here: whose reads are judged has no slot. */
  self = bpf_get_current_task();
  slot = w_slot_at(self);
  if (w_is_slot_of(slot, self) && !w_is_bound_reader(&slot->context.process))
    return 0;
  if (!(file->f_mode & FMODE_READ) || (file->f_flags & FMODE_EXEC))
    return 0;
  if (w_is_slot_of(slot, self))
    return w_conclude_blind();
  context = w_own_stored_context();
  if (context && !w_is_bound_reader(&context->process))
    return 0;
  task = w_enter(context);
  if (!task || !context)
    return w_conclude_blind();
  if (!w_is_restricted(context, task, file)) {
    w_leave(task);
    return 0;
  }
  facts = w_begin(task, hook, W_REQUEST_READ);
  if (measures)
    w_measure(task, file);
  else
    w_recall(facts, file->f_inode);
  w_gather_grants(task);
  return w_conclude_file(task, file);
}

/*
 * A symbolic link is followed. If it looks like code, so does what it leads to: that it was
 * followed for an open is known only when a file of that name is opened next. Of two such names,
 * since the way to the first may lead through a second, whatever is opened next counts. Refused
 * where it cannot be kept.
 */
static __always_inline int w_follow(struct dentry *link, struct inode *inode) {
  const unsigned char *target;
  struct w_context *context;
  struct w_name name;
  __u64 length;

  if (!w_has_readers() || w_has_slot())
    return 0;
  context = w_own_stored_context();
  if (!context)
    return w_conclude_blind();
  if (!w_is_bound_reader(&context->process))
    return 0;
  name = w_name_of_dentry(link);
  if (!w_is_code_name(context, &name) && !w_is_same_name(&name, &context->followed))
    return 0;
  /* Links of procfs, and long ones of some file systems, do not tell where they lead. */
  target = (const void *)BPF_CORE_READ(inode, i_link);
  length = BPF_CORE_READ(inode, i_size);
  if (!target || length == 0 || length > 4096) {
    context->flags |= W_CONTEXT_FOLLOWED;
    return 0;
  }
  name = w_name_in(target, length);
  w_cut_path(&name);
  if (w_is_code_name(context, &name))
    return 0; /* what bears it looks like code by itself */
  if (w_has_name(&context->followed))
    context->flags |= W_CONTEXT_FOLLOWED;
  context->followed = name;
  return 0;
}

#endif
