// SPDX-License-Identifier: Apache-2.0
// Files whose content another program makes up: a FUSE server of ours.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "code.h"
#include "fuse.h"
#include "probe.h"

/* Executes the served file; 0, 77 or errno with the sign changed. */
static int execute_served(void) {
  char *words[] = {FUSE_FILE, "exit", "77", NULL};
  volatile int error = 0;

  pid_t child = vfork();
  if (child == 0) {
    execve(FUSE_FILE, words, environ);
    error = errno;
    _exit(99);
  }
  int left = exit_of(child);
  return error != 0 ? -error : left;
}

static int stop(pid_t server, int error) {
  kill(server, SIGKILL);
  waitpid(server, NULL, 0);
  return error;
}

/* GOOD EVIL: the same name gives one and then, at the next open, the other, which is this program
 * and ends with 77. */
static int do_served_swap(int count, char **words) {
  (void)count;
  pid_t server;
  struct fuse_state *state = fuse_serve(words[0], words[1], &server);
  int first = execute_served();
  if (first < 0)
    return stop(server, -first);
  state->which = 1;
  int second = execute_served();
  if (second < 0)
    return stop(server, -second);
  if (first != 0 || second != 77)
    probe_setup_failed("other content at the second open");
  puts("swapped");
  return stop(server, 0);
}

/* PATH: the served copy is mapped executable. */
static int do_served_map(int count, char **words) {
  (void)count;
  pid_t server;
  fuse_serve(words[0], words[0], &server);
  void *code = mmap(NULL, PAGE, RX, MAP_PRIVATE, probe_open(FUSE_FILE, 0), 0);
  int error = errno;
  if (code != MAP_FAILED)
    puts("mapped");
  return stop(server, code == MAP_FAILED ? error : 0);
}

const struct probe_verb kServedVerbs[] = {
    {"served-swap", do_served_swap, 2, "GOOD EVIL  one name, two contents, executed"},
    {"served-map", do_served_map, 1, "PATH  a served copy, mapped executable"},
    {0},
};
