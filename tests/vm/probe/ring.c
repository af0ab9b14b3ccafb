// SPDX-License-Identifier: Apache-2.0
#include "ring.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

void ring_make(struct ring *ring) {
  ring_make_sized(ring, 1);
}

void ring_make_sized(struct ring *ring, unsigned entries) {
  ring->setup = (struct io_uring_params){0};
  ring->file = (int)syscall(SYS_io_uring_setup, entries, &ring->setup);
  if (ring->file < 0)
    probe_setup_failed("io_uring_setup");
  size_t size = ring->setup.sq_off.array + PAGE + ring->setup.cq_off.cqes + PAGE;
  int flags = MAP_SHARED | MAP_POPULATE;
  ring->rings = mmap(NULL, size, RW, flags, ring->file, IORING_OFF_SQ_RING);
  ring->entry = mmap(NULL, PAGE, RW, flags, ring->file, IORING_OFF_SQES);
  if (ring->rings == MAP_FAILED || (void *)ring->entry == MAP_FAILED ||
      !(ring->setup.features & IORING_FEAT_SINGLE_MMAP))
    probe_setup_failed("io_uring mmap");
}

int ring_run(struct ring *ring, struct io_uring_sqe entry) {
  const struct io_uring_params *setup = &ring->setup;
  _Atomic uint32_t *tail = (_Atomic uint32_t *)(ring->rings + setup->sq_off.tail);
  _Atomic uint32_t *head = (_Atomic uint32_t *)(ring->rings + setup->cq_off.head);

  *ring->entry = entry;
  ((uint32_t *)(ring->rings + setup->sq_off.array))[0] = 0;
  atomic_fetch_add(tail, 1);
  if (syscall(SYS_io_uring_enter, ring->file, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
    probe_setup_failed("io_uring_enter");
  const struct io_uring_cqe *done = (struct io_uring_cqe *)(ring->rings + setup->cq_off.cqes);
  uint32_t place = atomic_fetch_add(head, 1) & (setup->cq_entries - 1);
  return done[place].res;
}

void ring_submit(struct ring *ring, const struct io_uring_sqe *entries, unsigned count) {
  const struct io_uring_params *setup = &ring->setup;
  _Atomic uint32_t *tail = (_Atomic uint32_t *)(ring->rings + setup->sq_off.tail);

  for (unsigned i = 0; i < count; i++) {
    const uint32_t place = atomic_load(tail) & (setup->sq_entries - 1);
    ring->entry[place] = entries[i];
    ((uint32_t *)(ring->rings + setup->sq_off.array))[place] = place;
    atomic_fetch_add(tail, 1);
  }
  if (syscall(SYS_io_uring_enter, ring->file, count, 0, 0, NULL, 0) != (long)count)
    probe_setup_failed("io_uring_enter");
}

int ring_find(const struct ring *ring, uint64_t user_data, int *result) {
  const struct io_uring_params *setup = &ring->setup;
  const uint32_t tail = atomic_load((_Atomic uint32_t *)(ring->rings + setup->cq_off.tail));
  const struct io_uring_cqe *done = (struct io_uring_cqe *)(ring->rings + setup->cq_off.cqes);

  for (uint32_t i = 0; i != tail; i++) {
    const struct io_uring_cqe *entry = &done[i & (setup->cq_entries - 1)];
    if (entry->user_data == user_data) {
      *result = entry->res;
      return 1;
    }
  }
  return 0;
}
