// SPDX-License-Identifier: Apache-2.0
// Becoming somebody else before the thing under test.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

static void write_file(const char *path, const char *data) {
  int file = probe_open(path, O_WRONLY);

  if (write(file, data, strlen(data)) != (ssize_t)strlen(data))
    probe_setup_failed(path);
  close(file);
}

void enter_namespaces(void) {
  char uid_map[64];
  char gid_map[64];

  snprintf(uid_map, sizeof(uid_map), "0 %d 1", (int)geteuid());
  snprintf(gid_map, sizeof(gid_map), "0 %d 1", (int)getegid());
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
    probe_setup_failed("unshare");
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", uid_map);
  write_file("/proc/self/gid_map", gid_map);
  if (getuid() != 0 || getgid() != 0)
    probe_setup_failed("root in the namespace");
}

/* The same process goes on as the program, so that its records bear the job's process id. */
static int do_in_namespace(int count, char **words) {
  (void)count;
  enter_namespaces();
  execve(words[0], words, environ);
  return errno;
}

/* Until the other side closes its end. */
static void wait_for(int end) {
  char nothing;

  if (read(end, &nothing, 1) != 0)
    probe_setup_failed("read");
}

/* What newuidmap(1) does for who stands in /etc/subuid: a second number in a namespace of his. The
 * process goes on as the program; a child maps it, as root. */
static int do_as_subordinate(int count, char **words) {
  const unsigned owner = (unsigned)atoi(words[0]);
  const unsigned number = (unsigned)atoi(words[1]);
  int made[2];
  int mapped[2];
  char uid_path[64];
  char gid_path[64];
  char uid_map[64];
  char gid_map[64];

  (void)count;
  if (pipe2(made, O_CLOEXEC) != 0 || pipe2(mapped, O_CLOEXEC) != 0)
    probe_setup_failed("pipe2");
  snprintf(uid_path, sizeof(uid_path), "/proc/%d/uid_map", (int)getpid());
  snprintf(gid_path, sizeof(gid_path), "/proc/%d/gid_map", (int)getpid());
  snprintf(uid_map, sizeof(uid_map), "0 %u 1\n1 %u 1\n", owner, number);
  snprintf(gid_map, sizeof(gid_map), "0 %u 1\n", owner);
  pid_t child = fork();
  if (child == 0) {
    close(made[1]);
    wait_for(made[0]);
    write_file(uid_path, uid_map);
    write_file(gid_path, gid_map);
    _exit(0);
  }
  if (child < 0 || setresgid(owner, owner, owner) != 0 || setresuid(owner, owner, owner) != 0)
    probe_setup_failed("setresuid");
  if (unshare(CLONE_NEWUSER) != 0)
    probe_setup_failed("unshare");
  close(made[1]);
  close(mapped[1]);
  wait_for(mapped[0]);
  if (setresuid(1, 1, 1) != 0)
    probe_setup_failed("setresuid");
  execve(words[2], words + 2, environ);
  return errno;
}

/* Its children's boot clock is a second behind. */
static void set_time(void) {
  if (unshare(CLONE_NEWTIME) != 0)
    probe_setup_failed("unshare");
  write_file("/proc/self/timens_offsets", "boottime -1 0");
}

static int do_in_time(int count, char **words) {
  (void)count;
  set_time();
  pid_t child = fork();
  if (child == 0) {
    execve(words[0], words, environ);
    _exit(errno);
  }
  return exit_of(child);
}

/* From 6.2 on, an exec leads there. */
static int do_to_time(int count, char **words) {
  (void)count;
  set_time();
  execve(words[0], words, environ);
  return errno;
}

const struct probe_verb kNamespaceVerbs[] = {
    {"in-namespace", do_in_namespace, 1,
     "PATH [ARGUMENT...]  execve as root of a user and a mount namespace of its own"},
    {"as-subordinate", do_as_subordinate, 3,
     "OWNER NUMBER PATH [ARGUMENT...]  execve as NUMBER in a user namespace that OWNER made"},
    {"in-time", do_in_time, 1, "PATH [ARGUMENT...]  in a time namespace"},
    {"to-time", do_to_time, 1, "PATH [ARGUMENT...]  with a time namespace for its children"},
    {0},
};
