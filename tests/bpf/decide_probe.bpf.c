/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Runs decide() as verified bytecode over vectors that user space puts in a map. The answers go to
 * another map, to be compared with those of the same file compiled for the host.
 */
#include "tests/bpf/decide_probe.h"

#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>

#include "bpf/decide.h"

/* Mmapable, so that user space fills and reads a whole batch without system calls. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, W_PROBE_BATCH);
  __type(key, __u32);
  __type(value, struct w_facts);
} vectors SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, W_PROBE_BATCH);
  __type(key, __u32);
  __type(value, struct w_probe_answer);
} answers SEC(".maps");

static long answer_one(__u32 index, void *context) {
  struct w_facts *facts = bpf_map_lookup_elem(&vectors, &index);
  struct w_probe_answer *answer = bpf_map_lookup_elem(&answers, &index);

  (void)context;
  if (!facts || !answer)
    return 1;
  /* The scratch room is a map value, as in the programs that enforce. */
  answer->decision = w_decide_in(facts, &answer->decision);
  answer->error = w_errno(answer->decision);
  return 0;
}

/* Returns how many vectors were answered. */
SEC("syscall")
int decide_probe(struct w_probe_args *args) {
  return (int)bpf_loop(args->count, answer_one, (void *)0, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
