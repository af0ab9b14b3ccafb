// SPDX-License-Identifier: Apache-2.0
// A supervisor (seccomp's notifications to user space) that answers the system calls of a program:
// it lets them go on, changes what they name meanwhile, or answers with a descriptor of its own.
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

/* What both sides see. */
struct supervision {
  volatile int listener;
  char path[256]; /* what the program names */
};

/* Does something about the call, and says what is answered. */
typedef void (*supervisor)(struct supervision *all, char **words, struct seccomp_notif *call,
                           struct seccomp_notif_resp *answer);

/* Returns the filter's listener if the flags ask for one. */
static int set_filter(struct sock_filter *lines, size_t count, unsigned flags) {
  struct sock_fprog program = {(unsigned short)count, lines};

  if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    probe_setup_failed("no new privileges");
  int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (listener < 0)
    probe_setup_failed("seccomp");
  return listener;
}

/* A filter that stops at one system call, or at none; returns its listener if it has one. */
static int filter_calls(int number, unsigned flags) {
  struct sock_filter lines[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };

  return set_filter(lines, sizeof(lines) / sizeof(lines[0]), flags);
}

/* Answers one call, and waits for its end with the other side. */
static void answer_one(struct supervision *all, supervisor act, char **words) {
  struct seccomp_notif call = {0};

  while (all->listener < 0)
    usleep(1000);
  if (unshare(CLONE_FILES) != 0 || ioctl(all->listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0)
    _exit(PROBE_SETUP);
  struct seccomp_notif_resp answer = {.id = call.id};
  act(all, words, &call, &answer);
  if (answer.id != 0 && ioctl(all->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0)
    _exit(PROBE_SETUP);
  pause();
}

/* This process goes on as the one that is supervised; its child, which dies with it, supervises. */
static struct supervision *supervise(int number, supervisor act, char **words) {
  struct supervision *all = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  if (all == MAP_FAILED)
    probe_setup_failed("shared memory");
  all->listener = -1;
  /* The descriptors are shared, so that the listener is the child's as well. */
  long child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    answer_one(all, act, words);
    _exit(0);
  }
  if (child < 0)
    probe_setup_failed("clone");
  all->listener = filter_calls(number, SECCOMP_FILTER_FLAG_NEW_LISTENER);
  return all;
}

static int execute(char *path, char **words) {
  execve(path, words, environ);
  return errno;
}

static void go_on(struct supervision *all, char **words, struct seccomp_notif *call,
                  struct seccomp_notif_resp *answer) {
  (void)all;
  (void)words;
  (void)call;
  puts("supervised");
  answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
}

/* PATH: the supervisor is asked, and lets it go on. */
static int do_supervised_exec(int count, char **words) {
  (void)count;
  supervise(SYS_execve, go_on, words);
  return execute(words[0], words);
}

static void name_another(struct supervision *all, char **words, struct seccomp_notif *call,
                         struct seccomp_notif_resp *answer) {
  snprintf(all->path, sizeof(all->path), "%s", words[1]);
  go_on(all, words, call, answer);
}

/* PATH OTHER: while the supervisor is asked for PATH, the name becomes OTHER. */
static int do_supervised_other(int count, char **words) {
  (void)count;
  struct supervision *all = supervise(SYS_execve, name_another, words);
  snprintf(all->path, sizeof(all->path), "%s", words[0]);
  return execute(all->path, words);
}

/* The answer goes with the descriptor. */
static void open_another(struct supervision *all, char **words, struct seccomp_notif *call,
                         struct seccomp_notif_resp *answer) {
  struct seccomp_notif_addfd added = {.id = call->id, .flags = SECCOMP_ADDFD_FLAG_SEND};

  puts("supervised");
  added.srcfd = (unsigned)probe_open(words[1], O_RDONLY);
  if (ioctl(all->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &added) < 0)
    _exit(PROBE_SETUP);
  answer->id = 0;
}

/* PATH OTHER: PATH is opened, and the supervisor answers with a descriptor of OTHER, which is
 * mapped executable. */
static int do_supervised_map(int count, char **words) {
  (void)count;
  supervise(SYS_openat, open_another, words);
  int file = (int)syscall(SYS_openat, AT_FDCWD, words[0], O_RDONLY, 0);
  if (file < 0)
    probe_setup_failed("openat");
  void *code = mmap(NULL, PAGE, RX, MAP_PRIVATE, file, 0);
  if (code == MAP_FAILED)
    return errno;
  puts("mapped");
  return 0;
}

/* PROGRAM [ARGUMENT...]: executed under a supervisor that is asked for acct(2) alone. */
static int do_under_supervisor(int count, char **words) {
  (void)count;
  supervise(SYS_acct, go_on, words);
  return execute(words[0], words);
}

/* The same under a filter that asks nobody. */
static int do_under_filter(int count, char **words) {
  (void)count;
  filter_calls(-1, 0);
  return execute(words[0], words);
}

/* One that answers a system call with this errno where an argument is this number. */
static void answer_call(int number, unsigned argument, unsigned value, unsigned error) {
  struct sock_filter lines[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * argument),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };

  set_filter(lines, sizeof(lines) / sizeof(lines[0]), 0);
}

/* PROGRAM [ARGUMENT...]: executed under a filter by which no file is there that access(2) is asked
 * about; whether one may be read is answered truly. */
static int do_without_files(int count, char **words) {
  (void)count;
  answer_call(SYS_access, 1, F_OK, ENOENT);
  return execute(words[0], words);
}

/* The same by which what is opened to be read, until the next exec, is descriptor 0. */
static int do_under_pretence(int count, char **words) {
  (void)count;
  answer_call(SYS_openat, 2, O_RDONLY | O_CLOEXEC, 0); /* as busybox's sh opens it */
  return execute(words[0], words);
}

/* The same by which a call would seem to succeed that nobody makes. */
static int do_under_some_pretence(int count, char **words) {
  (void)count;
  answer_call(SYS_acct, 0, 0, 0);
  return execute(words[0], words);
}

/* The same under long filters that refuse calls nobody makes, as services have. */
static int do_under_filters(int count, char **words) {
  (void)count;
  enum { kCalls = 900 };
  struct sock_filter lines[1 + 2 * kCalls + 1];

  for (int round = 0; round < 4; round++) {
    size_t used = 0;
    lines[used++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (unsigned i = 0; i < kCalls; i++) {
      lines[used++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 10000 + i, 0, 1);
      lines[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    }
    lines[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    set_filter(lines, used, 0);
  }
  return execute(words[0], words);
}

const struct probe_verb kSuperviseVerbs[] = {
    {"supervised-exec", do_supervised_exec, 1, "PATH  a supervisor is asked, and lets it go on"},
    {"supervised-other", do_supervised_other, 2, "PATH OTHER  the name is changed meanwhile"},
    {"supervised-map", do_supervised_map, 2, "PATH OTHER  opened by the supervisor, mapped"},
    {"under-supervisor", do_under_supervisor, 1, "PROGRAM [ARGUMENT...]  that has a supervisor"},
    {"under-filter", do_under_filter, 1, "PROGRAM [ARGUMENT...]  that has a filter"},
    {"under-filters", do_under_filters, 1, "PROGRAM [ARGUMENT...]  that has long filters"},
    {"under-pretence", do_under_pretence, 1,
     "PROGRAM [ARGUMENT...]  to which whatever it opens to read is descriptor 0"},
    {"under-some-pretence", do_under_some_pretence, 1,
     "PROGRAM [ARGUMENT...]  to which accounting would seem to be off"},
    {"without-files", do_without_files, 1, "PROGRAM [ARGUMENT...]  that finds none by access(2)"},
    {0},
};
