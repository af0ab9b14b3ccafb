// SPDX-License-Identifier: Apache-2.0
#include "code.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

const uint8_t kCode[6] = {0xb8, 42, 0, 0, 0, 0xc3};

/* write(1, "EVIL\n", 5); exit_group(0). */
const uint8_t kEvil[EVIL_SIZE] = {
    0xb8, 1, 0, 0,    0,    0xbf, 1,   0, 0, 0, 0x48, 0x8d, 0x35, 0x10, 0,   0,   0,   0xba, 5,
    0,    0, 0, 0x0f, 0x05, 0xb8, 231, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05, 'E', 'V', 'I', 'L',  '\n'};

int call_code(void *code) {
  int (*function)(void);

  memcpy(&function, &code, sizeof(function));
  return function();
}

int report_call(void *code) {
  printf("called %d\n", call_code(code));
  return 0;
}

void *map_page(int file, int protection, int flags) {
  void *memory = mmap(NULL, PAGE, protection, flags, file, 0);

  if (memory == MAP_FAILED)
    probe_setup_failed("mmap");
  return memory;
}

void copy_file(const char *from, const char *path) {
  struct stat info;
  int source = probe_open(from, O_RDONLY);

  unlink(path);
  int file = probe_open(path, O_WRONLY | O_CREAT | O_EXCL);
  if (fstat(source, &info) != 0 ||
      sendfile(file, source, NULL, (size_t)info.st_size) != info.st_size || fchmod(file, 0755) != 0)
    probe_setup_failed(path);
  close(file);
  close(source);
}

/* FNV-1a: it need only tell contents apart. */
uint64_t content_of(const char *path) {
  uint8_t bytes[PAGE];
  uint64_t sum = 14695981039346656037ull;
  ssize_t size;
  int file = probe_open(path, O_RDONLY);

  while ((size = read(file, bytes, sizeof(bytes))) > 0)
    for (ssize_t i = 0; i < size; i++)
      sum = (sum ^ bytes[i]) * 1099511628211ull;
  if (size < 0)
    probe_setup_failed(path);
  close(file);
  return sum;
}

int execute_changed(char **words, int kept, uint64_t before) {
  if (posix_fadvise(kept, 0, 0, POSIX_FADV_DONTNEED) != 0)
    probe_setup_failed("fadvise");
  if (content_of(words[0]) == before)
    probe_setup_failed("the content is the same");
  puts("changed");
  execve(words[0], words, environ);
  return errno;
}

off_t entry_of(int file) {
  Elf64_Ehdr head;
  Elf64_Phdr part;

  if (pread(file, &head, sizeof(head), 0) != sizeof(head))
    probe_setup_failed("header");
  for (int i = 0; i < head.e_phnum; i++) {
    const off_t place = (off_t)head.e_phoff + i * (off_t)sizeof(part);
    if (pread(file, &part, sizeof(part), place) != sizeof(part))
      probe_setup_failed("program header");
    if (part.p_type == PT_LOAD && head.e_entry >= part.p_vaddr &&
        head.e_entry < part.p_vaddr + part.p_filesz)
      return (off_t)(head.e_entry - part.p_vaddr + part.p_offset);
  }
  errno = ENOEXEC;
  probe_setup_failed("no entry");
}

int run_quietly(const char *path) {
  char *words[] = {(char *)path, NULL};
  pid_t child = fork();

  if (child == 0) {
    hide_output();
    execve(path, words, environ);
    _exit(errno);
  }
  return exit_of(child);
}

int exit_of(pid_t child) {
  int status = 0;

  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
    printf("setup child: status %x\n", status);
    probe_setup_failed("child");
  }
  return WEXITSTATUS(status);
}

int is_executable(const void *memory) {
  char line[512];
  int found = 0;
  FILE *maps = fopen("/proc/self/maps", "re");

  while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
    unsigned long from;
    unsigned long to;
    char protection[8];
    if (sscanf(line, "%lx-%lx %7s", &from, &to, protection) == 3 && (uintptr_t)memory >= from &&
        (uintptr_t)memory < to)
      found = strchr(protection, 'x') != NULL;
  }
  if (maps != NULL)
    fclose(maps);
  return found;
}

void write_text(const char *path, const char *text) {
  int file = probe_open(path, O_WRONLY);

  if (write(file, text, strlen(text)) != (ssize_t)strlen(text))
    probe_setup_failed(path);
  close(file);
}

void take_mounts(void) {
  if (geteuid() != 0)
    enter_namespaces();
  else if (unshare(CLONE_NEWNS) != 0)
    probe_setup_failed("unshare");
  if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
    probe_setup_failed("private mounts");
}
