/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Facts of what is touched: enforcement itself, and the doors through which it could be got around.
 * Who may touch what, decide() says.
 */
#ifndef WARRANT_GUARD_BPF_H
#define WARRANT_GUARD_BPF_H

#include "conclude.bpf.h"
#include "filters.bpf.h"
#include "mounts.bpf.h"

/* What a request to touch or to load is about. */
static __always_inline void w_set_object(struct w_facts *facts, __u32 object) {
  facts->object = object;
  if (config.permits & W_OBJECT_BIT(object & 31))
    facts->flags |= W_FACT_PERMITTED;
}

/* Whether an order to end enforcement is carried out by whoever asks. */
static __always_inline int w_is_ending(const struct w_process *process) {
  return config.ending == process->lineage || config.ending == W_ENDING_ANYBODY;
}

/* Begins a touch. Global, so that the verifier walks it once, whichever room was found. */
__noinline int w_begin_touch(struct w_task *task, __u32 hook, __u32 object) {
  struct w_facts *facts;

  if (!task)
    return 0;
  facts = w_begin(task, hook, W_REQUEST_TOUCH);
  w_set_object(facts, object);
  if (w_is_ending(&task->event.process))
    facts->flags |= W_FACT_ENDING;
  return 0;
}

static __always_inline void w_describe_touched(struct w_event *event, struct inode *inode,
                                               const void *label) {
  if (inode)
    w_describe_file(event, inode);
  if (label)
    bpf_probe_read_kernel_str(event->path, W_PATH_SIZE, label);
}

/* A scope's mode counts only for memory of its own processes: what is observed there must not open
 * the machine. */
static __always_inline int w_touch_as(__u32 hook, __u32 object, struct inode *inode,
                                      const void *label, int is_memory) {
  struct w_task *task = w_current();

  if (!task)
    return w_conclude_blind();
  w_begin_touch(task, hook, object);
  w_describe_touched(&task->event, inode, label);
  if (is_memory)
    w_gather_scopes(task);
  return w_conclude_ungranted(task, NULL);
}

/* Two, so that the verifier walks scopes only for those who ask for them. */
static __noinline int w_touch_memory(__u32 hook, __u32 object, struct inode *inode,
                                     const void *label) {
  return w_touch_as(hook, object, inode, label, 1);
}
static __noinline int w_touch_other(__u32 hook, __u32 object, struct inode *inode,
                                    const void *label) {
  return w_touch_as(hook, object, inode, label, 0);
}

/* One touch: 0, or -EPERM. `label` is a kernel string that the record is to show. */
static __always_inline int w_touch(__u32 hook, __u32 object, struct inode *inode,
                                   const void *label) {
  return w_is_of_class(object, W_CLASS_MEMORY) ? w_touch_memory(hook, object, inode, label)
                                               : w_touch_other(hook, object, inode, label);
}

static __always_inline const void *w_name_of(struct dentry *dentry) {
  return BPF_CORE_READ(dentry, d_name.name);
}

static __always_inline int w_is_folder(struct dentry *dentry) {
  struct inode *inode = BPF_CORE_READ(dentry, d_inode);

  return inode && (BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFDIR;
}

static __always_inline int w_is_folder_of_pins(struct inode *inode) {
  __u64 number = BPF_CORE_READ(inode, i_ino);

  if (BPF_CORE_READ(inode, i_sb, s_dev) != guard.device)
    return 0;
  W_ROLLED
  for (int i = 0; i < W_GUARD_FOLDERS; i++) {
    if (guard.folders[i] == number)
      return 1;
  }
  return 0;
}

/* Whether a name in a folder of bpffs is a pin, or a folder of pins. */
static __always_inline int w_is_pin(struct inode *folder, struct dentry *dentry) {
  struct inode *inode;

  if (folder->i_sb->s_magic != BPF_FS_MAGIC)
    return 0;
  if (guard.device == 0)
    return 0;
  inode = BPF_CORE_READ(dentry, d_inode);
  return w_is_folder_of_pins(folder) || (inode && w_is_folder_of_pins(inode));
}

/* Who may open a pin is in its mode: the next daemon has no right to override that. */
static __noinline int w_shuts_pin(struct dentry *dentry, struct iattr *attributes) {
  struct inode *inode = BPF_CORE_READ(dentry, d_inode);
  struct inode *folder = BPF_CORE_READ(dentry, d_parent, d_inode);

  if (!(BPF_CORE_READ(attributes, ia_valid) & ATTR_OWNER_AND_MODE) ||
      BPF_CORE_READ(inode, i_sb, s_magic) != BPF_FS_MAGIC)
    return 0;
  if (guard.device == 0 || !(w_is_folder_of_pins(folder) || w_is_folder_of_pins(inode)))
    return 0;
  return w_touch(W_HOOK_INODE_SETATTR, W_OBJECT_PIN, NULL, w_name_of(dentry));
}

/* By the type information that the map was made with, so that those of every generation are known;
 * some kinds of maps have none. */
static __always_inline int w_is_own_map(struct bpf_map *map) {
  __u32 types = BPF_CORE_READ(map, btf, id);
  __u32 id = BPF_CORE_READ(map, id);

  if (types != 0)
    return types == guard.btf;
  W_ROLLED
  for (int i = 0; i < W_GUARD_MAPS; i++) {
    if (guard.maps[i] == id)
      return id != 0;
  }
  return 0;
}

static __always_inline int w_is_own_program(struct bpf_prog *program) {
  __u32 types = BPF_CORE_READ(program, aux, btf, id);

  return types != 0 && types == guard.btf;
}

static __always_inline int w_is_first_time(struct time_namespace *time) {
  if (!bpf_core_type_exists(struct time_namespace))
    return 1;
  return !time || BPF_CORE_READ(time, ns.inum) == PROC_TIME_INIT_INO;
}

/*
 * Whether the current task reads the clock that the programs read, and processes have the numbers
 * for it that all have. In a time namespace the boot clock is set off, so that what it says of a
 * lease or an expiry is not what was signed; an exec may lead into the one that is meant for
 * children (6.2+).
 */
static __noinline int w_sees_machine(void) {
  struct task_struct *self = bpf_get_current_task_btf();

  return BPF_CORE_READ(self, thread_pid, level) == 0 &&
         w_is_first_time(BPF_CORE_READ(self, nsproxy, time_ns)) &&
         w_is_first_time(BPF_CORE_READ(self, nsproxy, time_ns_for_children));
}

/*
 * An exec under an authorization to administer: the loader is told to believe nothing of the
 * environment. Who is traced while it is executed belongs to who traces it, whose calls are
 * answered for it to whoever answers, and who is in a namespace of time or of processes to whoever
 * made that.
 */
static __always_inline __u32 w_take_office(struct linux_binprm *bprm,
                                           const struct w_candidate *grant) {
  if (!(grant->actions & W_ACTION_ADMINISTER) || (bprm->unsafe & LSM_UNSAFE_PTRACE) ||
      w_is_answered() || !w_sees_machine())
    return 0;
  bpf_bprm_opts_set(bprm, BPF_F_BPRM_SECUREEXEC);
  return W_PROCESS_ADMINISTER;
}

/* The file of a descriptor of the current task. */
static __always_inline struct file *w_file_of(__u32 descriptor) {
  struct task_struct *self = bpf_get_current_task_btf();
  struct fdtable *table = BPF_CORE_READ(self, files, fdt);
  struct file **files = BPF_CORE_READ(table, fd);
  struct file *file = NULL;

  if (descriptor < BPF_CORE_READ(table, max_fds))
    bpf_probe_read_kernel(&file, sizeof(file), files + descriptor);
  return file;
}

#endif
