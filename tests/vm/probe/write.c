// SPDX-License-Identifier: Apache-2.0
// Ways to write to a file. But for `change`, the content is the same afterwards.
#include <errno.h>
#include <fcntl.h>
#include <linux/fsverity.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe.h"
#include "ring.h"

static int try_open(const char *path, int flags) {
  return open(path, flags, 0600) < 0 ? errno : 0;
}

static int do_open_write(int count, char **words) {
  (void)count;
  return try_open(words[0], O_WRONLY);
}

static int do_open_rdwr(int count, char **words) {
  (void)count;
  return try_open(words[0], O_RDWR);
}

static int do_open_append(int count, char **words) {
  (void)count;
  return try_open(words[0], O_WRONLY | O_APPEND);
}

static int do_open_trunc(int count, char **words) {
  (void)count;
  return try_open(words[0], O_WRONLY | O_TRUNC);
}

static int do_truncate(int count, char **words) {
  (void)count;
  struct stat info;
  if (stat(words[0], &info) != 0)
    probe_setup_failed("stat");
  return truncate(words[0], info.st_size) != 0 ? errno : 0;
}

static int do_rewrite(int count, char **words) {
  (void)count;
  char byte;
  int file = open(words[0], O_RDWR);
  if (file < 0)
    return errno;
  if (pread(file, &byte, 1, 0) != 1)
    probe_setup_failed("pread");
  return pwrite(file, &byte, 1, 0) != 1 ? errno : 0;
}

static int do_shared_map_write(int count, char **words) {
  (void)count;
  int file = open(words[0], O_RDWR);
  if (file < 0)
    return errno;
  volatile char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED)
    return errno;
  memory[0] = memory[0];
  return 0;
}

/* The one verb that changes content: one byte more at the end, which no program here looks at. */
static int do_change(int count, char **words) {
  (void)count;
  int file = open(words[0], O_WRONLY | O_APPEND);
  if (file < 0)
    return errno;
  return write(file, "x", 1) != 1 ? errno : 0;
}

/* Keeps the file open for writing until killed or until the seconds are over. */
static int do_hold_write(int count, char **words) {
  (void)count;
  unsigned seconds = 0;
  int error = try_open(words[0], O_RDWR);
  if (error == 0 && sscanf(words[1], "%u", &seconds) == 1)
    sleep(seconds);
  return error;
}

/* By a worker, which is a task of its own. */
static int do_ring_open_write(int count, char **words) {
  (void)count;
  struct ring ring;
  ring_make(&ring);
  int file = ring_run(&ring, (struct io_uring_sqe){.opcode = IORING_OP_OPENAT,
                                                   .flags = IOSQE_ASYNC,
                                                   .fd = AT_FDCWD,
                                                   .addr = (uintptr_t)words[0],
                                                   .open_flags = O_WRONLY});
  return file < 0 ? -file : 0;
}

static int do_enable_verity(int count, char **words) {
  struct fsverity_enable_arg how = {
      .version = 1, .hash_algorithm = FS_VERITY_HASH_ALG_SHA256, .block_size = 4096};
  (void)count;
  int file = probe_open(words[0], O_RDONLY);
  return ioctl(file, FS_IOC_ENABLE_VERITY, &how) != 0 ? errno : 0;
}

const struct probe_verb kWriteVerbs[] = {
    {"open-write", do_open_write, 1, "PATH  O_WRONLY"},
    {"open-rdwr", do_open_rdwr, 1, "PATH  O_RDWR"},
    {"open-append", do_open_append, 1, "PATH  O_APPEND"},
    {"open-trunc", do_open_trunc, 1, "PATH  O_TRUNC (empties the file if it is let)"},
    {"truncate", do_truncate, 1, "PATH  truncate(2) to the size that it has"},
    {"rewrite", do_rewrite, 1, "PATH  writes the first byte again"},
    {"change", do_change, 1, "PATH  appends a byte"},
    {"shared-map-write", do_shared_map_write, 1, "PATH  the same through a shared mapping"},
    {"hold-write", do_hold_write, 2, "PATH SECONDS  keeps it open for writing"},
    {"ring-open-write", do_ring_open_write, 1, "PATH  O_WRONLY by a worker of io_uring"},
    {"enable-verity", do_enable_verity, 1,
     "PATH  makes it an fs-verity file, never to be written again"},
    {0},
};
