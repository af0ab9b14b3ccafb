// SPDX-License-Identifier: Apache-2.0
// What interpreters and those who start them do: asking whether a file may be executed, scripts
// that are exchanged under their interpreter, files that are measured ahead.
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

#ifndef AT_EXECVE_CHECK
#define AT_EXECVE_CHECK 0x10000
#endif

/* EXIT of a verb that did what nobody should be able to do. */
#define DONE_ANYWAY 7

static int do_exec_check(int count, char **words) {
  (void)count;
  if (syscall(SYS_execveat, AT_FDCWD, words[0], words, environ, AT_EXECVE_CHECK) != 0)
    return errno;
  puts("would run");
  return 0;
}

/* Of a descriptor, as an interpreter does that has its script open. */
static int do_exec_check_open(int count, char **words) {
  (void)count;
  int file = probe_open(words[0], O_RDONLY);

  if (syscall(SYS_execveat, file, "", words, environ, AT_EMPTY_PATH | AT_EXECVE_CHECK) != 0)
    return errno;
  puts("would run");
  return 0;
}

/* Mapped for reading, as code, which cannot be executed: measures it. */
static int do_warm(int count, char **words) {
  for (int i = 0; i < count; i++) {
    int file = probe_open(words[i], O_RDONLY);
    if (mmap(NULL, 1, PROT_READ, MAP_PRIVATE | MAP_EXECUTABLE, file, 0) == MAP_FAILED)
      return errno;
    close(file);
  }
  return 0;
}

/* The empty folder takes names for the same that differ in case only. */
static int do_fold(int count, char **words) {
  (void)count;
  int flags = FS_CASEFOLD_FL;
  int folder = probe_open(words[0], O_RDONLY | O_DIRECTORY);

  return ioctl(folder, FS_IOC_SETFLAGS, &flags) != 0 ? errno : 0;
}

struct swap {
  char *link;
  char *targets[2];
  volatile int is_over;
};

static void *keep_linking(void *argument) {
  struct swap *swap = argument;
  char next[256];

  snprintf(next, sizeof(next), "%s.next", swap->link);
  for (unsigned i = 0; !swap->is_over; i++) {
    if (symlink(swap->targets[i % 2], next) != 0 || rename(next, swap->link) != 0)
      probe_setup_failed("symlink");
    usleep(i % 3 * 100);
  }
  return NULL;
}

/* Executes the path and reads what it prints, in which "evil" tells the one that nobody signed. */
static int runs_evil(const char *path) {
  char *arguments[] = {(char *)path, NULL};
  char text[256] = "";
  int ends[2];
  int status;

  if (pipe(ends) != 0)
    probe_setup_failed("pipe");
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    execve(path, arguments, environ);
    _exit(1);
  }
  close(ends[1]);
  ssize_t got = read(ends[0], text, sizeof(text) - 1);
  close(ends[0]);
  if (child < 0 || waitpid(child, &status, 0) != child)
    probe_setup_failed("fork");
  return got > 0 && strstr(text, "evil") != NULL;
}

/* Executes the path so often while the link leads to both targets by turns. */
static int do_swap(struct swap *swap, const char *path, int rounds) {
  pthread_t thread;
  int evil = 0;

  if (pthread_create(&thread, NULL, keep_linking, swap) != 0)
    probe_setup_failed("pthread_create");
  for (int i = 0; i < rounds; i++)
    evil += runs_evil(path);
  swap->is_over = 1;
  pthread_join(thread, NULL);
  unlink(swap->link);
  printf("evil=%s\n", evil ? "some" : "none");
  return evil ? DONE_ANYWAY : 0;
}

/* A link of our own, beginning with LINK, leads to folder A and to folder B by turns; the script in
 * it is executed so often. */
static int do_swap_script(int count, char **words) {
  (void)count;
  char link[128];
  char path[256];
  struct swap swap = {link, {words[1], words[2]}, 0};

  snprintf(link, sizeof(link), "%s.%d", words[0], getpid());
  snprintf(path, sizeof(path), "%s/%s", link, words[3]);
  return do_swap(&swap, path, atoi(words[4]));
}

/* The same of LINK itself, through which the first line of SCRIPT names its interpreter. */
static int do_swap_interpreter(int count, char **words) {
  (void)count;
  struct swap swap = {words[0], {words[1], words[2]}, 0};

  return do_swap(&swap, words[3], atoi(words[4]));
}

/* TEXT LINK PROGRAM [ARGUMENT...]: LINK leads to a terminal of one's own, on which a line and the
 * end are typed before the program is executed. */
static int do_type(int count, char **words) {
  (void)count;
  char path[64];
  char link[64];
  char line[256];
  int free = 0;
  int number = -1;
  int master = probe_open("/dev/ptmx", O_RDWR | O_NOCTTY);

  if (ioctl(master, TIOCSPTLCK, &free) != 0 || ioctl(master, TIOCGPTN, &number) != 0)
    probe_setup_failed("terminal");
  snprintf(path, sizeof(path), "/dev/pts/%d", number);
  probe_open(path, O_RDWR | O_NOCTTY); /* stays open, so that what is typed stays there */
  snprintf(link, sizeof(link), "/tmp/typed-%d.sh", getpid());
  if (symlink(path, link) != 0)
    probe_setup_failed("symlink");
  int length = snprintf(line, sizeof(line), "%s\n\004", words[0]);
  if (write(master, line, (size_t)length) != length)
    probe_setup_failed("typing");
  execve(words[1], (char *[]){words[1], link, NULL}, environ);
  return errno;
}

const struct probe_verb kScriptVerbs[] = {
    {"exec-check", do_exec_check, 1, "PATH  AT_EXECVE_CHECK (6.14)"},
    {"exec-check-open", do_exec_check_open, 1, "PATH  the same of a descriptor"},
    {"warm", do_warm, 1, "PATH...  has them measured"},
    {"type", do_type, 2, "TEXT PROGRAM  executed with a terminal that is called as code"},
    {"fold", do_fold, 1, "FOLDER  makes it ignore case"},
    {"swap-script", do_swap_script, 5,
     "LINK A B NAME ROUNDS  executes NAME while a link leads to A and to B"},
    {"swap-interpreter", do_swap_interpreter, 5,
     "LINK A B SCRIPT ROUNDS  executes SCRIPT, whose first line leads through the link"},
    {0},
};
