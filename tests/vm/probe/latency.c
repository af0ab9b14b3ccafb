// SPDX-License-Identifier: Apache-2.0
// From a signed revocation list landing to the kernel denying; and how long execs take.
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

enum { MAX_ROUNDS = 1000, MAX_PACED = 100000 };
#define PATIENCE 10000000000LL /* nanoseconds */

static const char kPlace[] = "/etc/warrant/revocation.json";
static const char kBeside[] = "/etc/warrant/.revocation.json.new";

static long long now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* 0, or the errno of execve. */
static int try_exec(char *path) {
  char *words[] = {path, "run", "quiet", NULL};
  volatile int error = 0;
  int status = 0;

  pid_t pid = vfork();
  if (pid == 0) {
    execve(path, words, environ);
    error = errno;
    _exit(99);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid)
    return ECHILD;
  return error;
}

/* Puts list number `number` of the series beside its place; the rename is the landing. */
static void prepare(const char *series, int number) {
  char source[256], bytes[65536];

  snprintf(source, sizeof(source), "%s-%d.revocation.json", series, number);
  int from = open(source, O_RDONLY | O_CLOEXEC);
  int to = open(kBeside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  ssize_t size = from < 0 ? -1 : read(from, bytes, sizeof(bytes));
  if (size <= 0 || to < 0 || write(to, bytes, (size_t)size) != size)
    probe_setup_failed(source);
  close(from);
  close(to);
}

/* Nanoseconds from landing to the first exec that ends as wanted; -1: it never does. */
static long long land(const char *series, int number, char *path, int wanted) {
  prepare(series, number);
  long long start = now();
  if (rename(kBeside, kPlace) != 0)
    probe_setup_failed(kPlace);
  for (;;) {
    int error = try_exec(path);
    long long took = now() - start;
    if (error == wanted)
      return took;
    if (took > PATIENCE || (error != 0 && error != EPERM))
      return -1;
  }
}

static int by_size(const void *a, const void *b) {
  long long left = *(const long long *)a, right = *(const long long *)b;

  return (left > right) - (left < right);
}

static int do_revoke_latency(int count, char **words) {
  (void)count;
  int rounds = atoi(words[1]);
  long long took[MAX_ROUNDS];

  if (rounds < 1 || rounds > MAX_ROUNDS || try_exec(words[2]) != 0)
    probe_setup_failed("revoke-latency: rounds, or the program does not run");
  int output = hide_output();
  int done = 0;
  for (; done < rounds; done++) {
    took[done] = land(words[0], 2 * done, words[2], EPERM);
    if (took[done] < 0 || land(words[0], 2 * done + 1, words[2], 0) < 0)
      break;
  }
  show_output(output);
  qsort(took, (size_t)done, sizeof(took[0]), by_size);
  printf("revoked %d of %d, median_us=%lld worst_us=%lld\n", done, rounds,
         done ? took[done / 2] / 1000 : -1, done ? took[done - 1] / 1000 : -1);
  return 0;
}

/* How long execs take, one after another for so many seconds. */
static int do_exec_pace(int count, char **words) {
  static long long took[MAX_PACED];
  long long end = now() + atoll(words[0]) * 1000000000LL;
  int done = 0;

  (void)count;
  int output = hide_output();
  while (done < MAX_PACED && now() < end) {
    long long start = now();
    if (try_exec(words[1]) != 0)
      probe_setup_failed(words[1]);
    took[done++] = now() - start;
  }
  show_output(output);
  if (done == 0)
    probe_setup_failed("exec-pace: no time");
  qsort(took, (size_t)done, sizeof(took[0]), by_size);
  printf("execs=%d median_us=%lld p90_us=%lld p99_us=%lld\n", done, took[done / 2] / 1000,
         took[done - 1 - done / 10] / 1000, took[done - 1 - done / 100] / 1000);
  return 0;
}

const struct probe_verb kLatencyVerbs[] = {
    {"exec-pace", do_exec_pace, 2, "SECONDS PATH  how long execs of it take"},
    {"revoke-latency", do_revoke_latency, 3,
     "SERIES ROUNDS PATH  SERIES-0.revocation.json revokes it, -1 does not, -2 does, ..."},
    {0},
};
