// SPDX-License-Identifier: Apache-2.0
// Into a process that is there: one's own child, which stands still, or the daemon.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

static pid_t victim;
static int word = 1;

static void end_victim(void) {
  kill(victim, SIGKILL);
  waitpid(victim, NULL, 0);
}

static void start_victim(void) {
  victim = fork();
  if (victim < 0)
    probe_setup_failed("fork");
  if (victim == 0) {
    for (;;)
      pause();
  }
  atexit(end_victim);
}

static int attach(pid_t pid, int seize) {
  if (ptrace(seize ? PTRACE_SEIZE : PTRACE_ATTACH, pid, NULL, NULL) != 0)
    return errno;
  if (!seize)
    waitpid(pid, NULL, __WALL);
  ptrace(PTRACE_DETACH, pid, NULL, NULL);
  return 0;
}

static int do_attach(int count, char **words) {
  (void)count;
  (void)words;
  start_victim();
  return attach(victim, 0);
}

static int do_seize(int count, char **words) {
  (void)count;
  (void)words;
  start_victim();
  return attach(victim, 1);
}

/* The child asks to be traced, as every debugger lets the program do that it starts. */
static int do_traceme(int count, char **words) {
  (void)count;
  (void)words;
  int status;
  pid_t child = fork();
  if (child == 0)
    _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 ? errno : 0);
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
    probe_setup_failed("fork");
  return WEXITSTATUS(status);
}

static int do_vm_write(int count, char **words) {
  (void)count;
  (void)words;
  int value = 2;
  struct iovec from = {&value, sizeof(value)};
  struct iovec to = {&word, sizeof(word)};
  start_victim();
  return process_vm_writev(victim, &from, 1, &to, 1, 0) != sizeof(value) ? errno : 0;
}

static int do_other_memory(int count, char **words) {
  (void)count;
  char path[64];
  int flags = strcmp(words[0], "read") == 0 ? O_RDONLY : O_RDWR;
  start_victim();
  snprintf(path, sizeof(path), "/proc/%d/mem", (int)victim);
  return open(path, flags) < 0 ? errno : 0;
}

static int do_take_descriptor(int count, char **words) {
  (void)count;
  (void)words;
  start_victim();
  int process = (int)syscall(SYS_pidfd_open, victim, 0);
  if (process < 0)
    probe_setup_failed("pidfd_open");
  return syscall(SYS_pidfd_getfd, process, 1, 0) < 0 ? errno : 0;
}

static pid_t find_daemon(void) {
  char path[300];
  char name[32];
  pid_t found = 0;
  DIR *all = opendir("/proc");

  for (struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;) {
    snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
      continue;
    if (fgets(name, sizeof(name), file) != NULL && strcmp(name, "warrantd\n") == 0)
      found = atoi(entry->d_name);
    fclose(file);
  }
  if (all != NULL)
    closedir(all);
  return found;
}

/* To each of its threads; 0 when that succeeds with one of them. */
static int attach_threads(pid_t pid) {
  char path[64];
  int refused = 0;
  int threads = 0;
  int attached = 0;

  snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
  DIR *all = opendir(path);
  for (struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;) {
    if (entry->d_name[0] == '.')
      continue;
    int error = attach(atoi(entry->d_name), 1);
    threads++;
    if (error == 0)
      attached++;
    else
      refused = error;
  }
  if (threads == 0)
    probe_setup_failed("threads");
  closedir(all);
  printf("attached to %s of %s\n",
         attached == threads ? "all"
         : attached > 0      ? "some"
                             : "none",
         threads > 1 ? "several" : "one");
  return attached > 0 ? 0 : refused;
}

/* Where no daemon runs, a child takes its place. */
static int do_attach_daemon(int count, char **words) {
  (void)count;
  (void)words;
  pid_t daemon = find_daemon();
  if (daemon == 0) {
    start_victim();
    daemon = victim;
  }
  return attach_threads(daemon);
}

/* ---- its own memory -------------------------------------------------------------------------- */

/* A page of text of its own, so that what runs is not written over. */
static __attribute__((noinline, aligned(4096))) int own_text(void) {
  __asm__ volatile(".fill 64, 1, 0x90");
  return 1;
}

/* Read-only text is no hindrance to the kernel's forced write. */
static int do_self_memory(int count, char **words) {
  (void)count;
  (void)words;
  uintptr_t text;
  int (*function)(void) = own_text;
  memcpy(&text, &function, sizeof(text));
  int memory = open("/proc/self/mem", O_RDWR);
  if (memory < 0)
    return errno;
  if (pwrite(memory, kCode, sizeof(kCode), (off_t)text) != (ssize_t)sizeof(kCode))
    probe_setup_failed("pwrite");
  return report_call((void *)text);
}

static int do_userfault(int count, char **words) {
  (void)count;
  (void)words;
  return syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY) < 0 ? errno : 0;
}

static int do_personality(int count, char **words) {
  (void)count;
  (void)words;
  if (personality(READ_IMPLIES_EXEC) < 0)
    return errno;
  puts("back");
  return 0;
}

static int do_personality_query(int count, char **words) {
  (void)count;
  (void)words;
  if (personality(0xffffffff) < 0 || personality(ADDR_NO_RANDOMIZE) < 0)
    return errno;
  puts("back");
  return 0;
}

/* By the entry that 32-bit programs use. */
static int do_personality_32(int count, char **words) {
  (void)count;
  (void)words;
  int result = 136; /* personality in the table of 32 bits */
  __asm__ volatile("int $0x80" : "+a"(result) : "b"(READ_IMPLIES_EXEC) : "memory");
  if (result < 0)
    return -result;
  puts("back");
  return 0;
}

const struct probe_verb kIntrudeVerbs[] = {
    {"attach", do_attach, 0, "  PTRACE_ATTACH to a child"},
    {"seize", do_seize, 0, "  PTRACE_SEIZE"},
    {"traceme", do_traceme, 0, "  a child asks to be traced"},
    {"attach-daemon", do_attach_daemon, 0,
     "  to a thread of warrantd, or to a child if there is none"},
    {"vm-write", do_vm_write, 0, "  process_vm_writev into a child"},
    {"other-memory", do_other_memory, 1, "read|write  /proc/CHILD/mem"},
    {"take-descriptor", do_take_descriptor, 0, "  pidfd_getfd from a child"},
    {"self-memory", do_self_memory, 0, "  own text through /proc/self/mem, called"},
    {"userfault", do_userfault, 0, "  userfaultfd(2)"},
    {"personality", do_personality, 0, "  READ_IMPLIES_EXEC"},
    {"personality-32", do_personality_32, 0, "  the same by int 0x80"},
    {"personality-query", do_personality_query, 0, "  another one, and what it is"},
    {0},
};
