// SPDX-License-Identifier: Apache-2.0
// Many execs in a row, or many refusals, counted.
#include "many.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

long long probe_now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

void exec_once(char *path, struct tally *tally) {
  char *words[] = {path, "run", "quiet", NULL};
  int status = 0;
  volatile int error = 0;
  long long start = probe_now();

  pid_t pid = vfork();
  if (pid == 0) {
    execve(path, words, environ);
    error = errno;
    _exit(99);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid)
    tally->other++;
  else if (error == EPERM)
    tally->refused++;
  else if (error == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
    tally->ok++;
  else
    tally->other++;
  long long took = probe_now() - start;
  tally->total += took;
  tally->worst = took > tally->worst ? took : tally->worst;
}

void print_tally(const char *path, const struct tally *tally) {
  unsigned count = tally->ok + tally->refused + tally->other;

  printf("%s ok=%u eperm=%u other=%u mean_us=%lld worst_us=%lld\n", path, tally->ok, tally->refused,
         tally->other, count == 0 ? 0 : tally->total / count / 1000, tally->worst / 1000);
}

/* Nothing of what the started programs print is wanted here. */
int hide_output(void) {
  int before = dup(1);

  if (before < 0 || freopen("/dev/null", "w", stdout) == NULL)
    probe_setup_failed("stdout");
  return before;
}

void show_output(int before) {
  fflush(stdout);
  dup2(before, 1);
}

/* At least ROUNDS times, and on until the file is there: for as long as something else takes. */
static int do_exec_until(int count, char **words) {
  (void)count;
  unsigned least = (unsigned)atoi(words[1]);
  struct tally tally = {0};

  int output = hide_output();
  for (unsigned i = 0; i < least || access(words[0], F_OK) != 0; i++)
    exec_once(words[2], &tally);
  show_output(output);
  print_tally(words[2], &tally);
  return 0;
}

/* The same, behind all others: what else goes on is the quicker. */
static int do_exec_storm(int count, char **words) {
  if (nice(19) != 19)
    probe_setup_failed("nice");
  return do_exec_until(count, words);
}

/* Each is refused and recorded, and costs next to nothing: the way to fill the event ring. Begins
 * when the file is there, for then a new exec might be refused itself. */
static int do_map_many(int count, char **words) {
  (void)count;
  int times = atoi(words[1]);
  int refused = 0;

  while (access(words[0], F_OK) != 0)
    usleep(5000);
  for (int i = 0; i < times; i++) {
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED && errno != EPERM)
      probe_setup_failed("mmap");
    if (memory == MAP_FAILED)
      refused++;
    else
      munmap(memory, 4096);
  }
  printf("refused %d of %d\n", refused, times);
  return refused == 0 ? 0 : EPERM;
}

const struct probe_verb kManyVerbs[] = {
    {"exec-until", do_exec_until, 3, "FILE ROUNDS PATH  at least so often, and until FILE exists"},
    {"exec-storm", do_exec_storm, 3, "FILE ROUNDS PATH  the same, and gives way to all others"},
    {"map-many", do_map_many, 2, "FILE TIMES  asks for executable memory once FILE is there"},
    {0},
};
