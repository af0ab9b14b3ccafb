// SPDX-License-Identifier: Apache-2.0
// A worker of io_uring keeps the registers of the system call in which it was born, and with them
// that call's number. Here it is born while its owner waits in a call of 32 bits that has the same
// number as swapoff(2) has for 64.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "ring.h"

#define POLL_32 168
#define WAIT_MS 6000

static void limit_workers(const struct ring *ring, unsigned bounded) {
  unsigned most[2] = {bounded, 0};

  if (syscall(SYS_io_uring_register, ring->file, IORING_REGISTER_IOWQ_MAX_WORKERS, most, 2) != 0)
    probe_setup_failed("IORING_REGISTER_IOWQ_MAX_WORKERS");
}

static long poll_32(void) {
  long result = POLL_32;

  __asm__ volatile("int $0x80"
                   : "+a"(result)
                   : "b"(0), "c"(0), "d"(WAIT_MS)
                   : "memory", "r8", "r9", "r10", "r11");
  return result;
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

/* The first worker waits in one pipe, then, while the owner polls, in the other: then a second one
 * is needed for the device. It is made in the owner's poll, because that is where the owner is. */
static int do_open_in_poll(int count, char **words) {
  (void)count;
  char pipes[2][64];
  for (int i = 0; i < 2; i++) {
    snprintf(pipes[i], sizeof(pipes[i]), "/tmp/pipe-%d-%d", getpid(), i);
    if (mkfifo(pipes[i], 0600) != 0)
      probe_setup_failed(pipes[i]);
  }
  struct ring ring;
  ring_make_sized(&ring, 4);
  limit_workers(&ring, 1);
  const struct io_uring_sqe asked[] = {opening(pipes[0], O_RDONLY, 1),
                                       opening(pipes[1], O_RDONLY, 2),
                                       opening(words[0], O_WRONLY, 3)};
  ring_submit(&ring, asked, 3);
  sleep(1); /* until the first one waits, and more are refused */
  limit_workers(&ring, 2);
  const pid_t child = open_later(pipes[0]);
  poll_32();
  int result = 0;
  const int found = ring_find(&ring, 3, &result);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  unlink(pipes[0]);
  unlink(pipes[1]);
  errno = ETIME;
  if (!found)
    probe_setup_failed("the device was not asked for");
  return result < 0 ? -result : 0;
}

const struct probe_verb kWorkerVerbs[] = {
    {"open-in-poll", do_open_in_poll, 1,
     "PATH  O_WRONLY by a worker of io_uring that was born during poll(2) of 32 bits"},
    {0},
};
