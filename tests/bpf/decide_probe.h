/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What passes between the probe program, its loader and the file of vectors. Plain C. */
#ifndef WARRANT_TESTS_DECIDE_PROBE_H
#define WARRANT_TESTS_DECIDE_PROBE_H

#include "bpf/abi.h"

/* Vectors that one run of the program answers. */
#define W_PROBE_BATCH 1024

struct w_probe_answer {
  struct w_decision decision;
  __s32 error; /* what w_errno() made of the decision */
};

/* Context of the syscall program. */
struct w_probe_args {
  __u32 count;
};

/* The file of vectors: header, then `count` times w_probe_vector. */
#define W_PROBE_MAGIC 0x524f544345565f57ull /* "W_VECTOR" in little endian */

struct w_probe_header {
  __u64 magic;
  __u32 abi; /* W_ABI_VERSION */
  __u32 count;
};

struct w_probe_vector {
  struct w_facts facts;
  struct w_probe_answer expected;
};

#endif
