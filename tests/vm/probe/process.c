// SPDX-License-Identifier: Apache-2.0
// Lying about who asks: names of programs, ids of users and processes, ancestry.
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

/* PATH NAME...: it is told that its name is another. */
static int do_exec_as(int count, char **words) {
  (void)count;
  execve(words[0], words + 1, environ);
  return errno;
}

static int do_exec_no_arguments(int count, char **words) {
  (void)count;
  char *none[] = {NULL};
  syscall(SYS_execve, words[0], none, none);
  return errno;
}

/* One argument as long as the kernel takes, and as many as fit beside it. */
static int do_exec_many_arguments(int count, char **words) {
  (void)count;
  enum { LONG = 128 * 1024, MANY = 20000 };
  static char *arguments[MANY + 3];
  char *longest = malloc(LONG);
  if (longest == NULL)
    probe_setup_failed("memory");
  memset(longest, 'a', LONG - 1);
  longest[LONG - 1] = 0;
  arguments[0] = words[0];
  arguments[1] = longest;
  for (int i = 2; i < MANY + 2; i++)
    arguments[i] = "many";
  execve(words[0], arguments, environ);
  return errno;
}

/* UID PATH: root becomes another user before it asks. */
static int do_setuid_exec(int count, char **words) {
  (void)count;
  uid_t uid = (uid_t)atoi(words[0]);
  if (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0)
    probe_setup_failed("setresuid");
  execve(words[1], words + 1, environ);
  return errno;
}

/* UID PATH: only the effective id is another one. */
static int do_seteuid_exec(int count, char **words) {
  (void)count;
  if (seteuid((uid_t)atoi(words[0])) != 0)
    probe_setup_failed("seteuid");
  execve(words[1], words + 1, environ);
  return errno;
}

/* As the first process of a pid namespace. */
static int do_pidns_exec(int count, char **words) {
  (void)count;
  if (unshare(CLONE_NEWPID | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) != 0)
    probe_setup_failed("unshare");
  pid_t child = fork();
  if (child == 0) {
    if (getpid() != 1)
      _exit(PROBE_SETUP);
    execve(words[0], words, environ);
    _exit(errno);
  }
  return exit_of(child);
}

static void await_orphanage(pid_t parent) {
  while (getppid() == parent)
    usleep(1000);
}

/* PATH is executed by a grandchild in a session of its own whose parent is gone. Who started us
 * must wait for it: see subreaper. */
static int do_orphan_exec(int count, char **words) {
  (void)count;
  pid_t parent = fork();
  if (parent != 0)
    _exit(parent < 0 ? PROBE_SETUP : 0);
  parent = getpid();
  setsid();
  pid_t child = fork();
  if (child != 0)
    _exit(child < 0 ? PROBE_SETUP : 0);
  await_orphanage(parent);
  execve(words[0], words, environ);
  return errno;
}

/* Orphans below become our children. Ends as the one that failed did, if there is one: in which
 * order two of them end that are told of each other's end is not certain. */
static int do_subreaper(int count, char **words) {
  (void)count;
  int status = 0;
  int ended = PROBE_SETUP;
  bool failed = false;
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
    probe_setup_failed("subreaper");
  pid_t child = fork();
  if (child == 0) {
    execve(words[0], words, environ);
    _exit(errno);
  }
  while (wait(&status) > 0) {
    if (failed)
      continue;
    ended = WIFEXITED(status) ? WEXITSTATUS(status) : PROBE_SETUP;
    failed = ended != 0;
  }
  return ended;
}

/* PROGRAM PATH: PROGRAM runs and ends; then PATH is executed under the number that it had. */
static int do_reuse_pid(int count, char **words) {
  (void)count;
  char *first[] = {words[0], "exit", "0", NULL};
  pid_t pid = fork();
  if (pid == 0) {
    execve(words[0], first, environ);
    _exit(errno);
  }
  if (exit_of(pid) != 0)
    probe_setup_failed("the first program");
  struct clone_args wanted = {
      .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1};
  pid_t child = (pid_t)syscall(SYS_clone3, &wanted, sizeof(wanted));
  if (child == 0) {
    execve(words[1], words + 1, environ);
    _exit(errno);
  }
  if (child != pid)
    probe_setup_failed("the same number");
  return exit_of(child);
}

/* PROGRAM [ARGUMENT...]: runs and ends, then a child of ours that executes nothing maps executable
 * memory; again and again, so that children come to lie where PROGRAM's task lay in the kernel. */
static int do_reborn(int count, char **words) {
  enum { ROUNDS = 100 };
  (void)count;
  for (int i = 0; i < ROUNDS; i++) {
    pid_t child = fork();
    if (child == 0) {
      fclose(stdout);
      execve(words[0], words, environ);
      _exit(errno);
    }
    if (exit_of(child) != 0)
      probe_setup_failed("the program");
    child = fork();
    if (child == 0)
      _exit(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                    MAP_FAILED
                ? errno
                : 0);
    if (exit_of(child) == 0) {
      puts("mapped");
      return 0;
    }
  }
  return EPERM;
}

const struct probe_verb kProcessVerbs[] = {
    {"exec-as", do_exec_as, 2, "PATH NAME [ARGUMENT...]  under another name"},
    {"exec-no-arguments", do_exec_no_arguments, 1, "PATH  without even a name"},
    {"exec-many-arguments", do_exec_many_arguments, 1, "PATH  with more than fits anywhere"},
    {"setuid-exec", do_setuid_exec, 2, "UID PATH  as that user"},
    {"seteuid-exec", do_seteuid_exec, 2, "UID PATH  with that effective id"},
    {"pidns-exec", do_pidns_exec, 1, "PATH  as process 1 of a pid namespace"},
    {"orphan-exec", do_orphan_exec, 1, "PATH  by a grandchild without a parent"},
    {"subreaper", do_subreaper, 1, "PATH [ARGUMENT...]  becomes parent of all below"},
    {"reborn", do_reborn, 1, "PROGRAM [ARGUMENT...]  executable memory for who is born after it"},
    {"reuse-pid", do_reuse_pid, 2, "PROGRAM PATH  PATH has the number that PROGRAM had"},
    {0},
};
