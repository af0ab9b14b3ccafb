// SPDX-License-Identifier: Apache-2.0
// Files whose content another program makes up: a FUSE server of ours.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
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

/* As soon as the kernel waits for the served page, OTHER takes the place of PATH. */
static void replace_meanwhile(struct fuse_state *state, char **words) {
  while (!state->waiting)
    usleep(1000);
  if (rename(words[1], words[0]) != 0)
    _exit(1);
  puts("replaced");
  state->go = 1;
  pause();
}

/* PATH OTHER: a descriptor of PATH is executed with an argument that lies in a served page, so that
 * the kernel waits in the middle of it; by then the name is OTHER's. */
static int do_paused_exec(int count, char **words) {
  (void)count;
  pid_t server;
  int file = probe_open(words[0], O_RDONLY | O_CLOEXEC);
  struct fuse_state *state = fuse_serve(words[0], words[0], &server);
  char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, probe_open(FUSE_FILE, O_CLOEXEC), 0);
  char *arguments[] = {words[0], page, NULL};

  if (page == MAP_FAILED)
    probe_setup_failed("mmap");
  state->stalls = 1;
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    replace_meanwhile(state, words);
  }
  syscall(SYS_execveat, file, "", arguments, environ, AT_EMPTY_PATH);
  int error = errno;
  if (child < 0 || !state->go)
    probe_setup_failed("the kernel did not wait");
  kill(child, SIGKILL);
  return stop(server, error);
}

const struct probe_verb kServedVerbs[] = {
    {"served-swap", do_served_swap, 2, "GOOD EVIL  one name, two contents, executed"},
    {"served-map", do_served_map, 1, "PATH  a served copy, mapped executable"},
    {"paused-exec", do_paused_exec, 2, "PATH OTHER  which takes its place while it is executed"},
    {0},
};
