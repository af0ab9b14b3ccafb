// SPDX-License-Identifier: Apache-2.0
// Children of the test are killed by a reaper whose lookup knows only them.
#include "daemon/reaper.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include "tests/catch.h"

using namespace warrant;

namespace {

w_process context_with(uint32_t bond) {
  w_process context{};
  context.lineage = bond + 1000;
  context.bonds[(bond - 1) / 64] |= uint64_t{1} << (bond - 1) % 64;
  return context;
}

pid_t pid_of(int pidfd) {
  std::ifstream stream("/proc/self/fdinfo/" + std::to_string(pidfd));
  std::string word;
  while (stream >> word)
    if (word == "Pid:") {
      pid_t pid = 0;
      stream >> pid;
      return pid;
    }
  return -1;
}

/// A child that does nothing; killed and waited for at the end, if nobody did before.
class Child {
 public:
  Child() : pid_(::fork()) {
    REQUIRE(pid_ >= 0);
    if (pid_ == 0)
      for (;;)
        ::pause();
  }
  ~Child() {
    if (!is_over_) {
      ::kill(pid_, SIGKILL);
      wait();
    }
  }
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;
  pid_t pid() const { return pid_; }
  /// The signal that ended it.
  int wait() {
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    is_over_ = true;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }
  bool is_alive() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
  }

 private:
  pid_t pid_;
  bool is_over_ = false;
};

ContextLookup lookup_in(const std::map<pid_t, w_process> &processes) {
  return [&processes](int pidfd) -> std::optional<w_process> {
    const auto found = processes.find(pid_of(pidfd));
    return found == processes.end() ? std::nullopt : std::optional(found->second);
  };
}

/// From now on that system call, in this process, is not made but answered with this error.
bool answer_with(long call, uint32_t error) {
  std::array<sock_filter, 4> lines = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog filter{static_cast<unsigned short>(lines.size()), lines.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

ReapReport reaped(const std::vector<uint32_t> &bonds, const ContextLookup &lookup,
                  const ReapLimits &limits = {}) {
  Dying dying;
  const auto report = reap(bonds, lookup, dying, limits);
  if (!report.ok())
    FAIL(report.error().message);
  return report.value();
}

} // namespace

TEST_CASE("a bond is one bit, and numbers that are none match nothing") {
  for (uint32_t bond = 1; bond <= W_MAX_BONDS; ++bond) {
    const w_process context = context_with(bond);
    for (uint32_t other = 0; other <= W_MAX_BONDS + 64; ++other)
      REQUIRE(carries_bond(context, {other}) == (other == bond));
    REQUIRE(carries_bond(context, {W_MAX_BONDS, 1, bond}));
  }
  CHECK_FALSE(carries_bond(context_with(1), {}));
}

TEST_CASE("only processes that carry a bond are killed") {
  Child bound, also_bound, other_bond, unbound;
  const std::map<pid_t, w_process> processes = {
      {bound.pid(), context_with(64)},
      {also_bound.pid(), context_with(65)},
      {other_bond.pid(), context_with(66)},
      {unbound.pid(), w_process{}},
  };
  // Nobody waits for the killed yet: zombies with a context must not keep the reaper busy.
  const ReapReport report = reaped({64, 65}, lookup_in(processes));
  CHECK(report.is_complete);
  CHECK(report.errors.empty());
  CHECK(report.passes == 3);
  REQUIRE(report.killed.size() == 2);
  std::set<pid_t> killed;
  for (const ReapedProcess &process : report.killed)
    killed.insert(process.pid);
  CHECK(killed == std::set<pid_t>{bound.pid(), also_bound.pid()});
  CHECK(bound.wait() == SIGKILL);
  CHECK(also_bound.wait() == SIGKILL);
  CHECK(other_bond.is_alive());
  CHECK(unbound.is_alive());
}

TEST_CASE("a folder that is not where the kernel lists processes is refused") {
  ReapLimits limits;
  const auto problem = [&](const char *proc) {
    limits.proc = proc;
    Dying dying;
    const auto report = reap(
        {1}, [](int) { return std::optional<w_process>(); }, dying, limits);
    return report.ok() ? std::string("none") : report.error().message;
  };
  CHECK(problem("/proc") == "none");
  CHECK(problem("/proc/self") ==
        "/proc/self is not where the kernel lists the processes that the daemon sees");
  CHECK(problem("/tmp") == "/tmp is not where the kernel lists the processes that the daemon sees");
  CHECK(problem("/nowhere") == "/nowhere: cannot open: No such file or directory");
}

TEST_CASE("a process that takes long to go is killed once, and keeps nobody waiting") {
  Child bound;
  const std::map<pid_t, w_process> processes = {{bound.pid(), context_with(7)}};
  const pid_t filtered = ::fork();
  REQUIRE(filtered >= 0);
  if (filtered == 0) {
    // As if it had been signalled, and slept where nothing wakes it.
    if (!answer_with(SYS_pidfd_send_signal, 0))
      ::_exit(1);
    Dying dying;
    const auto first = reap({7}, lookup_in(processes), dying);
    if (!first.ok() || !first.value().is_complete || first.value().killed.size() != 1)
      ::_exit(2);
    if (first.value().passes != 3 || dying.size() != 1)
      ::_exit(3);
    const auto second = reap({7}, lookup_in(processes), dying);
    if (!second.ok() || !second.value().is_complete || !second.value().killed.empty())
      ::_exit(4);
    ::_exit(second.value().passes == 2 && dying.size() == 1 ? 0 : 5);
  }
  int status = 0;
  REQUIRE(::waitpid(filtered, &status, 0) == filtered);
  CHECK(status == 0);
  CHECK(bound.is_alive());
}

TEST_CASE("whoever has the number of one that was killed and is gone is another") {
  Child bound;
  Dying dying;
  {
    Child gone;
    const int fd = static_cast<int>(::syscall(SYS_pidfd_open, gone.pid(), 0));
    REQUIRE(fd >= 0);
    dying.emplace(bound.pid(), UniqueFd(fd));
  }
  const std::map<pid_t, w_process> processes = {{bound.pid(), context_with(7)}};
  const auto report = reap({7}, lookup_in(processes), dying);
  REQUIRE(report.ok());
  REQUIRE(report.value().killed.size() == 1);
  CHECK(bound.wait() == SIGKILL);
}

TEST_CASE("a process that cannot be looked up is not taken for one without bonds") {
  const ReapReport report =
      reaped({7}, [](int) -> Result<std::optional<w_process>> { return Error{"no answer"}; });
  CHECK_FALSE(report.is_complete);
  CHECK(report.passes == 2); // looking again at once helps nobody
  REQUIRE_FALSE(report.errors.empty());
  CHECK(report.errors.front().ends_with(": no answer"));
}

TEST_CASE("a filter that says of processes that there are none hides nobody silently") {
  const auto [call, what] = GENERATE(std::pair(SYS_pidfd_open, "cannot open"),
                                     std::pair(SYS_pidfd_send_signal, "cannot kill"));
  const std::string wanted = std::string(what) + ": " + std::strerror(ESRCH);
  Child bound;
  const std::map<pid_t, w_process> processes = {{bound.pid(), context_with(7)}};
  const pid_t filtered = ::fork();
  REQUIRE(filtered >= 0);
  if (filtered == 0) {
    if (!answer_with(call, ESRCH))
      ::_exit(1);
    Dying dying;
    ReapLimits few;
    few.passes = 3;
    const auto report = reap({7}, lookup_in(processes), dying, few);
    if (!report.ok() || report.value().is_complete || !report.value().killed.empty())
      ::_exit(2);
    // Of all processes, of which not all are named; nobody else carries a bond.
    const auto &errors = report.value().errors;
    ::_exit(std::any_of(errors.begin(), errors.end(),
                        [&](const std::string &error) { return error.ends_with(wanted); })
                ? 0
                : 3);
  }
  int status = 0;
  REQUIRE(::waitpid(filtered, &status, 0) == filtered);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(bound.is_alive());
}

TEST_CASE("nobody to kill: two passes and done") {
  const ReapReport report = reaped({1}, [](int) { return std::optional<w_process>(); });
  CHECK(report.is_complete);
  CHECK(report.passes == 2);
  CHECK(report.killed.empty());
}

TEST_CASE("pid 1 and the reaper itself are spared, and said") {
  const std::map<pid_t, w_process> processes = {{1, context_with(3)},
                                                {::getpid(), context_with(3)}};
  const ReapReport report = reaped({3}, lookup_in(processes));
  CHECK(report.is_complete);
  CHECK(report.killed.empty());
  REQUIRE(report.spared.size() == 2);
  CHECK(report.spared[0].pid == 1);
  CHECK(report.spared[1].pid == ::getpid());
}

TEST_CASE("the number of passes is bounded, and reaching it is said") {
  // Each pass finds somebody: a new child appears with each look at the reaper's own process.
  std::map<pid_t, w_process> processes;
  std::vector<std::unique_ptr<Child>> children;
  const auto lookup = [&](int pidfd) -> std::optional<w_process> {
    const pid_t pid = pid_of(pidfd);
    if (pid == ::getpid()) {
      children.push_back(std::make_unique<Child>());
      processes[children.back()->pid()] = context_with(9);
    }
    const auto found = processes.find(pid);
    return found == processes.end() ? std::nullopt : std::optional(found->second);
  };
  const ReapReport report = reaped({9}, lookup, {.passes = 4, .settle_ms = 1000});
  CHECK_FALSE(report.is_complete);
  CHECK(report.passes == 4);
  CHECK(report.killed.size() >= 3);
}

TEST_CASE("descendants that keep forking while they are killed are all found") {
  // Every process of the family writes its pid where the lookup sees it before it lives.
  struct Family {
    std::atomic<int> count;
    std::atomic<pid_t> pids[512];
  };
  auto *family = static_cast<Family *>(
      ::mmap(nullptr, sizeof(Family), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  REQUIRE(family != MAP_FAILED);
  const auto join = [family] {
    const int place = family->count.fetch_add(1);
    if (place >= 512)
      ::_exit(0);
    family->pids[place] = ::getpid();
  };
  const pid_t first = ::fork();
  REQUIRE(first >= 0);
  if (first == 0) {
    ::signal(SIGCHLD, SIG_IGN);
    join();
    for (int forks = 0; forks < 60; ++forks) {
      if (::fork() == 0)
        join();
      ::usleep(2000);
    }
    for (;;)
      ::pause();
  }
  while (family->count < 5)
    ::usleep(100);
  const auto lookup = [&](int pidfd) -> std::optional<w_process> {
    const pid_t pid = pid_of(pidfd);
    for (int i = 0; i < std::min<int>(family->count, 512); ++i)
      if (family->pids[i] == pid)
        return context_with(128);
    return std::nullopt;
  };
  const ReapReport report = reaped({128}, lookup);
  CHECK(report.is_complete);
  CHECK(report.killed.size() >= 5);
  ::waitpid(first, nullptr, 0);
  // A fork that had not written its pid yet was invisible to this lookup, not to the real one.
  for (int i = 0; i < std::min<int>(family->count, 512); ++i)
    if (const pid_t pid = family->pids[i]; pid > 0)
      ::kill(pid, SIGKILL);
  ::munmap(family, sizeof(Family));
}
