// SPDX-License-Identifier: Apache-2.0
// A descriptor for writing that is older than the verdict, hidden where nobody's table of
// descriptors shows it. Each maps PATH executable meanwhile, then writes and calls what it mapped.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"
#include "ring.h"

static void *map_executable(const char *path) {
  int file = probe_open(path, O_RDONLY | O_CLOEXEC);
  void *code = mmap(NULL, PAGE, RX, MAP_PRIVATE, file, 0);

  close(file);
  return code;
}

static int write_and_call(int file, void *code) {
  if (pwrite(file, kCode, sizeof(kCode), 0) != sizeof(kCode))
    probe_setup_failed("write");
  return report_call(code);
}

union message_room {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

static struct msghdr message_of(struct iovec *part, union message_room *room) {
  struct msghdr message = {.msg_iov = part,
                           .msg_iovlen = 1,
                           .msg_control = room->bytes,
                           .msg_controllen = sizeof(room->bytes)};
  return message;
}

static void send_file(int socket, int file) {
  char byte = 0;
  struct iovec part = {&byte, 1};
  union message_room room = {{0}};
  struct msghdr message = message_of(&part, &room);

  room.header.cmsg_level = SOL_SOCKET;
  room.header.cmsg_type = SCM_RIGHTS;
  room.header.cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(&room.header), &file, sizeof(file));
  if (sendmsg(socket, &message, 0) != 1)
    probe_setup_failed("sendmsg");
  close(file);
}

static int receive_file(int socket) {
  char byte;
  int file;
  struct iovec part = {&byte, 1};
  union message_room room;
  struct msghdr message = message_of(&part, &room);

  if (recvmsg(socket, &message, 0) != 1 || message.msg_controllen == 0)
    probe_setup_failed("recvmsg");
  memcpy(&file, CMSG_DATA(&room.header), sizeof(file));
  return file;
}

/* In a message that nobody has received yet, so that no process has it open. */
static int do_writer_in_flight(int count, char **words) {
  (void)count;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0)
    probe_setup_failed("socketpair");
  send_file(ends[0], probe_open(words[0], O_RDWR));
  void *code = map_executable(words[0]);
  if (code == MAP_FAILED)
    return errno;
  return write_and_call(receive_file(ends[1]), code);
}

/* In another process, out of which pidfd_getfd takes it. */
static int do_writer_elsewhere(int count, char **words) {
  (void)count;
  int ends[2];
  int file;
  if (pipe(ends) != 0)
    probe_setup_failed("pipe");
  pid_t child = fork();
  if (child == 0) {
    file = probe_open(words[0], O_RDWR);
    if (write(ends[1], &file, sizeof(file)) < 0)
      _exit(1);
    pause();
  }
  if (child < 0 || read(ends[0], &file, sizeof(file)) != sizeof(file))
    probe_setup_failed("child");
  void *code = map_executable(words[0]);
  int error = errno;
  if (code != MAP_FAILED) {
    int process = (int)syscall(SYS_pidfd_open, child, 0);
    file = (int)syscall(SYS_pidfd_getfd, process, file, 0);
    error = file < 0 ? errno : write_and_call(file, code);
  }
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return error;
}

/* Inherited across an exec of ourselves, which maps. */
static int do_writer_inherited(int count, char **words) {
  char number[16];
  if (count > 1) {
    void *code = map_executable(words[0]);
    return code == MAP_FAILED ? errno : write_and_call(atoi(words[1]), code);
  }
  snprintf(number, sizeof(number), "%d", probe_open(words[0], O_RDWR));
  execl("/proc/self/exe", "probe", "writer-inherited", words[0], number, (char *)NULL);
  probe_setup_failed("exec");
}

/* Registered with an io_uring and closed. */
static int do_writer_registered(int count, char **words) {
  (void)count;
  struct ring ring;
  int file = probe_open(words[0], O_RDWR);
  ring_make(&ring);
  if (syscall(SYS_io_uring_register, ring.file, IORING_REGISTER_FILES, &file, 1) != 0)
    probe_setup_failed("io_uring_register");
  close(file);
  void *code = map_executable(words[0]);
  if (code == MAP_FAILED)
    return errno;
  struct io_uring_sqe entry = {.opcode = IORING_OP_WRITE,
                               .flags = IOSQE_FIXED_FILE,
                               .addr = (uintptr_t)kCode,
                               .len = sizeof(kCode)};
  if (ring_run(&ring, entry) != sizeof(kCode))
    probe_setup_failed("io_uring write");
  return report_call(code);
}

/* Only a mapping is left of it. */
static int do_writer_mapped(int count, char **words) {
  (void)count;
  int file = probe_open(words[0], O_RDWR);
  void *writable = map_page(file, RW, MAP_SHARED);
  close(file);
  void *code = map_executable(words[0]);
  if (code == MAP_FAILED)
    return errno;
  memcpy(writable, kCode, sizeof(kCode));
  return report_call(code);
}

/* A mapping that was only for reading while the verdict was made. */
static int do_writer_unprotected(int count, char **words) {
  (void)count;
  int file = probe_open(words[0], O_RDWR);
  void *writable = map_page(file, PROT_READ, MAP_SHARED);
  close(file);
  void *code = map_executable(words[0]);
  if (code == MAP_FAILED)
    return errno;
  if (mprotect(writable, PAGE, RW) != 0)
    probe_setup_failed("mprotect");
  memcpy(writable, kCode, sizeof(kCode));
  return report_call(code);
}

/* The kernel itself refuses to execute what somebody can write to. */
static int do_writer_exec(int count, char **words) {
  (void)count;
  probe_open(words[0], O_RDWR);
  execve(words[0], words, environ);
  return errno;
}

/* And the other way round: to open what is executed. */
static int do_write_running(int count, char **words) {
  (void)count;
  (void)words;
  return open("/proc/self/exe", O_WRONLY) < 0 ? errno : 0;
}

const struct probe_verb kWriterVerbs[] = {
    {"writer-in-flight", do_writer_in_flight, 1, "PATH  in an unread message"},
    {"writer-elsewhere", do_writer_elsewhere, 1, "PATH  in a child, taken by pidfd_getfd"},
    {"writer-inherited", do_writer_inherited, 1, "PATH  kept across an exec"},
    {"writer-registered", do_writer_registered, 1, "PATH  registered with an io_uring"},
    {"writer-mapped", do_writer_mapped, 1, "PATH  only a writable mapping is left"},
    {"writer-unprotected", do_writer_unprotected, 1,
     "PATH  only a mapping that may become writable"},
    {"writer-exec", do_writer_exec, 1, "PATH  executed while open for writing"},
    {"write-running", do_write_running, 0, "  opens its own program for writing"},
    {0},
};
