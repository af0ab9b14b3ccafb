// SPDX-License-Identifier: Apache-2.0
// How long a daemon takes from its start until a program that nobody authorized is refused, and
// what it holds in memory then. Enforcement stays: guests only (bench/start).
//   start_cost UNAUTHORIZED COMMAND [ARGUMENT...]
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>

#include "daemon/clock.h"

namespace {

constexpr int64_t kPatience = 600'000'000'000; // ns
constexpr int64_t kPause = 20'000'000; // ns; with one processor the daemon waits for the probe
constexpr int kRefused = 101;

int fail(const std::string &what) {
  std::fprintf(stderr, "start_cost: %s\n", what.c_str());
  return 3;
}

// What waitpid says of it.
int status_of(const char *program) {
  const pid_t child = ::vfork();
  if (child == 0) {
    ::close(STDOUT_FILENO); // payloads say that they ran
    ::execl(program, program, nullptr);
    ::_exit(errno == EPERM ? kRefused : 102);
  }
  int status = -1;
  if (child > 0)
    ::waitpid(child, &status, 0);
  return status;
}

long long kibibytes(pid_t process, const std::string &field) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(field + ":"))
      return std::stoll(line.substr(field.size() + 1));
  return 0;
}

long long memory_free() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("MemAvailable:"))
      return std::stoll(line.substr(13));
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  using warrant::read_clock;
  if (argc < 3)
    return fail("usage: start_cost UNAUTHORIZED COMMAND [ARGUMENT...]");
  // Positive control: nothing refuses it yet.
  if (status_of(argv[1]) != 0)
    return fail(std::string(argv[1]) + " does not run before the start");
  const long long before = memory_free();
  const int64_t start = read_clock(CLOCK_MONOTONIC);
  const pid_t daemon = ::fork();
  if (daemon == 0) {
    ::execvp(argv[2], argv + 2);
    ::_exit(127);
  }
  int status = 0;
  while ((status = status_of(argv[1])) == 0) {
    if (::waitpid(daemon, nullptr, WNOHANG) == daemon)
      return fail(std::string(argv[2]) + " ended before it enforced");
    if (read_clock(CLOCK_MONOTONIC) - start > kPatience)
      return fail("not refused within 600 s");
    const timespec pause{0, kPause};
    ::nanosleep(&pause, nullptr);
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != kRefused)
    return fail(std::string(argv[1]) + " neither ran nor was refused: status " +
                std::to_string(status));
  const int64_t taken = read_clock(CLOCK_MONOTONIC) - start;
  ::sleep(2); // what it needs for starting only, it may have let go
  if (::waitpid(daemon, nullptr, WNOHANG) == daemon)
    return fail(std::string(argv[2]) + " ended after its first refusal");
  std::printf(
      "{\"startNanoseconds\":%lld,\"residentKiB\":%lld,\"peakKiB\":%lld,\"anonymousKiB\":%lld,"
      "\"lessAvailableKiB\":%lld}\n",
      static_cast<long long>(taken), kibibytes(daemon, "VmRSS"), kibibytes(daemon, "VmHWM"),
      kibibytes(daemon, "RssAnon"), before - memory_free());
  return 0;
}
