// SPDX-License-Identifier: Apache-2.0
// A worker of io_uring keeps the registers of the system call in which it was born, and with them
// that call's number: here that of swapoff(2), or of the call of 32 bits that has the same number.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"
#include "ring.h"

#define SWAPOFF 168
#define POLL_32 168
#define PATIENCE 20 /* seconds */
#define TRIES 6
#define ELSEWHERE 199

static void limit_workers(const struct ring *ring, unsigned bounded) {
  unsigned most[2] = {bounded, 0};

  if (syscall(SYS_io_uring_register, ring->file, IORING_REGISTER_IOWQ_MAX_WORKERS, most, 2) != 0)
    probe_setup_failed("IORING_REGISTER_IOWQ_MAX_WORKERS");
}

static void poll_32(void) {
  long result = POLL_32;

  __asm__ volatile("int $0x80"
                   : "+a"(result)
                   : "b"(0), "c"(0), "d"(100)
                   : "memory", "r8", "r9", "r10", "r11");
}

static void swap_off_nothing(void) {
  syscall(SYS_swapoff, "/nothing");
}

/* Whether some worker has that number; it shows while the worker waits for more. */
static int has_worker_of(long number) {
  int found = 0;
  DIR *threads = opendir("/proc/self/task");

  for (struct dirent *entry; threads != NULL && (entry = readdir(threads)) != NULL;) {
    char path[320];
    char name[32] = "";
    long called = -1;
    snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
    FILE *file = fopen(path, "re");
    if (file == NULL || fscanf(file, "%31s", name) != 1)
      name[0] = 0;
    if (file != NULL)
      fclose(file);
    snprintf(path, sizeof(path), "/proc/self/task/%s/syscall", entry->d_name);
    file = fopen(path, "re");
    if (file != NULL && fscanf(file, "%ld", &called) == 1)
      found = found || (strncmp(name, "iou-wrk", 7) == 0 && called == number);
    if (file != NULL)
      fclose(file);
  }
  if (threads != NULL)
    closedir(threads);
  return found;
}

static struct io_uring_sqe opening(const char *path, int flags, uint64_t name) {
  return (struct io_uring_sqe){.opcode = IORING_OP_OPENAT,
                               .flags = IOSQE_ASYNC,
                               .fd = AT_FDCWD,
                               .addr = (uintptr_t)path,
                               .open_flags = (uint32_t)flags,
                               .user_data = name};
}

static pid_t open_later(const char *fifo) {
  const pid_t child = fork();

  if (child == 0) {
    sleep(2);
    open(fifo, O_WRONLY);
    pause();
  }
  if (child < 0)
    probe_setup_failed("fork");
  return child;
}

/* The first worker waits in one pipe, then, while the owner is in that call, in the other: then a
 * second one is needed for the device. It is made in the owner's call, because that is where the
 * owner is. */
static int open_by_worker(const char *path, void (*call)(void), int *is_born_there) {
  char pipes[2][64];
  for (int i = 0; i < 2; i++) {
    snprintf(pipes[i], sizeof(pipes[i]), "/tmp/pipe-%d-%d", getpid(), i);
    unlink(pipes[i]);
    if (mkfifo(pipes[i], 0600) != 0)
      probe_setup_failed(pipes[i]);
  }
  struct ring ring;
  ring_make_sized(&ring, 4);
  limit_workers(&ring, 1);
  const struct io_uring_sqe asked[] = {opening(pipes[0], O_RDONLY, 1),
                                       opening(pipes[1], O_RDONLY, 2), opening(path, O_WRONLY, 3)};
  ring_submit(&ring, asked, 3);
  sleep(1); /* until the first one waits, and more are refused */
  limit_workers(&ring, 2);
  const pid_t child = open_later(pipes[0]);
  int result = 0;
  int found = 0;
  for (const time_t end = time(NULL) + PATIENCE; !found && time(NULL) < end;) {
    call();
    found = ring_find(&ring, 3, &result);
  }
  *is_born_there = has_worker_of(SWAPOFF);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  unlink(pipes[0]);
  unlink(pipes[1]);
  errno = ETIME;
  if (!found)
    probe_setup_failed("the device was not asked for");
  return result < 0 ? -result : 0;
}

/*
 * Being refused tells something only if the worker was born where it was meant to be: now and then
 * the owner is between two calls then. Each try is a process of its own, since workers are the
 * process's, whichever ring they serve.
 */
static int try_by_worker(const char *path, void (*call)(void)) {
  for (int i = 0; i < TRIES; i++) {
    const pid_t child = fork();
    if (child == 0) {
      int is_born_there = 0;
      const int error = open_by_worker(path, call, &is_born_there);
      _exit(error == 0 || is_born_there ? error : ELSEWHERE);
    }
    const int outcome = exit_of(child);
    if (outcome != ELSEWHERE)
      return outcome;
  }
  errno = ETIME;
  probe_setup_failed("no worker was born there");
}

static int do_open_in_poll(int count, char **words) {
  (void)count;
  return try_by_worker(words[0], poll_32);
}

static int do_open_in_swapoff(int count, char **words) {
  (void)count;
  return try_by_worker(words[0], swap_off_nothing);
}

const struct probe_verb kWorkerVerbs[] = {
    {"open-in-poll", do_open_in_poll, 1,
     "PATH  O_WRONLY by a worker of io_uring that was born during poll(2) of 32 bits"},
    {"open-in-swapoff", do_open_in_swapoff, 1, "PATH  the same during swapoff(2) of nothing"},
    {0},
};
