// SPDX-License-Identifier: Apache-2.0
// Other bytes in memory that is executable already, and holds authorized code: past its protection,
// or page by page.
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

static void *map_code(const char *path) {
  return map_page(probe_open(path, O_RDONLY), RX, MAP_PRIVATE);
}

/* The kernel forces writes to /proc/PID/mem into private read-only memory. */
static int write_memory(const char *memory, void *code) {
  int file = open(memory, O_RDWR);

  if (file < 0)
    return errno;
  if (pwrite(file, kCode, sizeof(kCode), (off_t)(uintptr_t)code) != sizeof(kCode))
    return errno;
  close(file);
  return 0;
}

static int do_self_mem(int count, char **words) {
  (void)count;
  void *code = map_code(words[0]);
  int error = write_memory("/proc/self/mem", code);
  return error != 0 ? error : report_call(code);
}

/* By the name of one of our threads. */
static int do_thread_mem(int count, char **words) {
  (void)count;
  char memory[64];
  void *code = map_code(words[0]);
  snprintf(memory, sizeof(memory), "/proc/%d/task/%d/mem", (int)getpid(), (int)gettid());
  int error = write_memory(memory, code);
  return error != 0 ? error : report_call(code);
}

/* A child that calls the memory once it is told to, and ends with what the call returned. */
static pid_t start_victim(void *code, int go) {
  char byte;
  pid_t child = fork();

  if (child == 0)
    _exit(read(go, &byte, 1) == 1 ? call_code(code) : PROBE_SETUP);
  if (child < 0)
    probe_setup_failed("fork");
  return child;
}

static int report_victim(pid_t child, int go) {
  if (write(go, "", 1) != 1)
    probe_setup_failed("pipe");
  printf("child called %d\n", exit_of(child));
  return 0;
}

static int end_victim(pid_t child, int error) {
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return error;
}

static int do_child_mem(int count, char **words) {
  (void)count;
  char memory[64];
  int ends[2];
  if (pipe(ends) != 0)
    probe_setup_failed("pipe");
  void *code = map_code(words[0]);
  pid_t child = start_victim(code, ends[0]);
  snprintf(memory, sizeof(memory), "/proc/%d/mem", (int)child);
  int error = write_memory(memory, code);
  return error != 0 ? end_victim(child, error) : report_victim(child, ends[1]);
}

/* Data of another process, by which it chooses what it calls: no code of ours, but its own words in
 * another's order. */
static int do_vm_writev(int count, char **words) {
  (void)count;
  (void)words;
  static volatile int kAnswer = 7;
  int other = 42;
  char byte;
  int ends[2];
  if (pipe(ends) != 0)
    probe_setup_failed("pipe");
  pid_t child = fork();
  if (child == 0)
    _exit(read(ends[0], &byte, 1) == 1 ? kAnswer : PROBE_SETUP);
  struct iovec from = {&other, sizeof(other)};
  struct iovec to = {(void *)&kAnswer, sizeof(other)};
  if (process_vm_writev(child, &from, 1, &to, 1, 0) != sizeof(other))
    return end_victim(child, errno);
  return report_victim(child, ends[1]);
}

/* FD answers page faults in the page with one of ours; the page is then called. */
static int answer_fault(int fd, void *code) {
  static uint8_t page[PAGE] __attribute__((aligned(PAGE)));
  struct uffdio_api api = {.api = UFFD_API};
  struct uffdio_register range = {.range = {(uintptr_t)code, PAGE},
                                  .mode = UFFDIO_REGISTER_MODE_MISSING};
  struct uffdio_copy copy = {.dst = (uintptr_t)code, .src = (uintptr_t)page, .len = PAGE};

  memcpy(page, kCode, sizeof(kCode));
  if (ioctl(fd, UFFDIO_API, &api) != 0 || ioctl(fd, UFFDIO_REGISTER, &range) != 0)
    probe_setup_failed("userfaultfd");
  if (ioctl(fd, UFFDIO_COPY, &copy) != 0)
    return errno;
  return report_call(code);
}

static int do_fault_copy(int count, char **words) {
  (void)count;
  void *code = map_code(words[0]);
  int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
  return fd < 0 ? errno : answer_fault(fd, code);
}

/* The same by the device, which whoever may open it may use without a privilege. */
static int do_fault_device(int count, char **words) {
  (void)count;
  void *code = map_code(words[0]);
  int device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
  if (device < 0)
    return errno;
  int fd = ioctl(device, _IO(0xaa, 0), O_CLOEXEC);
  return fd < 0 ? errno : answer_fault(fd, code);
}

const struct probe_verb kInjectVerbs[] = {
    {"self-mem", do_self_mem, 1, "PATH  code written by /proc/self/mem, called"},
    {"thread-mem", do_thread_mem, 1, "PATH  the same by /proc/PID/task/TID/mem"},
    {"child-mem", do_child_mem, 1, "PATH  code written into a child, which calls it"},
    {"vm-writev", do_vm_writev, 0, "  data written into a child by process_vm_writev"},
    {"fault-copy", do_fault_copy, 1, "PATH  page put in by userfaultfd, called"},
    {"fault-device", do_fault_device, 1, "PATH  the same by /dev/userfaultfd"},
    {0},
};
