// SPDX-License-Identifier: Apache-2.0
// Becoming somebody else before the thing under test.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
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
    {"in-time", do_in_time, 1, "PATH [ARGUMENT...]  in a time namespace"},
    {"to-time", do_to_time, 1, "PATH [ARGUMENT...]  with a time namespace for its children"},
    {0},
};
