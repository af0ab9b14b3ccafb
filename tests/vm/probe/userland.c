// SPDX-License-Identifier: Apache-2.0
// Executes a static program without execve: what ulexecve and reflective loaders do. The program
// lies at a fixed address that probe-dyn, which lies anywhere, does not use.
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

#define SEGMENTS 16

struct program {
  int file;
  Elf64_Ehdr header;
  Elf64_Phdr segments[SEGMENTS];
};

static void read_program(struct program *program, const char *path) {
  program->file = probe_open(path, O_RDONLY);
  if (pread(program->file, &program->header, sizeof(program->header), 0) !=
          sizeof(program->header) ||
      program->header.e_phnum > SEGMENTS)
    probe_setup_failed("header");
  size_t size = program->header.e_phnum * sizeof(Elf64_Phdr);
  if (pread(program->file, program->segments, size, (off_t)program->header.e_phoff) !=
      (ssize_t)size)
    probe_setup_failed("segments");
}

static int protection_of(const Elf64_Phdr *segment) {
  return (segment->p_flags & PF_R ? PROT_READ : 0) | (segment->p_flags & PF_W ? PROT_WRITE : 0) |
         (segment->p_flags & PF_X ? PROT_EXEC : 0);
}

/* Read into anonymous memory, as from a network; or mapped, as the loader does it. */
static int load_segment(const struct program *program, const Elf64_Phdr *segment, int is_mapped) {
  uintptr_t start = segment->p_vaddr & ~(uintptr_t)(PAGE - 1);
  size_t before = segment->p_vaddr - start;
  size_t size = segment->p_memsz + before;
  int flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE;

  if (is_mapped) {
    off_t offset = (off_t)(segment->p_offset - before);
    return mmap((void *)start, size, protection_of(segment), flags, program->file, offset) ==
                   MAP_FAILED
               ? errno
               : 0;
  }
  char *memory = mmap((void *)start, size, RW, flags | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    probe_setup_failed("room at the program's address");
  if (pread(program->file, memory + before, segment->p_filesz, (off_t)segment->p_offset) !=
      (ssize_t)segment->p_filesz)
    probe_setup_failed("segment");
  return mprotect(memory, size, protection_of(segment)) == 0 ? 0 : errno;
}

static int run_program(const char *path, int is_mapped) {
  struct program program;
  void (*entry)(void);

  read_program(&program, path);
  for (int i = 0; i < program.header.e_phnum; i++) {
    const Elf64_Phdr *segment = &program.segments[i];
    int error = segment->p_type == PT_LOAD ? load_segment(&program, segment, is_mapped) : 0;
    if (error != 0)
      return error;
  }
  memcpy(&entry, &program.header.e_entry, sizeof(entry));
  entry();
  return PROBE_SETUP;
}

static int do_userland_exec(int count, char **words) {
  (void)count;
  return run_program(words[0], 0);
}

static int do_userland_map(int count, char **words) {
  (void)count;
  return run_program(words[0], 1);
}

const struct probe_verb kUserlandVerbs[] = {
    {"userland-exec", do_userland_exec, 1, "PATH  read into memory and jumped to (probe-dyn)"},
    {"userland-map", do_userland_map, 1, "PATH  mapped and jumped to (probe-dyn)"},
    {0},
};
