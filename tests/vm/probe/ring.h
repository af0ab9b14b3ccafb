// SPDX-License-Identifier: Apache-2.0
// An io_uring; io_uring(7).
#pragma once

#include <linux/io_uring.h>
#include <stdint.h>

struct ring {
  int file;
  struct io_uring_params setup;
  char *rings;
  struct io_uring_sqe *entry;
};

/// Makes it with room for one entry, or for so many, or gives up as a setup failure.
void ring_make(struct ring *ring);
void ring_make_sized(struct ring *ring, unsigned entries);
/// Puts one entry in, waits until it is done and returns its result.
int ring_run(struct ring *ring, struct io_uring_sqe entry);
/// Puts entries in, as many as there is room for at most, without waiting.
void ring_submit(struct ring *ring, const struct io_uring_sqe *entries, unsigned count);
/// 1 when the entry with that user_data is done: then its result is told.
int ring_find(const struct ring *ring, uint64_t user_data, int *result);
