// SPDX-License-Identifier: Apache-2.0
// A program that goes on after its artifact was withdrawn, and wants to become another one: by
// writing to code that it has mapped. And one that wants to keep others from writing.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

/* Tells that PATH is mapped: /tmp/ready-NAME. */
static void tell_ready(const char *path) {
  char name[256];

  snprintf(name, sizeof(name), "/tmp/ready-%s", strrchr(path, '/') + 1);
  close(probe_open(name, O_WRONLY | O_CREAT));
}

static void wait_for(const char *gate) {
  for (int tenths = 0; access(gate, F_OK) != 0; tenths++) {
    if (tenths == 600)
      probe_setup_failed(gate);
    usleep(100000);
  }
}

/* MAP_EXECUTABLE, which the kernel ignores, has the file measured for mprotect, which cannot. */
static void *map_code(int file, int by_mprotect) {
  void *memory =
      mmap(NULL, PAGE, by_mprotect ? PROT_READ : RX, MAP_PRIVATE | MAP_EXECUTABLE, file, 0);

  if (memory == MAP_FAILED || (by_mprotect && mprotect(memory, PAGE, RX) != 0))
    probe_setup_failed("mapping");
  return memory;
}

static int do_write_mapped(int count, char **words) {
  const int by_mprotect = strcmp(words[2], "mprotect") == 0;
  const int early = count > 3 && strcmp(words[3], "early") == 0;
  void *code;

  if (!early)
    wait_for(words[1]);
  int file = probe_open(words[0], O_RDONLY);
  code = map_code(file, by_mprotect);
  close(file);
  if (early) {
    tell_ready(words[0]);
    wait_for(words[1]);
  }
  file = open(words[0], O_WRONLY);
  if (file < 0)
    return errno;
  if (pwrite(file, kCode, sizeof(kCode), 0) != sizeof(kCode))
    probe_setup_failed("pwrite");
  return report_call(code);
}

/* What is left of a mapping that is no more, or that the kernel has not made yet: somebody has the
 * file open for reading. */
static int do_write_unmapped(int count, char **words) {
  const int stays_open = count > 2 && strcmp(words[2], "open") == 0;
  int file = probe_open(words[0], O_RDONLY);

  munmap(map_code(file, 0), PAGE);
  if (!stays_open)
    close(file);
  tell_ready(words[0]);
  wait_for(words[1]);
  return open(words[0], O_WRONLY) < 0 ? errno : 0;
}

/* Refused or not, the file stays open for reading, and mapped as far as that was let. */
static int do_hold_code(int count, char **words) {
  (void)count;
  int file = probe_open(words[0], O_RDONLY);
  const int error =
      mmap(NULL, PAGE, RX, MAP_PRIVATE | MAP_EXECUTABLE, file, 0) == MAP_FAILED ? errno : 0;

  tell_ready(words[0]);
  wait_for(words[1]);
  close(file);
  return error;
}

const struct probe_verb kTurncoatVerbs[] = {
    {"write-mapped", do_write_mapped, 3,
     "PATH GATE mmap|mprotect [early]  waits for GATE, maps PATH as code (early: before), writes "
     "other code into it and calls that"},
    {"write-unmapped", do_write_unmapped, 2,
     "PATH GATE [open]  maps PATH as code and unmaps it, waits for GATE, opens it for writing; "
     "open: a descriptor for reading stays"},
    {"hold-code", do_hold_code, 2,
     "PATH GATE  maps PATH as code, and has it open until GATE is there"},
    {0},
};
