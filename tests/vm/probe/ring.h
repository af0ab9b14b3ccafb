// SPDX-License-Identifier: Apache-2.0
// An io_uring with one entry; io_uring(7).
#pragma once

#include <linux/io_uring.h>

struct ring {
  int file;
  struct io_uring_params setup;
  char *rings;
  struct io_uring_sqe *entry;
};

/// Makes it, or gives up as a setup failure.
void ring_make(struct ring *ring);
/// Puts one entry in, waits until it is done and returns its result.
int ring_run(struct ring *ring, struct io_uring_sqe entry);
