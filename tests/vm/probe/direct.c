// SPDX-License-Identifier: Apache-2.0
// A write past the pages in memory (O_DIRECT) that fails half way: what it has written lies on the
// disk, and a page that somebody read meanwhile stays in memory as it was.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

#define TRIES 2000

struct target {
  int file;       /* for reading, through memory */
  off_t at;       /* of the page with the program's first instruction */
  uint8_t *good;  /* that page */
  uint8_t *evil;  /* the same with other code there */
  uint8_t *other; /* room for a page, and nothing after it */
};

static uint8_t *room(void) {
  uint8_t *pages = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (pages == MAP_FAILED || munmap(pages + PAGE, PAGE) != 0)
    probe_setup_failed("mmap");
  return pages;
}

static struct target find_target(const char *path) {
  struct target target = {
      .file = probe_open(path, O_RDONLY), .good = room(), .evil = room(), .other = room()};
  const off_t entry = entry_of(target.file);

  target.at = entry / PAGE * PAGE;
  if (pread(target.file, target.good, PAGE, target.at) != PAGE)
    probe_setup_failed("pread");
  memcpy(target.evil, target.good, PAGE);
  memcpy(target.evil + (entry - target.at), kEvil, EVIL_SIZE);
  return target;
}

struct reader {
  const struct target *target;
  volatile int is_over;
};

static void *read_on(void *argument) {
  struct reader *reader = argument;
  uint8_t bytes[64];

  while (!reader->is_over)
    if (pread(reader->target->file, bytes, sizeof(bytes), reader->target->at) != sizeof(bytes))
      probe_setup_failed("pread");
  return NULL;
}

static int holds(int file, off_t at, uint8_t *into, const uint8_t *wanted) {
  if (pread(file, into, PAGE, at) != PAGE)
    probe_setup_failed("pread");
  return memcmp(into, wanted, PAGE) == 0;
}

/* One try: 1 when the page in memory is the good one, and that on the disk is not. */
static int fail_half_way(const struct target *target, int direct) {
  struct reader reader = {.target = target};
  struct iovec parts[2] = {{target->evil, PAGE}, {target->evil + PAGE, PAGE}};
  pthread_t thread;

  if (pwrite(direct, target->good, PAGE, target->at) != PAGE)
    probe_setup_failed("pwrite");
  if (pthread_create(&thread, NULL, read_on, &reader) != 0)
    probe_setup_failed("thread");
  usleep(1000);
  const ssize_t written = pwritev(direct, parts, 2, target->at);
  const int error = errno;
  reader.is_over = 1;
  pthread_join(thread, NULL);
  errno = error;
  if (written >= 0 || errno != EFAULT)
    probe_setup_failed("pwritev");
  return holds(target->file, target->at, target->other, target->good) &&
         holds(direct, target->at, target->other, target->evil);
}

/* PATH: a file of one's own on a disk, authorized. `later`: the descriptor becomes one for writing
 * past memory after it was opened. */
static int do_stale_direct(int count, char **words) {
  const int later = count > 1 && strcmp(words[1], "later") == 0;
  const uint64_t before = content_of(words[0]);
  const struct target target = find_target(words[0]);
  const int direct = open(words[0], later ? O_RDWR : O_RDWR | O_DIRECT);
  int is_stale = 0;

  if (direct < 0 || (later && fcntl(direct, F_SETFL, O_DIRECT) != 0))
    return errno;
  if (fsync(direct) != 0)
    probe_setup_failed("fsync");
  for (int i = 0; i < TRIES && !is_stale; i++)
    is_stale = fail_half_way(&target, direct);
  close(direct);
  errno = EAGAIN;
  if (!is_stale || content_of(words[0]) != before)
    probe_setup_failed("the page did not stay");
  const int error = run_quietly(words[0]);
  return error != 0 ? error : execute_changed(words, target.file, before);
}

const struct probe_verb kDirectVerbs[] = {
    {"stale-direct", do_stale_direct, 1,
     "PATH [later]  written to past memory, executed from memory and from the disk"},
    {0},
};
