// SPDX-License-Identifier: Apache-2.0
// Ways to get executable memory. Where memory can hold code of ours it is run, not only mapped.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

static void *map_or_fail(const char *path, int protection, int flags, int open_flags) {
  int file = probe_open(path, open_flags);
  void *memory = mmap(NULL, PAGE, protection, flags, file, 0);

  if (memory == MAP_FAILED)
    probe_setup_failed("mmap");
  close(file);
  return memory;
}

static void *anonymous(int protection) {
  return mmap(NULL, PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int outcome(void *memory) {
  if (memory == MAP_FAILED)
    return errno;
  puts("mapped");
  return 0;
}

static int try_map(const char *path, int protection, int flags, int open_flags) {
  int file = probe_open(path, open_flags);

  return outcome(mmap(NULL, PAGE, protection, flags, file, 0));
}

static int do_mmap_x(int count, char **words) {
  (void)count;
  return try_map(words[0], RX, MAP_PRIVATE, O_RDONLY);
}

static int do_mmap_x_shared(int count, char **words) {
  (void)count;
  return try_map(words[0], RX, MAP_SHARED, O_RDONLY);
}

static int do_mmap_wx(int count, char **words) {
  (void)count;
  return try_map(words[0], RWX, MAP_PRIVATE, O_RDONLY);
}

static int do_mmap_wx_shared(int count, char **words) {
  (void)count;
  return try_map(words[0], RWX, MAP_SHARED, O_RDWR);
}

static int do_mmap_x_direct(int count, char **words) {
  (void)count;
  return try_map(words[0], RX, MAP_PRIVATE, O_RDONLY | O_DIRECT);
}

/* Another descriptor of the same file is open for writing meanwhile. */
static int do_mmap_x_writer(int count, char **words) {
  (void)count;
  probe_open(words[0], O_RDWR);
  return try_map(words[0], RX, MAP_PRIVATE, O_RDONLY);
}

static int do_mmap_x_shared_writer(int count, char **words) {
  (void)count;
  map_or_fail(words[0], RW, MAP_SHARED, O_RDWR);
  return try_map(words[0], RX, MAP_PRIVATE, O_RDONLY);
}

static int do_mprotect_x(int count, char **words) {
  (void)count;
  void *memory = map_or_fail(words[0], PROT_READ, MAP_PRIVATE, O_RDONLY);
  return mprotect(memory, PAGE, RX) == 0 ? outcome(memory) : errno;
}

/* A private copy of file pages, changed, then made executable. */
static int do_execmod(int count, char **words) {
  (void)count;
  void *memory = map_or_fail(words[0], RW, MAP_PRIVATE, O_RDONLY);
  memcpy(memory, kCode, sizeof(kCode));
  return mprotect(memory, PAGE, RX) == 0 ? report_call(memory) : errno;
}

static int do_anon_x(int count, char **words) {
  (void)count;
  (void)words;
  return outcome(anonymous(RX));
}

static int do_anon_wx(int count, char **words) {
  (void)count;
  (void)words;
  void *memory = anonymous(RWX);
  if (memory == MAP_FAILED)
    return errno;
  memcpy(memory, kCode, sizeof(kCode));
  return report_call(memory);
}

static int do_anon_mprotect_x(int count, char **words) {
  (void)count;
  (void)words;
  void *memory = anonymous(RW);
  if (memory == MAP_FAILED)
    probe_setup_failed("mmap");
  memcpy(memory, kCode, sizeof(kCode));
  return mprotect(memory, PAGE, RX) == 0 ? report_call(memory) : errno;
}

static void *page_of(const void *address) {
  return (void *)((uintptr_t)address & ~(uintptr_t)(PAGE - 1));
}

static int do_stack_x(int count, char **words) {
  (void)count;
  (void)words;
  char here = 0;
  return mprotect(page_of(&here), PAGE, RWX) == 0 ? 0 : errno;
}

/* The probe's own text: a page that nothing of what still runs lies on would be luck, but making a
 * page writable as well takes nothing away from it. */
static int do_text_wx(int count, char **words) {
  (void)count;
  (void)words;
  uintptr_t text;
  int (*here)(int, char **) = do_text_wx;
  memcpy(&text, &here, sizeof(text));
  return mprotect(page_of((void *)text), PAGE, RWX) == 0 ? 0 : errno;
}

/* personality(2): whatever is readable becomes executable as well. */
static int do_read_implies_exec(int count, char **words) {
  (void)count;
  int file = probe_open(words[0], O_RDONLY);
  if (personality(READ_IMPLIES_EXEC) < 0)
    probe_setup_failed("personality");
  void *memory = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
  if (memory == MAP_FAILED)
    return errno;
  puts(is_executable(memory) ? "mapped executable" : "mapped plain");
  return 0;
}

/* The same for the heap: brk(2) asks no security module. */
static int do_heap_x(int count, char **words) {
  (void)count;
  (void)words;
  if (personality(READ_IMPLIES_EXEC) < 0)
    probe_setup_failed("personality");
  void *memory = sbrk(2 * PAGE);
  if (memory == (void *)-1)
    return errno;
  memory = (char *)page_of(memory) + PAGE;
  memcpy(memory, kCode, sizeof(kCode));
  if (!is_executable(memory))
    probe_setup_failed("an executable heap");
  return report_call(memory);
}

static int do_dlopen(int count, char **words) {
  (void)count;
#ifdef PROBE_DYNAMIC
  /* The loader hides errno behind a sentence, so the scenario looks at that. */
  if (dlopen(words[0], RTLD_NOW) != NULL)
    return 0;
  printf("dlopen: %s\n", dlerror());
  return EPERM;
#else
  printf("setup %s: only in probe-dyn\n", words[0]);
  return PROBE_SETUP;
#endif
}

/* Keeps the file mapped executable until killed or until the seconds are over. */
static int do_hold_map(int count, char **words) {
  (void)count;
  unsigned seconds = 0;
  int error = do_mmap_x(1, words);
  if (error == 0 && sscanf(words[1], "%u", &seconds) == 1)
    sleep(seconds);
  return error;
}

const struct probe_verb kMapVerbs[] = {
    {"mmap-x", do_mmap_x, 1, "PATH  private executable mapping"},
    {"mmap-x-shared", do_mmap_x_shared, 1, "PATH  shared executable mapping"},
    {"mmap-wx", do_mmap_wx, 1, "PATH  private, writable and executable"},
    {"mmap-wx-shared", do_mmap_wx_shared, 1, "PATH  shared, writable and executable"},
    {"mmap-x-direct", do_mmap_x_direct, 1, "PATH  executable mapping of an O_DIRECT descriptor"},
    {"mmap-x-writer", do_mmap_x_writer, 1, "PATH  executable mapping while open for writing"},
    {"mmap-x-shared-writer", do_mmap_x_shared_writer, 1,
     "PATH  executable mapping beside a shared writable one whose descriptor is closed"},
    {"mprotect-x", do_mprotect_x, 1, "PATH  mapped readable, then made executable"},
    {"execmod", do_execmod, 1, "PATH  private copy changed, made executable, called"},
    {"anon-x", do_anon_x, 0, "  anonymous executable memory"},
    {"anon-wx", do_anon_wx, 0, "  anonymous writable and executable memory, called"},
    {"anon-mprotect-x", do_anon_mprotect_x, 0,
     "  anonymous memory written, made executable, called"},
    {"stack-x", do_stack_x, 0, "  makes its stack executable"},
    {"text-wx", do_text_wx, 0, "  makes its own text writable"},
    {"read-implies-exec", do_read_implies_exec, 1, "PATH  readable mapping under that personality"},
    {"heap-x", do_heap_x, 0, "  heap under that personality, called"},
    {"dlopen", do_dlopen, 1, "PATH  (probe-dyn only)"},
    {"hold-map", do_hold_map, 2, "PATH SECONDS  keeps an executable mapping"},
    {0},
};
