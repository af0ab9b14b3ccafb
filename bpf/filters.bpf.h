/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether the system calls of the current task are what they seem to be. seccomp's filters stay
 * over an exec: another process may answer calls (SECCOMP_RET_USER_NOTIF), and a filter may say
 * that one succeeded which was never made (SECCOMP_RET_ERRNO with 0). An interpreter that is told 0
 * for its open of the script reads descriptor 0 instead, and no hook is called.
 */
#ifndef WARRANT_FILTERS_BPF_H
#define WARRANT_FILTERS_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "maps.bpf.h"

/* Lines of all filters, and one step to each filter. The kernel lets a process have 32768
 * (MAX_INSNS_PER_PATH, kernel/seccomp.c); more are not looked at, and count as if they answered. */
#define W_FILTER_LINES (1u << 16)

struct w_filters {
  struct seccomp_filter *next;
  struct sock_filter *line;
  __u32 left; /* lines of the one that is looked at */
  __u32 is_answering;
};

/* The program as it was given is kept where processes can be checkpointed, as Debian's kernels let
 * them be; what is not there to be read counts as if it answered. */
static __always_inline void w_begin_filter(struct w_filters *filters) {
  struct seccomp_filter *filter = filters->next;
  struct sock_fprog_kern *text = BPF_CORE_READ(filter, prog, orig_prog);

  filters->left = BPF_CORE_READ(text, len);
  filters->line = BPF_CORE_READ(text, filter);
  filters->is_answering = filters->left == 0 || BPF_CORE_READ(filter, notif) != NULL;
  filters->next = BPF_CORE_READ(filter, prev);
}

static __always_inline int w_is_pretence(const struct sock_filter *line) {
  if (line->code == (BPF_RET | BPF_A))
    return 1;
  return line->code == (BPF_RET | BPF_K) && line->k == SECCOMP_RET_ERRNO;
}

static long w_look_at_filter(__u32 number, struct w_filters *filters) {
  struct sock_filter line;

  if (filters->left == 0) {
    if (!filters->next)
      return 1;
    w_begin_filter(filters);
    return filters->is_answering ? 1 : 0;
  }
  filters->is_answering =
      bpf_probe_read_kernel(&line, sizeof(line), filters->line) != 0 || w_is_pretence(&line);
  filters->line++;
  filters->left--;
  return filters->is_answering ? 1 : 0;
}

static __noinline int w_is_answered(void) {
  struct task_struct *self = bpf_get_current_task_btf();
  /* 0, which 6.1's verifier must not know: see w_is_steered(). */
  struct w_filters filters = {.next = BPF_CORE_READ(self, seccomp.filter),
                              .left = (__u32)BPF_CORE_READ(self, tgid) >> 31};

  bpf_loop(W_FILTER_LINES, w_look_at_filter, &filters, 0);
  return filters.is_answering || filters.left || filters.next;
}

#endif
