// SPDX-License-Identifier: Apache-2.0
// Other bytes below a mounted file system: in its block device, or in the file that a loop device
// makes one of.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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
  if (posix_fadvise(kept, 0, 0, POSIX_FADV_DONTNEED) != 0)
    probe_setup_failed("fadvise");
  if (content_of(words[0]) == before)
    probe_setup_failed("the content is the same");
  puts("changed");
  execve(words[0], words, environ);
  return errno;
}

const struct probe_verb kBelowVerbs[] = {
    {"patch-below", do_patch_below, 3, "FILE BELOW TEXT  changed in BELOW, then executed"},
    {0},
};
