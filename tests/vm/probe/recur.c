// SPDX-License-Identifier: Apache-2.0
// A program of enforcement that is interrupted: the kernel runs a tracing program once at a time on
// each processor, and leaves out whoever comes meanwhile.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define WORKERS 6

struct recur {
  volatile int asked;
  volatile int passed;
  volatile int is_over;
};

static void ask_once(struct recur *all) {
  pid_t child = fork();

  if (child == 0) {
    __sync_fetch_and_add(&all->asked, 1);
    if (personality(READ_IMPLIES_EXEC) != -1)
      __sync_fetch_and_add(&all->passed, 1);
    _exit(0);
  }
  if (child > 0)
    waitpid(child, NULL, 0);
}

/* SECONDS: how often the personality was had, by processes that ask for it on one processor. */
static int do_recur_personality(int count, char **words) {
  (void)count;
  time_t end = time(NULL) + atoi(words[0]);
  cpu_set_t first;
  struct recur *all = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  CPU_ZERO(&first);
  CPU_SET(0, &first);
  if (all == MAP_FAILED || sched_setaffinity(0, sizeof(first), &first) != 0)
    probe_setup_failed("affinity");
  for (int i = 0; i < WORKERS; i++) {
    if (fork() == 0) {
      while (!all->is_over)
        ask_once(all);
      _exit(0);
    }
  }
  while (time(NULL) < end && all->passed == 0)
    usleep(50000);
  all->is_over = 1;
  while (wait(NULL) > 0)
    ;
  printf("asked %d passed %d\n", all->asked, all->passed);
  return all->passed > 0 ? 0 : EPERM;
}

const struct probe_verb kRecurVerbs[] = {
    {"recur-personality", do_recur_personality, 1, "SECONDS  asks on one processor, many at once"},
    {0},
};
