// SPDX-License-Identifier: Apache-2.0
#include "bench/worker.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/if_alg.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "daemon/clock.h"

namespace warrant::bench {
namespace {

struct Order {
  Work work;
  uint32_t count;
  uint32_t warmups;
  Clock clock;
};

[[noreturn]] void die(const std::string &what) {
  std::fprintf(stderr, "exec_cost: %s\n", what.c_str());
  std::_Exit(3);
}

void wait_for(pid_t child, const std::string &what) {
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0)
    die(what + " did not run: status " + std::to_string(status));
}

void exec_once(const std::string &program) {
  char *const arguments[] = {const_cast<char *>(program.c_str()), nullptr};
  char *const environment[] = {nullptr};
  const pid_t child = ::vfork();
  if (child == 0) {
    ::execve(program.c_str(), arguments, environment);
    ::_exit(errno == EPERM ? 101 : 102);
  }
  wait_for(child, program);
}

bool runs(const std::string &program) {
  const pid_t child = ::vfork();
  if (child == 0) {
    ::close(STDOUT_FILENO); // it may say that it ran
    ::execl(program.c_str(), program.c_str(), nullptr);
    ::_exit(errno == EPERM || errno == EACCES ? 101 : 102); // IMA says EACCES
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
      (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 101))
    die(program + " neither ran nor was refused: status " + std::to_string(status));
  return WEXITSTATUS(status) == 0;
}

void fork_once(const std::string &program) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(program.c_str(), program.c_str(), nullptr);
    ::_exit(errno == EPERM ? 101 : 102);
  }
  wait_for(child, program);
}

void storm_once(const std::string &program) {
  constexpr size_t kEach = 10;
  std::array<pid_t, 2> children{};
  for (pid_t &child : children) {
    child = ::fork();
    if (child == 0) {
      for (size_t i = 0; i < kEach; i++)
        exec_once(program);
      ::_exit(0);
    }
  }
  for (const pid_t child : children)
    wait_for(child, "a process of the storm");
}

void map_once(const std::string &path) {
  constexpr size_t kBytes = 4096;
  const int fd = ::open(path.c_str(), O_RDONLY);
  void *at = ::mmap(nullptr, kBytes, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  if (fd < 0 || at == MAP_FAILED)
    die("cannot map " + path);
  ::munmap(at, kBytes);
  ::close(fd);
}

void open_once(const std::string &path) {
  char byte;
  const int fd = ::open(path.c_str(), O_RDONLY);
  if (fd < 0 || ::read(fd, &byte, 1) != 1)
    die("cannot read " + path);
  ::close(fd);
}

// The kernel hashes what lies in its page cache (AF_ALG, Linux 2.6.38).
void hash_once(const std::string &path) {
  sockaddr_alg algorithm{};
  algorithm.salg_family = AF_ALG;
  std::strcpy(reinterpret_cast<char *>(algorithm.salg_type), "hash");
  const UniqueFd socket(::socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  bool bound = false;
  // IMA looks for a driver when the kernel starts, before those that need modules are there.
  for (const char *name : {"sha256-generic", "sha256-lib", "sha256"}) {
    std::strcpy(reinterpret_cast<char *>(algorithm.salg_name), name);
    bound = bound || ::bind(socket.get(), reinterpret_cast<const sockaddr *>(&algorithm),
                            sizeof(algorithm)) == 0;
  }
  if (!bound)
    die(std::string("no SHA-256 of the kernel (modprobe algif_hash): ") + std::strerror(errno));
  const UniqueFd hash(::accept(socket.get(), nullptr, nullptr));
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0)
    die("cannot read " + path);
  for (off_t left = info.st_size; left > 0;) {
    const ssize_t sent = ::sendfile(hash.get(), file.get(), nullptr, static_cast<size_t>(left));
    if (sent <= 0)
      die("cannot hash " + path);
    left -= sent;
  }
  std::array<uint8_t, 32> digest{};
  if (::recv(hash.get(), digest.data(), digest.size(), 0) != static_cast<ssize_t>(digest.size()))
    die("no digest of " + path);
}

size_t place_of(Work work, Work first) {
  return static_cast<size_t>(work) - static_cast<size_t>(first);
}

void run_once(const Files &files, Work work) {
  switch (work) {
    case Work::kStatic:
      return exec_once(files.static_program);
    case Work::kDynamic:
      return exec_once(files.dynamic_program);
    case Work::kScript:
      return exec_once(files.script);
    case Work::kFork:
      return fork_once(files.static_program);
    case Work::kOpen:
      return open_once(files.small);
    case Work::kMap:
      return map_once(files.library);
    case Work::kFirst64K:
    case Work::kFirst1M:
    case Work::kFirst16M:
      return exec_once(files.first.at(place_of(work, Work::kFirst64K)));
    case Work::kHash64K:
    case Work::kHash1M:
    case Work::kHash16M:
      return hash_once(files.first.at(place_of(work, Work::kHash64K)));
    case Work::kBuild:
      return exec_once(files.build);
    case Work::kInstall:
      return exec_once(files.install);
    case Work::kStorm:
      return storm_once(files.static_program);
    case Work::kUnlisted:
      break; // asked by itself
  }
  die("no such work");
}

// The seventh number of each processor's line (Linux, Documentation/scheduler/sched-stats.rst).
int64_t read_busy() {
  constexpr int kRunning = 7;
  std::ifstream stats("/proc/schedstat");
  int64_t sum = 0;
  bool found = false;
  for (std::string line; std::getline(stats, line);) {
    std::istringstream words(line);
    std::string name;
    int64_t number = 0;
    words >> name;
    if (name.rfind("cpu", 0) != 0)
      continue;
    for (int i = 0; i < kRunning && words; i++)
      words >> number;
    found = static_cast<bool>(words);
    sum += number;
  }
  if (!found)
    die("/proc/schedstat does not tell how long tasks ran");
  return sum;
}

int64_t read(Clock clock) {
  return clock == Clock::kBusy ? read_busy() : read_clock(CLOCK_MONOTONIC);
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
    if (order.work == Work::kUnlisted) {
      taken.assign(order.count, runs(files.unlisted) ? 1 : 0);
      order.count = 0;
      order.warmups = 0;
    }
    for (size_t i = 0; i < order.warmups; i++)
      run_once(files, order.work);
    if (order.clock == Clock::kBusy)
      ::sync(); // what others wrote is not to be written back meanwhile
    for (size_t i = 0; i < order.count; i++) {
      const int64_t start = read(order.clock);
      run_once(files, order.work);
      taken.push_back(read(order.clock) - start);
    }
    if (!send(channel, taken.data(), taken.size() * sizeof(taken[0])))
      break;
  }
  std::_Exit(0);
}

} // namespace

Result<Worker> Worker::start(const Files &files, uid_t uid) {
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
    if (::setgroups(0, nullptr) != 0 || ::setresgid(uid, uid, uid) != 0 ||
        ::setresuid(uid, uid, uid) != 0)
      die("cannot become uid " + std::to_string(uid));
    serve(there.get(), files);
  }
  return Worker(std::move(here));
}

Result<std::vector<int64_t>> Worker::measure(Work work, size_t count, size_t warmups, Clock clock) {
  const Order order = {work, static_cast<uint32_t>(count), static_cast<uint32_t>(warmups), clock};
  std::vector<int64_t> taken(count);
  if (!send(channel_.get(), &order, sizeof(order)) ||
      !receive(channel_.get(), taken.data(), taken.size() * sizeof(taken[0])))
    return Error{"the worker ended"};
  return taken;
}

} // namespace warrant::bench
