// SPDX-License-Identifier: Apache-2.0
// What leases are for: how soon after the machine's state changed something is refused, and what
// becomes of them when nobody has the time to renew them.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "many.h"
#include "probe.h"
#include "tpm.h"

enum { MAX_CHANGES = 1000, MAX_PROCESSORS = 64, HOG_PRIORITY = 50 };
#define MILLISECOND 1000000LL
#define SECOND (1000 * MILLISECOND)
#define PATIENCE (30 * SECOND)

/* ---- from a PCR's change to a denial ----------------------------------------------------------
 */

/* Nanoseconds from before the PCR changes to the first exec that ends as wanted; -1: it never does.
 */
static long long change(const char *pcr, char *path, int wanted) {
  long long start = probe_now();

  if (tpm_extend(pcr) != 0)
    return -1;
  for (;;) {
    struct tally tally = {0};
    exec_once(path, &tally);
    long long took = probe_now() - start;
    if (tally.other != 0 || took > PATIENCE)
      return -1;
    if ((wanted == 0) == (tally.ok == 1))
      return took;
    usleep(2000);
  }
}

static int by_size(const void *a, const void *b) {
  long long left = *(const long long *)a, right = *(const long long *)b;

  return (left > right) - (left < right);
}

static int do_lease_latency(int count, char **words) {
  long long limit = atoi(words[0]) * MILLISECOND, took[MAX_CHANGES];
  int rounds = atoi(words[1]), wanted = rounds * (count - 3), done = 0, late = 0, stuck = 0;

  if (rounds < 1 || wanted > MAX_CHANGES)
    probe_setup_failed("lease-latency: rounds");
  int output = hide_output();
  for (int i = 0; i < wanted && !stuck; i++) {
    const char *pcr = words[3 + i / rounds];
    /* The change comes at any time between two proofs. */
    usleep((useconds_t)(i % 10) * 100000);
    long long closed = change(pcr, words[2], EPERM);
    stuck = closed < 0 || change(pcr, words[2], 0) < 0;
    if (closed >= 0) {
      late += closed > limit;
      took[done++] = closed;
    }
  }
  show_output(output);
  qsort(took, (size_t)done, sizeof(took[0]), by_size);
  printf("closed %d of %d, late=%d median_ms=%lld worst_ms=%lld%s\n", done, wanted, late,
         done ? took[done / 2] / MILLISECOND : -1, done ? took[done - 1] / MILLISECOND : -1,
         stuck ? ", then stuck" : "");
  return 0;
}

/* ---- no time for anybody else -----------------------------------------------------------------
 */

static void be_first(int priority) {
  struct sched_param how = {.sched_priority = priority};

  if (sched_setscheduler(0, SCHED_FIFO, &how) != 0)
    probe_setup_failed("sched_setscheduler");
}

/* Ends by itself, should whoever started it not come to it. */
static void hog(long long until) {
  be_first(HOG_PRIORITY);
  while (probe_now() < until) {
  }
  _exit(0);
}

/* One that never lets go for each processor; after SECONDS the program is executed, by one who may
 * interrupt them. */
static int do_starve(int count, char **words) {
  (void)count;
  long seconds = atol(words[0]), processors = sysconf(_SC_NPROCESSORS_ONLN);
  pid_t hogs[MAX_PROCESSORS];
  struct tally tally = {0};

  if (processors > MAX_PROCESSORS)
    probe_setup_failed("processors");
  be_first(HOG_PRIORITY + 1);
  long long start = probe_now();
  for (long i = 0; i < processors; i++) {
    hogs[i] = fork();
    if (hogs[i] == 0)
      hog(start + (seconds + 10) * SECOND);
    if (hogs[i] < 0)
      probe_setup_failed("fork");
  }
  sleep((unsigned)seconds);
  int output = hide_output();
  exec_once(words[1], &tally);
  show_output(output);
  int alive = 0;
  for (long i = 0; i < processors; i++) {
    alive += waitpid(hogs[i], NULL, WNOHANG) == 0;
    kill(hogs[i], SIGKILL);
    waitpid(hogs[i], NULL, 0);
  }
  printf("%s %d of %ld processors for %lld ms\n", alive == processors ? "starved" : "not starved",
         alive, processors, (probe_now() - start) / MILLISECOND);
  if (tally.other != 0)
    probe_setup_failed(words[1]);
  return tally.refused ? EPERM : 0;
}

const struct probe_verb kLeaseVerbs[] = {
    {"lease-latency", do_lease_latency, 4,
     "MS ROUNDS PATH PCR...  extends each PCR so often to another state and back to one that is "
     "allowed, and tells how long PATH ran on; late: longer than MS"},
    {"starve", do_starve, 2,
     "SECONDS PATH  takes all processors so long, then executes PATH, then lets go"},
    {0},
};
