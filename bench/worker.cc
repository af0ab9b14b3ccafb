// SPDX-License-Identifier: Apache-2.0
#include "bench/worker.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "daemon/clock.h"

namespace warrant::bench {
namespace {

struct Order {
  Work work;
  uint32_t count;
};

[[noreturn]] void die(const std::string &what) {
  std::fprintf(stderr, "exec_cost: %s\n", what.c_str());
  std::_Exit(3);
}

void exec_once(const std::string &program) {
  char *const arguments[] = {const_cast<char *>(program.c_str()), nullptr};
  char *const environment[] = {nullptr};
  const pid_t child = ::vfork();
  if (child == 0) {
    ::execve(program.c_str(), arguments, environment);
    ::_exit(errno == EPERM ? 101 : 102);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0)
    die(program + " did not run: status " + std::to_string(status));
}

void open_once(const std::string &path) {
  char byte;
  const int fd = ::open(path.c_str(), O_RDONLY);
  if (fd < 0 || ::read(fd, &byte, 1) != 1)
    die("cannot read " + path);
  ::close(fd);
}

void run_once(const Files &files, Work work) {
  switch (work) {
    case Work::kStatic:
      return exec_once(files.static_program);
    case Work::kDynamic:
      return exec_once(files.dynamic_program);
    case Work::kOpen:
      return open_once(files.small);
    case Work::kCount:
      break;
  }
  die("no such work");
}

// All of it: false at the end of the stream.
bool receive(int channel, void *data, size_t size) {
  return ::recv(channel, data, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

bool send(int channel, const void *data, size_t size) {
  for (auto *at = static_cast<const char *>(data); size > 0;) {
    const ssize_t sent = ::send(channel, at, size, MSG_NOSIGNAL);
    if (sent <= 0)
      return false;
    at += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

[[noreturn]] void serve(int channel, const Files &files) {
  Order order{};
  while (receive(channel, &order, sizeof(order))) {
    std::vector<int64_t> taken;
    taken.reserve(order.count);
    for (size_t i = 0; i < kWarmups; i++)
      run_once(files, order.work);
    for (size_t i = 0; i < order.count; i++) {
      const int64_t start = read_clock(CLOCK_MONOTONIC);
      run_once(files, order.work);
      taken.push_back(read_clock(CLOCK_MONOTONIC) - start);
    }
    if (!send(channel, taken.data(), taken.size() * sizeof(taken[0])))
      break;
  }
  std::_Exit(0);
}

} // namespace

Result<Worker> Worker::start(const Files &files) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return Error{std::string("cannot make a channel: ") + std::strerror(errno)};
  UniqueFd here(ends[0]);
  UniqueFd there(ends[1]);
  const pid_t child = ::fork();
  if (child < 0)
    return Error{std::string("cannot fork: ") + std::strerror(errno)};
  if (child == 0) {
    ::close(here.release());
    serve(there.get(), files);
  }
  return Worker(std::move(here));
}

Result<std::vector<int64_t>> Worker::measure(Work work, size_t count) {
  const Order order = {work, static_cast<uint32_t>(count)};
  std::vector<int64_t> taken(count);
  if (!send(channel_.get(), &order, sizeof(order)) ||
      !receive(channel_.get(), taken.data(), taken.size() * sizeof(taken[0])))
    return Error{"the worker ended"};
  return taken;
}

} // namespace warrant::bench
