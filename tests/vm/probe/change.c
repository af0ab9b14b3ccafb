// SPDX-License-Identifier: Apache-2.0
// Less common ways to change what a file contains. Each looks at the content afterwards.
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

static int report_change(const char *path, uint64_t before) {
  if (content_of(path) == before)
    probe_setup_failed("the content is the same");
  puts("changed");
  return 0;
}

static off_t size_of(const char *path) {
  struct stat info;

  if (stat(path, &info) != 0)
    probe_setup_failed("stat");
  return info.st_size;
}

static int do_shorten(int count, char **words) {
  (void)count;
  uint64_t before = content_of(words[0]);
  return truncate(words[0], size_of(words[0]) - 1) != 0 ? errno : report_change(words[0], before);
}

static int do_ftruncate(int count, char **words) {
  (void)count;
  uint64_t before = content_of(words[0]);
  int file = open(words[0], O_RDWR);
  if (file < 0 || ftruncate(file, size_of(words[0]) - 1) != 0)
    return errno;
  return report_change(words[0], before);
}

/* Truncation needs the right to write, but the descriptor that comes of it is for reading. */
static int do_open_trunc_read(int count, char **words) {
  (void)count;
  uint64_t before = content_of(words[0]);
  if (open(words[0], O_RDONLY | O_TRUNC) < 0)
    return errno;
  return report_change(words[0], before);
}

/* The first page that is not all zeroes already. */
static off_t page_with_content(const char *path) {
  static const char kZeroes[PAGE];
  char page[PAGE];
  off_t at = 0;
  int file = probe_open(path, O_RDONLY);

  while (pread(file, page, sizeof(page), at) == PAGE && memcmp(page, kZeroes, PAGE) == 0)
    at += PAGE;
  close(file);
  return at;
}

static int try_allocate(const char *path, int mode) {
  uint64_t before = content_of(path);
  off_t at = page_with_content(path);
  int file = open(path, O_RDWR);

  if (file < 0 || fallocate(file, mode, at, PAGE) != 0)
    return errno;
  return report_change(path, before);
}

static int do_punch(int count, char **words) {
  (void)count;
  return try_allocate(words[0], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
}

static int do_zero_range(int count, char **words) {
  (void)count;
  return try_allocate(words[0], FALLOC_FL_ZERO_RANGE);
}

static int do_collapse(int count, char **words) {
  (void)count;
  return try_allocate(words[0], FALLOC_FL_COLLAPSE_RANGE);
}

static int do_insert(int count, char **words) {
  (void)count;
  return try_allocate(words[0], FALLOC_FL_INSERT_RANGE);
}

/* Content that no file here has yet. */
static int fresh_content(void) {
  pid_t self = getpid();
  int file = memfd_create("fresh", 0);

  if (file < 0 || write(file, &self, sizeof(self)) != sizeof(self) || lseek(file, 0, SEEK_SET) != 0)
    probe_setup_failed("memfd");
  return file;
}

/* Without a copy method of the file system, both must lie on the same one: here a nameless file in
 * FOLDER. */
static int do_copy_range(int count, char **words) {
  (void)count;
  uint64_t before = content_of(words[0]);
  pid_t self = getpid();
  off_t start = 0;
  off_t to = 0;
  int from = probe_open(words[1], O_RDWR | O_TMPFILE);
  if (pwrite(from, &self, sizeof(self), 0) != sizeof(self))
    probe_setup_failed("write");
  int file = open(words[0], O_WRONLY);
  if (file < 0 || copy_file_range(from, &start, file, &to, sizeof(self), 0) <= 0)
    return errno;
  return report_change(words[0], before);
}

static int do_sendfile(int count, char **words) {
  (void)count;
  uint64_t before = content_of(words[0]);
  int file = open(words[0], O_WRONLY);
  if (file < 0 || sendfile(file, fresh_content(), NULL, sizeof(pid_t)) <= 0)
    return errno;
  return report_change(words[0], before);
}

static int do_splice(int count, char **words) {
  (void)count;
  uint64_t before = content_of(words[0]);
  pid_t self = getpid();
  int ends[2];
  if (pipe(ends) != 0 || write(ends[1], &self, sizeof(self)) != sizeof(self))
    probe_setup_failed("pipe");
  int file = open(words[0], O_WRONLY);
  if (file < 0 || splice(ends[0], NULL, file, NULL, sizeof(self), 0) <= 0)
    return errno;
  return report_change(words[0], before);
}

/* The first byte becomes another one, through that descriptor. */
static int change_through(int file, const char *path, uint64_t before) {
  char byte;
  int from = probe_open(path, O_RDONLY);

  if (pread(from, &byte, 1, 0) != 1)
    probe_setup_failed("pread");
  byte = (char)(byte + 1);
  if (pwrite(file, &byte, 1, 0) != 1)
    return errno;
  close(file);
  return report_change(path, before);
}

/* Opened for reading, and then once more by the name that the descriptor has below /proc. */
static int do_reopen(int count, char **words) {
  (void)count;
  char name[64];
  uint64_t before = content_of(words[0]);
  snprintf(name, sizeof(name), "/proc/self/fd/%d", probe_open(words[0], O_RDONLY));
  int file = open(name, O_WRONLY);
  return file < 0 ? errno : change_through(file, words[0], before);
}

static int do_by_handle(int count, char **words) {
  (void)count;
  static struct {
    struct file_handle handle;
    unsigned char bytes[MAX_HANDLE_SZ];
  } room = {.handle.handle_bytes = MAX_HANDLE_SZ};
  int mount = 0;
  uint64_t before = content_of(words[0]);
  if (name_to_handle_at(AT_FDCWD, words[0], &room.handle, &mount, 0) != 0)
    probe_setup_failed("name_to_handle_at");
  int file = open_by_handle_at(probe_open(words[0], O_RDONLY), &room.handle, O_WRONLY);
  return file < 0 ? errno : change_through(file, words[0], before);
}

/* By the name that a mapping of the file has below /proc. */
static int do_map_files(int count, char **words) {
  (void)count;
  char name[96];
  uint64_t before = content_of(words[0]);
  void *memory = map_page(probe_open(words[0], O_RDONLY), PROT_READ, MAP_SHARED);
  uintptr_t start = (uintptr_t)memory;
  snprintf(name, sizeof(name), "/proc/self/map_files/%lx-%lx", (unsigned long)start,
           (unsigned long)start + PAGE);
  int file = open(name, O_WRONLY);
  return file < 0 ? errno : change_through(file, words[0], before);
}

/* Mapped executable as it is, then written to: the mapping would show it. */
static int do_patch_mapped(int count, char **words) {
  (void)count;
  void *code = map_page(probe_open(words[0], O_RDONLY), RX, MAP_PRIVATE);
  int file = open(words[0], O_RDWR);
  if (file < 0 || pwrite(file, kCode, sizeof(kCode), 0) != sizeof(kCode))
    return errno;
  return report_call(code);
}

/* By another name of the same file. */
static int do_patch_link(int count, char **words) {
  (void)count;
  uint64_t before = content_of(words[0]);
  unlink(words[1]);
  if (link(words[0], words[1]) != 0)
    probe_setup_failed("link");
  int file = open(words[1], O_WRONLY);
  int error = errno;
  unlink(words[1]);
  return file < 0 ? error : change_through(file, words[0], before);
}

/* The kernel appends a record for every process that ends. */
static int do_account_to(int count, char **words) {
  (void)count;
  uint64_t before = content_of(words[0]);
  if (acct(words[0]) != 0)
    return errno;
  pid_t child = fork();
  if (child == 0)
    _exit(0);
  exit_of(child);
  acct(NULL);
  return report_change(words[0], before);
}

/* linux/fs/ext4/ext4.h: swaps extents of two files that are both open for writing. */
struct move_extent {
  uint32_t reserved;
  uint32_t donor;
  uint64_t from;
  uint64_t to;
  uint64_t length;
  uint64_t moved;
};
#define MOVE_EXTENT _IOWR('f', 15, struct move_extent)

static int do_move_extent(int count, char **words) {
  (void)count;
  int file = open(words[0], O_RDWR);
  if (file < 0)
    return errno;
  struct move_extent wanted = {.donor = (uint32_t)probe_open(words[1], O_RDWR), .length = 1};
  if (ioctl(file, MOVE_EXTENT, &wanted) != 0)
    return errno;
  puts("moved");
  return 0;
}

const struct probe_verb kChangeVerbs[] = {
    {"shorten", do_shorten, 1, "PATH  truncate(2) by one byte"},
    {"ftruncate", do_ftruncate, 1, "PATH  ftruncate(2) by one byte"},
    {"open-trunc-read", do_open_trunc_read, 1, "PATH  O_RDONLY | O_TRUNC"},
    {"punch", do_punch, 1, "PATH  punches a hole"},
    {"zero-range", do_zero_range, 1, "PATH  zeroes a range"},
    {"collapse", do_collapse, 1, "PATH  takes a block out"},
    {"insert", do_insert, 1, "PATH  puts a block in"},
    {"copy-range", do_copy_range, 2, "PATH FOLDER  copy_file_range"},
    {"sendfile", do_sendfile, 1, "PATH  sendfile"},
    {"splice", do_splice, 1, "PATH  splice from a pipe"},
    {"reopen", do_reopen, 1, "PATH  reopened for writing by /proc/self/fd"},
    {"by-handle", do_by_handle, 1, "PATH  opened for writing by its handle"},
    {"map-files", do_map_files, 1, "PATH  opened for writing by /proc/self/map_files"},
    {"patch-mapped", do_patch_mapped, 1, "PATH  written to while mapped executable, called"},
    {"patch-link", do_patch_link, 2, "PATH LINK  written to by another name"},
    {"account-to", do_account_to, 1, "PATH  process accounting is appended to it"},
    {"move-extent", do_move_extent, 2, "PATH DONOR  EXT4_IOC_MOVE_EXT"},
    {0},
};
