// SPDX-License-Identifier: Apache-2.0
// A file that is mapped executable and written to at the same moment, again and again.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

struct rewrite {
  const char *path;
  unsigned delay; /* of the writer, microseconds */
  volatile int is_over;
  int written;
};

/* Puts the code in, and the old bytes back before it closes: whoever reads the file later finds
 * what was there before. */
static void *write_for_a_moment(void *argument) {
  struct rewrite *rewrite = argument;
  uint8_t before[sizeof(kCode)];

  usleep(rewrite->delay);
  int file = open(rewrite->path, O_RDWR);
  if (file >= 0) {
    if (pread(file, before, sizeof(before), 0) != sizeof(before) ||
        pwrite(file, kCode, sizeof(kCode), 0) != sizeof(kCode))
      probe_setup_failed("write");
    usleep(2000);
    if (pwrite(file, before, sizeof(before), 0) != sizeof(before))
      probe_setup_failed("write back");
    close(file);
    rewrite->written = 1;
  }
  rewrite->is_over = 1;
  return NULL;
}

struct rewrite_count {
  int mapped;
  int mapping_refused;
  int writing_refused;
  int evil;
};

static void rewrite_once(const char *path, unsigned delay, struct rewrite_count *count) {
  struct rewrite rewrite = {.path = path, .delay = delay};
  pthread_t thread;
  int file = probe_open(path, O_RDONLY);
  int is_evil = 0;

  if (pthread_create(&thread, NULL, write_for_a_moment, &rewrite) != 0)
    probe_setup_failed("thread");
  volatile uint8_t *code = mmap(NULL, PAGE, RX, MAP_PRIVATE, file, 0);
  if (code == MAP_FAILED && errno != EPERM)
    probe_setup_failed("mmap");
  while (!rewrite.is_over)
    is_evil |= code != MAP_FAILED && code[0] == kCode[0] && code[1] == kCode[1];
  pthread_join(thread, NULL);
  count->mapped += code != MAP_FAILED;
  count->mapping_refused += code == MAP_FAILED;
  count->writing_refused += !rewrite.written;
  count->evil += is_evil;
  if (code != MAP_FAILED)
    munmap((void *)code, PAGE);
  close(file);
}

static int is_enforced(void) {
  return mmap(NULL, PAGE, RX, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

/* How long it takes to map the file when nobody writes, microseconds: to measure it, that is. */
static unsigned time_to_map(const char *path) {
  struct timespec start;
  struct timespec end;
  int file = probe_open(path, O_RDONLY);

  clock_gettime(CLOCK_MONOTONIC, &start);
  if (mmap(NULL, PAGE, RX, MAP_PRIVATE, file, 0) == MAP_FAILED)
    probe_setup_failed("mmap");
  clock_gettime(CLOCK_MONOTONIC, &end);
  close(file);
  return (unsigned)((end.tv_sec - start.tv_sec) * 1000000 + (end.tv_nsec - start.tv_nsec) / 1000);
}

/* SOURCE PATH ROUNDS: each round has a new file PATH with the content of SOURCE, and a writer who
 * comes a little later than in the round before, in the end when it is measured. Without
 * enforcement code must show in the mapping, or the race proves nothing; under it, never. */
static int do_race_rewrite(int count, char **words) {
  (void)count;
  int rounds = atoi(words[2]);
  struct rewrite_count sum = {0};
  copy_file(words[0], words[1]);
  unsigned longest = 2 * time_to_map(words[1]);
  for (int i = 0; i < rounds; i++) {
    copy_file(words[0], words[1]);
    rewrite_once(words[1], longest / (unsigned)rounds * (unsigned)i, &sum);
  }
  unlink(words[1]);
  printf("mapped=%d mapping-refused=%d writing-refused=%d evil=%d\n", sum.mapped,
         sum.mapping_refused, sum.writing_refused, sum.evil);
  if (is_enforced() ? sum.evil != 0 || sum.mapping_refused == 0 || sum.writing_refused == 0
                    : sum.evil == 0)
    return PROBE_SETUP;
  puts("as it should be");
  return 0;
}

const struct probe_verb kRewriteVerbs[] = {
    {"race-rewrite", do_race_rewrite, 3, "SOURCE PATH ROUNDS  mapped while it is written to"},
    {0},
};
