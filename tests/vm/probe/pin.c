// SPDX-License-Identifier: Apache-2.0
// A page of a file of ours that something holds although nobody counts as a writer any more: the
// shared mapping by which it was taken and the descriptor are gone. Then the file is mapped
// executable, and only after that the page changes.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "code.h"
#include "fuse.h"
#include "overlay.h"
#include "probe.h"
#include "ring.h"

static void *map_writable(const char *path) {
  int file = probe_open(path, O_RDWR);
  uint8_t *page = map_page(file, RW, MAP_SHARED);

  ((volatile uint8_t *)page)[0] = page[0]; /* it is there, and ours to write to */
  close(file);
  return page;
}

static void *map_executable(const char *path) {
  return mmap(NULL, PAGE, RX, MAP_PRIVATE, probe_open(path, O_RDONLY), 0);
}

static int code_file(void) {
  int file = memfd_create("code", 0);

  if (file < 0 || ftruncate(file, PAGE) != 0 || pwrite(file, kCode, sizeof(kCode), 0) < 0)
    probe_setup_failed("memfd");
  return file;
}

/* By an io_uring, as one of its buffers. */
static int do_pin_ring(int count, char **words) {
  (void)count;
  struct ring ring;
  void *page = map_writable(words[0]);
  struct iovec buffer = {page, PAGE};
  ring_make(&ring);
  if (syscall(SYS_io_uring_register, ring.file, IORING_REGISTER_BUFFERS, &buffer, 1) != 0)
    probe_setup_failed("io_uring_register");
  munmap(page, PAGE);
  void *code = map_executable(words[0]);
  if (code == MAP_FAILED)
    return errno;
  struct io_uring_sqe entry = {.opcode = IORING_OP_READ_FIXED,
                               .fd = code_file(),
                               .addr = (uintptr_t)page,
                               .len = sizeof(kCode)};
  if (ring_run(&ring, entry) != sizeof(kCode))
    probe_setup_failed("fixed read");
  return report_call(code);
}

struct pin {
  void *page;
  void *served;
  int file;
  int is_done;
};

/* The kernel holds the page until the server of the file that is read answers. */
static void *read_into(void *argument) {
  struct pin *pin = argument;

  pin->is_done = read(pin->file, pin->page, PAGE) == PAGE;
  return NULL;
}

/* It holds the page until the source, which is served too, can be read. */
static void *write_into(void *argument) {
  struct pin *pin = argument;
  struct iovec from = {pin->served, sizeof(kCode)};
  struct iovec to = {pin->page, sizeof(kCode)};

  pin->is_done = process_vm_writev(getpid(), &from, 1, &to, 1, 0) == sizeof(kCode);
  return NULL;
}

/* The file is written to by the name WRITTEN and executed by the name PATH. */
static int pin_served(void *(*hold)(void *), int flags, const char *written, const char *path) {
  char served[64];
  pid_t server;
  pthread_t thread;
  snprintf(served, sizeof(served), "/proc/self/fd/%d", code_file());
  struct fuse_state *state = fuse_serve(served, served, &server);
  struct pin pin = {.file = probe_open(FUSE_FILE, O_RDONLY | flags)};

  state->stalls = 1;
  pin.served = map_page(pin.file, PROT_READ, MAP_PRIVATE);
  pin.page = map_writable(written);
  if (pthread_create(&thread, NULL, hold, &pin) != 0)
    probe_setup_failed("thread");
  while (!state->waiting)
    usleep(1000);
  munmap(pin.page, PAGE);
  void *code = map_executable(path);
  int error = errno;
  state->go = 1;
  pthread_join(thread, NULL);
  if (!pin.is_done)
    probe_setup_failed("held");
  kill(server, SIGKILL);
  waitpid(server, NULL, 0);
  return code == MAP_FAILED ? error : report_call(code);
}

static int do_pin_direct(int count, char **words) {
  (void)count;
  return pin_served(read_into, O_DIRECT, words[0], words[0]);
}

static int do_pin_writev(int count, char **words) {
  (void)count;
  return pin_served(write_into, 0, words[0], words[0]);
}

/* FOLDER NAME WORK: mapped writable by way of an overlay whose upper folder is FOLDER. */
static int do_pin_overlay(int count, char **words) {
  (void)count;
  char merged[256];
  char path[256];
  snprintf(merged, sizeof(merged), "%s/%s", OVERLAY_PLACE, words[1]);
  snprintf(path, sizeof(path), "%s/%s", words[0], words[1]);
  overlay_mount(words[0], words[2], 1);
  return pin_served(read_into, O_DIRECT, merged, path);
}

/* How long the file is, if code finds room behind its end, in its last page. */
static off_t size_with_room(int file) {
  struct stat info;
  if (fstat(file, &info) != 0 || info.st_size % PAGE + (off_t)sizeof(kCode) > PAGE)
    probe_setup_failed("room behind the end");
  return info.st_size;
}

static off_t last_page(off_t size) {
  return size & ~(off_t)(PAGE - 1);
}

/* What lies behind the end of the file, called. */
static int do_call_tail(int count, char **words) {
  (void)count;
  int file = probe_open(words[0], O_RDONLY);
  off_t size = size_with_room(file);
  char *code = mmap(NULL, PAGE, RX, MAP_PRIVATE, file, last_page(size));
  return code == MAP_FAILED ? errno : report_call(code + size % PAGE);
}

/* The last page reaches beyond the end of the file: what is put there has no place in the file,
 * but lies in memory with it. */
static int do_tail(int count, char **words) {
  int file = probe_open(words[0], O_RDWR);
  off_t size = size_with_room(file);
  char *writable = mmap(NULL, PAGE, RW, MAP_SHARED, file, last_page(size));
  if (writable == MAP_FAILED)
    probe_setup_failed("mmap");
  memcpy(writable + size % PAGE, kCode, sizeof(kCode));
  munmap(writable, PAGE);
  close(file);
  return do_call_tail(count, words);
}

/* BACKING FILE: code is put behind the end of a file, where its last block lies on a disk that
 * nothing uses. FILE is another copy of it. */
static int do_fill_slack(int count, char **words) {
  (void)count;
  static char wanted[PAGE];
  static char block[PAGE];
  int file = probe_open(words[1], O_RDONLY);
  int disk = probe_open(words[0], O_RDWR);
  off_t size = size_with_room(file);
  size_t tail = (size_t)(size % PAGE);
  int filled = 0;
  if (pread(file, wanted, tail, last_page(size)) != (ssize_t)tail)
    probe_setup_failed("last page");
  for (off_t at = 0; pread(disk, block, PAGE, at) == PAGE; at += PAGE) {
    if (memcmp(block, wanted, tail) != 0)
      continue;
    filled += pwrite(disk, kCode, sizeof(kCode), at + (off_t)tail) == (ssize_t)sizeof(kCode);
  }
  if (filled != 1)
    probe_setup_failed("one block like that");
  puts("filled");
  return 0;
}

const struct probe_verb kPinVerbs[] = {
    {"pin-ring", do_pin_ring, 1, "PATH  held by an io_uring (tmpfs)"},
    {"pin-direct", do_pin_direct, 1, "PATH  held by a direct read that waits"},
    {"pin-writev", do_pin_writev, 1, "PATH  held by a process_vm_writev that waits"},
    {"pin-overlay", do_pin_overlay, 3, "FOLDER NAME WORK  mapped through an overlay, held so"},
    {"tail", do_tail, 1, "PATH  code behind the end of the file, called"},
    {"call-tail", do_call_tail, 1, "PATH  what lies there, called"},
    {"fill-slack", do_fill_slack, 2,
     "BACKING FILE  code behind the end of a file like it on a disk"},
    {0},
};
