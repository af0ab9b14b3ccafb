// SPDX-License-Identifier: Apache-2.0
// Doors to the kernel: its memory, its modules, its tracing. Each is opened, and shut again where
// that makes a difference.
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

/* What is there is written again: nothing changes, but the write must go through. */
static int do_write_again(int count, char **words) {
  (void)count;
  char text[64];
  int reader = probe_open(words[0], O_RDONLY);
  ssize_t size = read(reader, text, sizeof(text));
  if (size <= 0)
    probe_setup_failed("read");
  int file = open(words[0], O_WRONLY);
  if (file < 0)
    return errno;
  return write(file, text, (size_t)size) != size ? errno : 0;
}

/* The same below another mount of procfs. */
static int do_write_again_elsewhere(int count, char **words) {
  char path[128];
  char *place[] = {path};

  mkdir("/run/proc", 0755);
  if (mount("proc", "/run/proc", "proc", 0, NULL) != 0)
    probe_setup_failed("mount");
  snprintf(path, sizeof(path), "/run/proc/%s", words[0]);
  int error = do_write_again(count, place);
  umount2("/run/proc", MNT_DETACH);
  return error;
}

static int do_load_module(int count, char **words) {
  (void)count;
  int file = probe_open(words[0], O_RDONLY);
  if (syscall(SYS_delete_module, words[1], 0) != 0 && errno != ENOENT)
    probe_setup_failed("delete_module");
  return syscall(SYS_finit_module, file, "", 0) != 0 ? errno : 0;
}

static int do_load_module_bytes(int count, char **words) {
  (void)count;
  struct stat info;
  int file = probe_open(words[0], O_RDONLY);
  if (fstat(file, &info) != 0)
    probe_setup_failed("fstat");
  void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  if (bytes == MAP_FAILED)
    probe_setup_failed("mmap");
  if (syscall(SYS_delete_module, words[1], 0) != 0 && errno != ENOENT)
    probe_setup_failed("delete_module");
  return syscall(SYS_init_module, bytes, (unsigned long)info.st_size, "") != 0 ? errno : 0;
}

/* No segments: whatever was loaded is forgotten. */
static int do_kexec_load(int count, char **words) {
  (void)count;
  (void)words;
  return syscall(SYS_kexec_load, 0ul, 0ul, NULL, (unsigned long)KEXEC_ARCH_DEFAULT) != 0 ? errno
                                                                                         : 0;
}

static int do_kexec_file(int count, char **words) {
  (void)count;
  int file = probe_open(words[0], O_RDONLY);
  return syscall(SYS_kexec_file_load, file, -1, 1ul, "", KEXEC_FILE_NO_INITRAMFS) != 0 ? errno : 0;
}

static int do_port_access(int count, char **words) {
  (void)count;
  (void)words;
  return iopl(3) != 0 ? errno : 0;
}

static int do_perf_open(int count, char **words) {
  (void)count;
  (void)words;
  struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
                                 .size = sizeof(attr),
                                 .config = PERF_COUNT_SW_TASK_CLOCK,
                                 .disabled = 1};
  return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0ul) < 0 ? errno : 0;
}

const struct probe_verb kDoorVerbs[] = {
    {"write-again", do_write_again, 1, "PATH  what it holds"},
    {"write-again-elsewhere", do_write_again_elsewhere, 1, "PATH  below another mount of procfs"},
    {"load-module", do_load_module, 2, "PATH NAME  finit_module, after unloading it"},
    {"load-module-bytes", do_load_module_bytes, 2, "PATH NAME  init_module, after unloading it"},
    {"kexec-load", do_kexec_load, 0, "  with no segments"},
    {"kexec-file", do_kexec_file, 1, "PATH  (ENOEXEC if it is no kernel)"},
    {"port-access", do_port_access, 0, "  iopl(3)"},
    {"perf-open", do_perf_open, 0, "  a software counter of its own"},
    {0},
};
