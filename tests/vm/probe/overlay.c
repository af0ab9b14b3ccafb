// SPDX-License-Identifier: Apache-2.0
// Writing to a file through an overlay of one's own whose upper or lower folder it lies in.
#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

static char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *text(const char *format, ...) {
  char *made = NULL;
  va_list words;

  va_start(words, format);
  if (vasprintf(&made, format, words) < 0)
    probe_setup_failed("memory");
  va_end(words);
  return made;
}

void overlay_mount(const char *folder, const char *work, int is_upper) {
  char *other = text("%s/other", work);
  char *inner = text("%s/work", work);
  char *options = text("lowerdir=%s,upperdir=%s,workdir=%s", is_upper ? other : folder,
                       is_upper ? folder : other, inner);

  mkdir(other, 0755);
  mkdir(inner, 0755);
  mkdir(OVERLAY_PLACE, 0777);
  take_mounts();
  /* In a user namespace it keeps its marks in user's attributes. */
  if (mount("overlay", OVERLAY_PLACE, "overlay", 0, text("%s,userxattr", options)) != 0 &&
      mount("overlay", OVERLAY_PLACE, "overlay", 0, options) != 0)
    probe_setup_failed("overlay");
}

/* FOLDER NAME WORK: one byte shorter. */
static int do_overlay_truncate(int count, char **words) {
  (void)count;
  struct stat info;
  char *real = text("%s/%s", words[0], words[1]);
  char *merged = text("%s/%s", OVERLAY_PLACE, words[1]);
  uint64_t before = content_of(real);
  overlay_mount(words[0], words[2], 1);
  if (stat(merged, &info) != 0)
    probe_setup_failed("stat");
  if (truncate(merged, info.st_size - 1) != 0)
    return errno;
  if (content_of(real) == before)
    probe_setup_failed("the content is the same");
  puts("changed");
  return 0;
}

/* FOLDER NAME WORK: the first byte of the upper file becomes another one. */
static int do_overlay_write(int count, char **words) {
  (void)count;
  char byte;
  char *real = text("%s/%s", words[0], words[1]);
  char *merged = text("%s/%s", OVERLAY_PLACE, words[1]);
  uint64_t before = content_of(real);
  overlay_mount(words[0], words[2], 1);
  int file = open(merged, O_RDWR);
  if (file < 0)
    return errno;
  if (pread(file, &byte, 1, 0) != 1)
    probe_setup_failed("pread");
  byte++;
  if (pwrite(file, &byte, 1, 0) != 1)
    return errno;
  close(file);
  if (content_of(real) == before)
    probe_setup_failed("the content is the same");
  puts("changed");
  return 0;
}

/* FOLDER NAME WORK: a write to the lower file's name makes a copy and leaves that file alone. */
static int do_overlay_copy_up(int count, char **words) {
  (void)count;
  char *real = text("%s/%s", words[0], words[1]);
  char *merged = text("%s/%s", OVERLAY_PLACE, words[1]);
  uint64_t before = content_of(real);
  overlay_mount(words[0], words[2], 0);
  int file = open(merged, O_WRONLY | O_APPEND);
  if (file < 0 || write(file, "x", 1) != 1)
    return errno;
  close(file);
  if (content_of(real) != before || content_of(merged) == before)
    probe_setup_failed("the lower file changed, or the upper one did not");
  puts("copied");
  return 0;
}

const struct probe_verb kOverlayVerbs[] = {
    {"overlay-truncate", do_overlay_truncate, 3, "FOLDER NAME WORK  truncate(2) of an upper file"},
    {"overlay-write", do_overlay_write, 3, "FOLDER NAME WORK  write to an upper file"},
    {"overlay-copy-up", do_overlay_copy_up, 3, "FOLDER NAME WORK  write to a lower file"},
    {0},
};
