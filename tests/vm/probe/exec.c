// SPDX-License-Identifier: Apache-2.0
// Ways to become another program.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

static int do_run(int count, char **words) {
  (void)count;
  (void)words;
  puts("RAN");
  return 0;
}

static int do_exec(int count, char **words) {
  (void)count;
  execve(words[0], words, environ);
  return errno;
}

static int exec_file(int file, char **words) {
  syscall(SYS_execveat, file, "", words, environ, AT_EMPTY_PATH);
  return errno;
}

static int do_fexecve(int count, char **words) {
  (void)count;
  return exec_file(probe_open(words[0], O_RDONLY), words);
}

static int do_execveat_opath(int count, char **words) {
  (void)count;
  return exec_file(probe_open(words[0], O_PATH), words);
}

static int do_execveat(int count, char **words) {
  (void)count;
  int folder = probe_open(words[0], O_RDONLY | O_DIRECTORY);
  syscall(SYS_execveat, folder, words[1], words + 1, environ, 0);
  return errno;
}

static int do_exec_unlinked(int count, char **words) {
  (void)count;
  int file = probe_open(words[0], O_RDONLY);
  if (unlink(words[0]) != 0)
    probe_setup_failed("unlink");
  return exec_file(file, words);
}

/* memfd PATH sealed|unsealed: sealed as a careful program would, against any later change. */
static int do_memfd(int count, char **words) {
  (void)count;
  struct stat info;
  int from = probe_open(words[0], O_RDONLY);
  int file = memfd_create("probe", MFD_ALLOW_SEALING);
  if (file < 0 || fstat(from, &info) != 0 ||
      sendfile(file, from, NULL, info.st_size) != info.st_size)
    probe_setup_failed("memfd");
  int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (strcmp(words[1], "sealed") == 0 && fcntl(file, F_ADD_SEALS, seals) != 0)
    probe_setup_failed("seal");
  return exec_file(file, words);
}

/* It has opened a file before, as threads do. */
static void *exec_in_thread(void *words) {
  static int error;

  close(open(((char **)words)[0], O_RDONLY));
  execve(((char **)words)[0], words, environ);
  error = errno;
  return &error;
}

static int do_thread_exec(int count, char **words) {
  (void)count;
  pthread_t thread;
  void *error = NULL;
  if (pthread_create(&thread, NULL, exec_in_thread, words) != 0)
    probe_setup_failed("pthread_create");
  pthread_join(thread, &error);
  return *(int *)error;
}

static int do_chroot_exec(int count, char **words) {
  (void)count;
  if (chroot(words[0]) != 0 || chdir("/") != 0)
    probe_setup_failed("chroot");
  execve(words[1], words + 1, environ);
  return errno;
}

const struct probe_verb kExecVerbs[] = {
    {"run", do_run, 0, "  prints RAN"},
    {"exec", do_exec, 1, "PATH [ARGUMENT...]  execve"},
    {"fexecve", do_fexecve, 1, "PATH  execveat of a readable descriptor"},
    {"execveat-opath", do_execveat_opath, 1, "PATH  execveat of an O_PATH descriptor"},
    {"execveat", do_execveat, 2, "FOLDER NAME  execveat below a folder"},
    {"exec-unlinked", do_exec_unlinked, 1, "PATH  opens, unlinks, executes"},
    {"memfd", do_memfd, 2, "PATH sealed|unsealed  executes a copy in a memfd"},
    {"thread-exec", do_thread_exec, 1, "PATH [ARGUMENT...]  execve from a second thread"},
    {"chroot-exec", do_chroot_exec, 2, "FOLDER PATH  execve after chroot"},
    {0},
};
