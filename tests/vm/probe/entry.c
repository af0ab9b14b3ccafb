// SPDX-License-Identifier: Apache-2.0
// Less common ways into another program, or of bringing a file in as code.
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

/* By the name that an open file has below /proc: N is its descriptor. */
static int do_exec_proc_fd(int count, char **words) {
  (void)count;
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", probe_open(words[0], O_PATH));
  execve(path, words, environ);
  return errno;
}

/* The 32-bit system call table, from a 64-bit program: int $0x80. Addresses must fit. */
static long call_32(unsigned number, void *a, void *b, void *c) {
  long result;

  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(number), "b"(a), "c"(b), "d"(c)
                   : "memory", "r8", "r9", "r10", "r11");
  return result;
}

/* A copy of a text where 32 bits reach it. */
static char *low_text(const char *text) {
  char *memory = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

  if (memory == MAP_FAILED)
    probe_setup_failed("low memory");
  snprintf(memory, PAGE, "%s", text);
  return memory;
}

static int do_exec_32(int count, char **words) {
  (void)count;
  char *path = low_text(words[0]);
  uint32_t *list = (uint32_t *)(path + PAGE / 2); /* pointers of 32 bits, ended by a null */
  list[0] = (uint32_t)(uintptr_t)path;
  return (int)-call_32(11, path, list, list + 1);
}

/* mmap(2) of the 32-bit table takes its arguments from memory. */
static int do_mmap_32(int count, char **words) {
  (void)count;
  (void)words;
  uint32_t *wanted = (uint32_t *)low_text("");
  wanted[1] = PAGE;
  wanted[2] = RWX;
  wanted[3] = MAP_PRIVATE | MAP_ANONYMOUS;
  wanted[4] = ~0u;
  long result = call_32(90, wanted, NULL, NULL);
  if (result < 0 && result > -PAGE)
    return (int)-result;
  void *memory = (void *)(uintptr_t)(uint32_t)result;
  memcpy(memory, kCode, sizeof(kCode));
  return report_call(memory);
}

/* uselib(2) exists in the 32-bit table only. The library tells by its entry where its function is.
 */
static int do_uselib(int count, char **words) {
  (void)count;
  Elf64_Ehdr header;
  void *entry;
  if (pread(probe_open(words[0], O_RDONLY), &header, sizeof(header), 0) != sizeof(header))
    probe_setup_failed("header");
  long error = -call_32(86, low_text(words[0]), NULL, NULL);
  if (error != 0)
    return (int)error;
  memcpy(&entry, &header.e_entry, sizeof(entry));
  return report_call(entry);
}

/* What execvp(3) and every shell do with a text that has no first line for the kernel. */
static int do_execvp(int count, char **words) {
  (void)count;
  execvp(words[0], words);
  return errno;
}

/* PATH HANDLER MAGIC: a handler that only a user namespace of our own knows (6.7+) runs PATH. */
static int do_binfmt_namespace(int count, char **words) {
  (void)count;
  char line[512];
  int file;
  enter_namespaces();
  if (mount("binfmt_misc", "/mnt", "binfmt_misc", 0, NULL) != 0)
    probe_setup_failed("binfmt_misc");
  snprintf(line, sizeof(line), ":own:M::%s::%s:", words[2], words[1]);
  file = open("/mnt/register", O_WRONLY | O_CLOEXEC);
  if (file < 0)
    return errno;
  if (write(file, line, strlen(line)) != (ssize_t)strlen(line))
    probe_setup_failed("register");
  close(file);
  execve(words[0], words, environ);
  return errno;
}

/* An unsealed memfd that is said to be executable (6.3+). */
static int do_memfd_exec_flag(int count, char **words) {
  (void)count;
  struct stat info;
  int from = probe_open(words[0], O_RDONLY);
  int file = memfd_create("probe", 0x10 /* MFD_EXEC */);
  if (file < 0 || fstat(from, &info) != 0 ||
      sendfile(file, from, NULL, (size_t)info.st_size) != info.st_size)
    probe_setup_failed("memfd");
  syscall(SYS_execveat, file, "", words, environ, AT_EMPTY_PATH);
  return errno;
}

/* In a child that shares all memory, as posix_spawn does. */
static int do_vfork_exec(int count, char **words) {
  (void)count;
  volatile int error = 0;
  pid_t child = vfork();
  if (child == 0) {
    execve(words[0], words, environ);
    error = errno;
    _exit(99);
  }
  int left = exit_of(child);
  return error != 0 || left == 0 ? error : PROBE_SETUP;
}

/* Waits until a file is there: the mark of a program that the kernel itself was to start. */
static int await_mark(const char *mark) {
  for (int tries = 0; tries < 150; tries++) {
    if (access(mark, F_OK) == 0) {
      puts("MARKED");
      return 0;
    }
    usleep(20000);
  }
  return ETIMEDOUT;
}

/* A crash, for core_pattern. */
static int do_crash(int count, char **words) {
  (void)count;
  const struct rlimit any = {RLIM_INFINITY, RLIM_INFINITY};
  int status = 0;
  unlink(words[0]);
  pid_t child = fork();
  if (child == 0) {
    setrlimit(RLIMIT_CORE, &any);
    abort();
  }
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
    probe_setup_failed("crash");
  return await_mark(words[0]);
}

/* An address family that no module has been loaded for: the kernel runs kernel.modprobe. */
static int do_unknown_family(int count, char **words) {
  (void)count;
  unlink(words[0]);
  if (socket(AF_X25, SOCK_STREAM, 0) >= 0)
    probe_setup_failed("AF_X25 is known");
  return await_mark(words[0]);
}

/* A key that is not there yet: the kernel runs /sbin/request-key. */
static int do_request_key(int count, char **words) {
  (void)count;
  char name[64];
  unlink(words[0]);
  snprintf(name, sizeof(name), "probe:%d", (int)getpid());
  if (syscall(SYS_request_key, "user", name, "wanted", -3) >= 0)
    probe_setup_failed("the key is there");
  return await_mark(words[0]);
}

/* FOLDER is a cgroup of version 1 with notify_on_release: a child enters it and ends. */
static int do_leave_cgroup(int count, char **words) {
  (void)count;
  char procs[256];
  unlink(words[1]);
  snprintf(procs, sizeof(procs), "%s/cgroup.procs", words[0]);
  pid_t child = fork();
  if (child == 0) {
    write_text(procs, "0");
    _exit(0);
  }
  if (exit_of(child) != 0)
    probe_setup_failed("cgroup");
  return await_mark(words[1]);
}

#ifdef PROBE_DYNAMIC
/* A library of iconv's, of the name service: files that the C library looks for by itself. */
static int do_iconv(int count, char **words) {
  (void)count;
  if (iconv_open("UTF-8", words[0]) == (iconv_t)-1)
    puts("no such set");
  return 0;
}

static int do_getpwnam(int count, char **words) {
  (void)count;
  puts(getpwnam(words[0]) == NULL ? "nobody" : "found");
  return 0;
}
#endif

const struct probe_verb kEntryVerbs[] = {
    {"exec-proc-fd", do_exec_proc_fd, 1, "PATH  by /proc/self/fd"},
    {"exec-32", do_exec_32, 1, "PATH  by the 32-bit system call"},
    {"mmap-32", do_mmap_32, 0, "  writable and executable, by the 32-bit system call, called"},
    {"uselib", do_uselib, 1, "PATH  by the 32-bit system call, called"},
    {"execvp", do_execvp, 1, "PATH  execve, and sh if that is ENOEXEC"},
    {"binfmt-namespace", do_binfmt_namespace, 3, "PATH HANDLER MAGIC  by a handler of our own"},
    {"memfd-exec-flag", do_memfd_exec_flag, 1, "PATH  a copy in a memfd made with MFD_EXEC"},
    {"vfork-exec", do_vfork_exec, 1, "PATH  in a child that shares memory"},
    {"crash", do_crash, 1, "MARK  ends by a signal, waits for MARK"},
    {"unknown-family", do_unknown_family, 1, "MARK  makes the kernel look for a module"},
    {"request-key", do_request_key, 1, "MARK  makes the kernel look for a key"},
    {"leave-cgroup", do_leave_cgroup, 2, "FOLDER MARK  empties a cgroup of version 1"},
#ifdef PROBE_DYNAMIC
    {"iconv", do_iconv, 1, "CHARSET  (probe-dyn only)"},
    {"getpwnam", do_getpwnam, 1, "NAME  (probe-dyn only)"},
#endif
    {0},
};
