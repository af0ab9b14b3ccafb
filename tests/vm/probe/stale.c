// SPDX-License-Identifier: Apache-2.0
// Files whose pages in memory are not what lies on the disk: what is measured is in memory, and
// what runs after those pages were dropped is not.
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

struct move_extent {
  uint32_t reserved;
  uint32_t donor;
  uint64_t from;
  uint64_t to;
  uint64_t length; /* blocks */
  uint64_t moved;
};
#define MOVE_EXTENT _IOWR('f', 15, struct move_extent)

/* The last block of the file that stays in memory is swapped for one that was never written to. */
static int move_last_block(const char *path, const char *other) {
  struct stat info;
  int donor = open(path, O_RDWR);
  int from = donor < 0 ? -1 : open(other, O_RDWR);

  if (donor < 0 || from < 0)
    return errno;
  if (fstat(donor, &info) != 0 || fsync(donor) != 0 || fsync(from) != 0)
    probe_setup_failed("fsync");
  content_of(path);
  uint64_t last = (uint64_t)(info.st_size - 1) / PAGE;
  struct move_extent wanted = {.donor = (uint32_t)donor, .from = last, .to = last, .length = 1};
  int error = ioctl(from, MOVE_EXTENT, &wanted) != 0 ? errno : 0;
  close(from);
  close(donor);
  return error;
}

/* PATH OTHER: two files of one's own with the same content on the same ext4. A block of PATH is
 * moved, PATH is executed from memory, dropped from there and executed again. */
static int do_move_below(int count, char **words) {
  (void)count;
  int error = move_last_block(words[0], words[1]);
  if (error != 0)
    return error;
  uint64_t before = content_of(words[0]);
  int kept = probe_open(words[0], O_RDONLY);
  error = run_quietly(words[0]);
  if (error != 0)
    return error;
  return execute_changed(words, kept, before);
}

/* FROM TO, both open for reading. What a file system says that cannot do it is told, and is an
 * answer all the same: the kernel would have done it. */
static int do_dedupe(int count, char **words) {
  (void)count;
  struct {
    struct file_dedupe_range range;
    struct file_dedupe_range_info to;
  } wanted = {.range = {.src_length = PAGE, .dest_count = 1},
              .to = {.dest_fd = probe_open(words[1], O_RDONLY)}};
  int error = ioctl(probe_open(words[0], O_RDONLY), FIDEDUPERANGE, &wanted) != 0 ? errno : 0;
  if (error != 0 && error != EOPNOTSUPP)
    return error;
  printf("asked: %s, status %d\n", strerror(error), wanted.to.status);
  return 0;
}

/* ---- a file that is swapped to --------------------------------------------------------------- */

#define SWAPPED 64
#define SWAPON_32 87

static void swap_out(void) {
  uint8_t *memory = mmap(NULL, SWAPPED * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED)
    probe_setup_failed("mmap");
  for (size_t i = 0; i < SWAPPED; i++)
    memcpy(memory + i * PAGE, kEvil, EVIL_SIZE);
  for (int i = 0; i < 20; i++) {
    if (madvise(memory, SWAPPED * PAGE, MADV_PAGEOUT) != 0)
      probe_setup_failed("madvise");
    usleep(20000);
  }
}

/* The call of 32 bits, which has another number, and takes addresses of 32 bits only. */
static int swap_on_32(const char *path) {
  char *low = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  long result = SWAPON_32;

  if (low == MAP_FAILED)
    probe_setup_failed("mmap");
  snprintf(low, PAGE, "%s", path);
  __asm__ volatile("int $0x80"
                   : "+a"(result)
                   : "b"(low), "c"(0)
                   : "memory", "r8", "r9", "r10", "r11");
  errno = (int)-result;
  return result == 0 ? 0 : -1;
}

/* PATH: a file of one's own that is authorized but for its length of at least 16 pages. It becomes
 * a place to swap to for a moment, with its first page as it must be for that. */
static int do_swap_below(int count, char **words) {
  const int by_32 = count > 1 && strcmp(words[1], "32") == 0;
  char first[PAGE];
  union {
    char bytes[PAGE];
    struct {
      char boot[1024];
      uint32_t version;
      uint32_t last_page;
    } head;
  } header = {.head = {.version = 1}};
  struct stat info;
  uint64_t before = content_of(words[0]);
  int file = probe_open(words[0], O_RDWR);

  if (fstat(file, &info) != 0)
    probe_setup_failed("fstat");
  header.head.last_page = (uint32_t)(info.st_size / PAGE) - 1;
  memcpy(header.bytes + PAGE - 10, "SWAPSPACE2", 10);
  if (pread(file, first, PAGE, 0) != PAGE || pwrite(file, header.bytes, PAGE, 0) != PAGE ||
      fsync(file) != 0)
    probe_setup_failed("header");
  if ((by_32 ? swap_on_32(words[0]) : swapon(words[0], 0)) != 0)
    return errno;
  swap_out();
  if (swapoff(words[0]) != 0)
    probe_setup_failed("swapoff");
  if (pwrite(file, first, PAGE, 0) != PAGE || fsync(file) != 0)
    probe_setup_failed("first page");
  close(file);
  if (content_of(words[0]) != before)
    probe_setup_failed("memory has changed");
  int kept = probe_open(words[0], O_RDONLY);
  int error = run_quietly(words[0]);
  if (error != 0)
    return error;
  if (posix_fadvise(kept, 0, 0, POSIX_FADV_DONTNEED) != 0 || content_of(words[0]) == before)
    probe_setup_failed("the content is the same");
  execve(words[0], words, environ);
  return errno;
}

/* ---- what IMA remembers -------------------------------------------------------------------- */

struct writer {
  const char *path;
  off_t size;
  volatile int is_over;
};

/* While it is in the kernel the file has one writer more, who never closes anything. */
static void *truncate_to_same(void *argument) {
  struct writer *writer = argument;

  while (!writer->is_over)
    if (truncate(writer->path, writer->size) != 0)
      probe_setup_failed("truncate");
  return NULL;
}

static void put_letter(int file, off_t at, char letter) {
  if (pwrite(file, &letter, 1, at) != 1)
    probe_setup_failed("pwrite");
}

static off_t find_text(const char *path, const char *text) {
  static char room[1 << 16];
  int file = probe_open(path, O_RDONLY);
  ssize_t size = read(file, room, sizeof(room));
  char *found = size > 0 ? memmem(room, (size_t)size, text, strlen(text)) : NULL;

  close(file);
  if (found == NULL)
    probe_setup_failed("the text is not there");
  return found - room;
}

/* One try: IMA reads what is signed, and another letter is written while somebody truncates. */
static int change_unseen(const char *path, off_t at, char letter) {
  struct stat info;
  struct writer writer = {.path = path};
  pthread_t thread;
  int file = probe_open(path, O_RDWR);

  put_letter(file, at, letter);
  close(file);
  content_of(path);
  file = probe_open(path, O_RDWR);
  if (fstat(file, &info) != 0)
    probe_setup_failed("fstat");
  writer.size = info.st_size;
  put_letter(file, at, letter ^ 1);
  if (pthread_create(&thread, NULL, truncate_to_same, &writer) != 0)
    probe_setup_failed("thread");
  usleep(2000);
  close(file);
  writer.is_over = 1;
  pthread_join(thread, NULL);
  return run_quietly(path);
}

/* TRIES PATH TEXT: where IMA has a policy, changes the last letter of TEXT so that IMA does not
 * notice. */
static int do_change_unseen(int count, char **words) {
  (void)count;
  int tries = 0;
  int error = EPERM;
  off_t at = find_text(words[1], words[2]) + (off_t)strlen(words[2]) - 1;
  char letter = words[2][strlen(words[2]) - 1];

  sscanf(words[0], "%d", &tries);
  for (int i = 0; i < tries && error != 0; i++) {
    error = change_unseen(words[1], at, letter);
    puts(error == 0 ? "ran" : "refused");
  }
  return error;
}

const struct probe_verb kStaleVerbs[] = {
    {"move-below", do_move_below, 2, "PATH OTHER  a block of it is moved, while it is in memory"},
    {"dedupe", do_dedupe, 2, "FROM TO  FIDEDUPERANGE of a page, by descriptors to read"},
    {"swap-below", do_swap_below, 1,
     "PATH [32]  is swapped to, while it is in memory; 32: by the call of 32 bits"},
    {"change-unseen", do_change_unseen, 3, "TRIES PATH TEXT  changed so that IMA does not notice"},
    {0},
};
