// SPDX-License-Identifier: Apache-2.0
// Other content under a name that was judged, or another name for what was.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

/* Exits with the number: tells one program from another that ends with 0. */
static int do_exit(int count, char **words) {
  (void)count;
  exit(atoi(words[0]));
}

/* Two names change places, and what is now at the first is executed. */
static int do_exchange(int count, char **words) {
  (void)count;
  if (renameat2(AT_FDCWD, words[0], AT_FDCWD, words[1], RENAME_EXCHANGE) != 0)
    probe_setup_failed("renameat2");
  execve(words[0], words, environ);
  return errno;
}

/* Removed, and made anew from FROM until it has the number that the old file had. */
static int do_recreate(int count, char **words) {
  (void)count;
  char other[256];
  struct stat before;
  struct stat after;
  if (stat(words[0], &before) != 0)
    probe_setup_failed("stat");
  unlink(words[0]);
  sync();
  for (int tries = 0; tries < 64; tries++) {
    snprintf(other, sizeof(other), "%s.%d", words[0], tries);
    copy_file(words[1], other);
    if (stat(other, &after) != 0 || after.st_dev != before.st_dev)
      probe_setup_failed("stat");
    if (after.st_ino == before.st_ino && rename(other, words[0]) == 0) {
      execve(words[0], words, environ);
      return errno;
    }
  }
  probe_setup_failed("the number did not come back");
}

struct swap {
  char **paths;
  volatile int is_over;
};

static void *keep_swapping(void *argument) {
  struct swap *swap = argument;

  while (!swap->is_over)
    if (renameat2(AT_FDCWD, swap->paths[0], AT_FDCWD, swap->paths[1], RENAME_EXCHANGE) != 0)
      probe_setup_failed("renameat2");
  return NULL;
}

static void *keep_linking(void *argument) {
  struct swap *swap = argument;
  char next[256];

  snprintf(next, sizeof(next), "%s.next", swap->paths[0]);
  for (unsigned i = 0; !swap->is_over; i++)
    if (symlink(swap->paths[1 + i % 2], next) != 0 || rename(next, swap->paths[0]) != 0)
      probe_setup_failed("symlink");
  return NULL;
}

/* MISSED: a name that changed while it was looked up led nowhere. */
enum end { GOOD, EVIL, REFUSED, MISSED, ENDS };

static enum end execute(char *path) {
  char *words[] = {path, "exit", "77", NULL};
  volatile int error = 0;

  pid_t child = vfork();
  if (child == 0) {
    execve(path, words, environ);
    error = errno;
    _exit(99);
  }
  int left = exit_of(child);
  if (error != 0)
    return error == EPERM ? REFUSED : MISSED;
  if (left != 0 && left != 77)
    probe_setup_failed("neither of the two programs");
  return left == 0 ? GOOD : EVIL;
}

/* Executes the name again and again while another thread changes what it leads to. GOOD ends with
 * 0; EVIL is this program and ends with 77. Nothing to refuse means a race that was not won. */
static int race(void *(*change)(void *), char **paths, int rounds) {
  struct swap swap = {.paths = paths};
  int ends[ENDS] = {0};
  pthread_t thread;

  if (pthread_create(&thread, NULL, change, &swap) != 0)
    probe_setup_failed("thread");
  int output = hide_output();
  for (int i = 0; i < rounds; i++)
    ends[execute(paths[0])]++;
  show_output(output);
  swap.is_over = 1;
  pthread_join(thread, NULL);
  printf("good=%d evil=%d eperm=%d missed=%d\n", ends[GOOD], ends[EVIL], ends[REFUSED],
         ends[MISSED]);
  if (ends[GOOD] == 0 || (ends[EVIL] == 0) == (ends[REFUSED] == 0))
    return PROBE_SETUP;
  return ends[REFUSED] != 0 ? EPERM : 0;
}

static int do_race_exchange(int count, char **words) {
  (void)count;
  return race(keep_swapping, words + 1, atoi(words[0]));
}

static int do_race_symlink(int count, char **words) {
  (void)count;
  return race(keep_linking, words + 1, atoi(words[0]));
}

const struct probe_verb kNameVerbs[] = {
    {"exit", do_exit, 1, "NUMBER  ends with it"},
    {"exchange", do_exchange, 2, "PATH OTHER  RENAME_EXCHANGE, then execve of PATH"},
    {"recreate", do_recreate, 2, "PATH FROM  another file of the same number, executed"},
    {"race-exchange", do_race_exchange, 3, "ROUNDS GOOD EVIL  executes while they change places"},
    {"race-symlink", do_race_symlink, 4, "ROUNDS LINK GOOD EVIL  while the link changes"},
    {0},
};
