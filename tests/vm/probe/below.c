// SPDX-License-Identifier: Apache-2.0
// Other bytes below a mounted file system: in its block device, or in the file that a loop device
// makes one of.
#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

#define CHUNK 65536

/* Where the text stands in what can be read of the file. */
static off_t find(int file, const char *text) {
  static char room[CHUNK + 256];
  size_t length = strlen(text);
  ssize_t size;

  for (off_t at = 0; (size = pread(file, room, sizeof(room), at)) >= (ssize_t)length; at += CHUNK) {
    char *found = memmem(room, (size_t)size, text, length);
    if (found != NULL)
      return at + (found - room);
  }
  probe_setup_failed("the text is not there");
}

/* The last letter of the text becomes another one. */
static void change(int below, const char *text) {
  char letter;
  off_t at = find(below, text) + (off_t)strlen(text) - 1;

  if (pread(below, &letter, 1, at) != 1)
    probe_setup_failed("pread");
  letter ^= 1;
  if (pwrite(below, &letter, 1, at) != 1 || fsync(below) != 0)
    probe_setup_failed("pwrite");
  close(below);
}

/* FILE BELOW TEXT: FILE is kept open, so that the kernel does not forget it; the last letter of
 * TEXT becomes another one in BELOW, and the pages of FILE are dropped from memory. Then it is
 * executed.
 */
static int do_patch_below(int count, char **words) {
  (void)count;
  uint64_t before = content_of(words[0]);
  int kept = probe_open(words[0], O_RDONLY);
  int below = open(words[1], O_RDWR);
  if (below < 0)
    return errno;
  change(below, words[2]);
  return execute_changed(words, kept, before);
}

/* A partition that is the whole of a loop device, which need not be free for that. */
static void add_partition(const char *disk, const char *node) {
  struct stat about;
  char size[32] = "";
  int device = probe_open(disk, O_RDONLY);
  int length = probe_open("/sys/block/loop0/size", O_RDONLY);

  if (read(length, size, sizeof(size) - 1) <= 0)
    probe_setup_failed("size");
  struct blkpg_partition part = {.length = atoll(size) * 512, .pno = 1};
  struct blkpg_ioctl_arg wanted = {
      .op = BLKPG_ADD_PARTITION, .datalen = sizeof(part), .data = &part};
  if (ioctl(device, BLKPG, &wanted) != 0)
    probe_setup_failed("partition");
  close(length);
  close(device);
  char number[32] = "";
  unsigned major_number = 0;
  unsigned minor_number = 0;
  int told = probe_open("/sys/block/loop0/loop0p1/dev", O_RDONLY);
  if (read(told, number, sizeof(number) - 1) <= 0 ||
      sscanf(number, "%u:%u", &major_number, &minor_number) != 2)
    probe_setup_failed("number");
  close(told);
  unlink(node);
  if (mknod(node, S_IFBLK | 0600, makedev(major_number, minor_number)) != 0 ||
      stat(node, &about) != 0)
    probe_setup_failed("mknod");
}

/* /dev/loop0 may have partitions from now on. */
static int do_let_partitions(int count, char **words) {
  (void)count;
  (void)words;
  struct loop_info64 info;
  int device = probe_open("/dev/loop0", O_RDONLY);

  if (ioctl(device, LOOP_GET_STATUS64, &info) != 0)
    probe_setup_failed("loop status");
  info.lo_flags |= LO_FLAGS_PARTSCAN;
  return ioctl(device, LOOP_SET_STATUS64, &info) == 0 ? 0 : errno;
}

/* FILE TEXT NODE: /dev/loop0, which is mounted, gets a partition; FILE is changed below by that. */
static int do_patch_partition(int count, char **words) {
  (void)count;
  char *below[] = {words[0], words[2], words[1], NULL};
  add_partition("/dev/loop0", words[2]);
  return do_patch_below(3, below);
}

/* The second half of BACKING becomes a copy of the first in which the last letter of TEXT is
 * another one. Returns where it begins. */
static off_t copy_half(const char *backing, const char *text) {
  static char room[CHUNK];
  struct stat about;
  int file = probe_open(backing, O_RDWR);
  ssize_t size;

  if (fstat(file, &about) != 0)
    probe_setup_failed(backing);
  off_t half = about.st_size / 2;
  for (off_t at = 0; at < half; at += size) {
    size = pread(file, room, sizeof(room), at);
    if (size <= 0 || pwrite(file, room, (size_t)size, half + at) != size)
      probe_setup_failed("copy");
  }
  off_t at = half + find(file, text) + (off_t)strlen(text) - 1;
  if (pread(file, room, 1, at) != 1)
    probe_setup_failed("pread");
  room[0] ^= 1;
  if (pwrite(file, room, 1, at) != 1 || fsync(file) != 0)
    probe_setup_failed("pwrite");
  close(file);
  return half;
}

/* FILE BACKING TEXT: /dev/loop0, which is mounted and shows the first half of BACKING, is made to
 * show the second one. Then FILE is executed. */
static int do_shift_below(int count, char **words) {
  (void)count;
  struct loop_info64 info;
  uint64_t before = content_of(words[0]);
  int kept = probe_open(words[0], O_RDONLY);
  int device = probe_open("/dev/loop0", O_RDONLY);

  if (ioctl(device, LOOP_GET_STATUS64, &info) != 0)
    probe_setup_failed("loop status");
  info.lo_offset = (uint64_t)copy_half(words[1], words[2]);
  if (ioctl(device, LOOP_SET_STATUS64, &info) != 0)
    return errno;
  close(device);
  return execute_changed(words, kept, before);
}

/* FILE BACKING TEXT PROGRAM: the same by what PROGRAM does to the device below FILE. */
static int do_shift_by(int count, char **words) {
  (void)count;
  char *alone[] = {words[3], NULL};
  char *file[] = {words[0], NULL};
  uint64_t before = content_of(words[0]);
  int kept = probe_open(words[0], O_RDONLY);

  copy_half(words[1], words[2]);
  pid_t child = fork();
  if (child == 0) {
    execve(words[3], alone, environ);
    _exit(errno);
  }
  int error = exit_of(child);
  return error != 0 ? error : execute_changed(file, kept, before);
}

const struct probe_verb kBelowVerbs[] = {
    {"patch-below", do_patch_below, 3, "FILE BELOW TEXT  changed in BELOW, then executed"},
    {"let-partitions", do_let_partitions, 0, "/dev/loop0 may have partitions"},
    {"patch-partition", do_patch_partition, 3,
     "FILE TEXT NODE  changed in a partition of the mounted /dev/loop0, then executed"},
    {"shift-below", do_shift_below, 3,
     "FILE BACKING TEXT  the mounted /dev/loop0 is made to show the second half of BACKING"},
    {"shift-by", do_shift_by, 4, "FILE BACKING TEXT PROGRAM  which makes it show that half"},
    {0},
};
