// SPDX-License-Identifier: Apache-2.0
// Many tasks that execute one file at the same moment, on all processors.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

#define RACE_MAX 64

/* Each task tells its errno in its place of shared memory. */
struct race {
  volatile int ready;
  volatile int go;
  int errors[RACE_MAX];
};

struct outcome {
  unsigned ran;
  unsigned refused;
  unsigned other;
};

static void run_task(struct race *race, int place, char *path) {
  char *words[] = {path, "run", "quiet", NULL};
  cpu_set_t one;

  CPU_ZERO(&one);
  CPU_SET(place % (int)sysconf(_SC_NPROCESSORS_ONLN), &one);
  if (sched_setaffinity(0, sizeof(one), &one) != 0)
    _exit(98);
  __sync_fetch_and_add(&race->ready, 1);
  while (!race->go)
    if (race->ready > (int)sysconf(_SC_NPROCESSORS_ONLN))
      sched_yield(); /* more tasks than processors: a spinning one would keep the others out */
  execve(path, words, environ);
  race->errors[place] = errno;
  _exit(99);
}

static struct race *make_race(int tasks) {
  struct race *race =
      mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  if (race == MAP_FAILED || tasks < 1 || tasks > RACE_MAX)
    probe_setup_failed("race");
  return race;
}

static void race_once(int tasks, char *path, struct outcome *outcome) {
  struct race *race = make_race(tasks);
  pid_t pids[RACE_MAX];
  int status = 0;

  for (int i = 0; i < tasks; i++) {
    pids[i] = fork();
    if (pids[i] == 0)
      run_task(race, i, path);
    if (pids[i] < 0)
      probe_setup_failed("fork");
  }
  while (race->ready < tasks)
    usleep(1000);
  race->go = 1;
  for (int i = 0; i < tasks; i++) {
    if (waitpid(pids[i], &status, 0) != pids[i])
      outcome->other++;
    else if (race->errors[i] == EPERM)
      outcome->refused++;
    else if (race->errors[i] == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
      outcome->ran++;
    else
      outcome->other++;
  }
  munmap(race, sizeof(*race));
}

static void print_outcome(const struct outcome *outcome) {
  printf("ran=%u eperm=%u other=%u\n", outcome->ran, outcome->refused, outcome->other);
}

static int do_race(int count, char **words) {
  (void)count;
  struct outcome outcome = {0};

  int output = hide_output();
  race_once(atoi(words[0]), words[1], &outcome);
  show_output(output);
  print_outcome(&outcome);
  return 0;
}

/* A new inode each time, which nothing is known of yet. */
static void copy_file(const char *from, const char *to) {
  static char buffer[65536];
  ssize_t size;

  int source = probe_open(from, O_RDONLY | O_CLOEXEC);
  unlink(to);
  int target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
  while (target >= 0 && (size = read(source, buffer, sizeof(buffer))) > 0)
    if (write(target, buffer, (size_t)size) != size)
      probe_setup_failed(to);
  if (target < 0 || fchmod(target, 0755) != 0 || close(target) != 0)
    probe_setup_failed(to);
  close(source);
}

static int do_first_race(int count, char **words) {
  (void)count;
  struct outcome outcome = {0};

  int output = hide_output();
  for (int rounds = atoi(words[0]); rounds > 0; rounds--) {
    copy_file(words[2], words[3]);
    race_once(atoi(words[1]), words[3], &outcome);
  }
  show_output(output);
  print_outcome(&outcome);
  return 0;
}

const struct probe_verb kRaceVerbs[] = {
    {"race", do_race, 2, "TASKS PATH  so many tasks execute it at the same moment"},
    {"first-race", do_first_race, 4,
     "ROUNDS TASKS FILE PATH  the same with a new copy of FILE each time"},
    {0},
};
