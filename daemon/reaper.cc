// SPDX-License-Identifier: Apache-2.0
#include "daemon/reaper.h"

#include <dirent.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <string_view>

#include "daemon/unique_fd.h"

namespace warrant {
namespace {

constexpr uint32_t kCleanPasses = 2;

using Clock = std::chrono::steady_clock;

/// Waits for the end of a process, or only looks when `milliseconds` is 0.
bool has_exited(int pidfd, int milliseconds) {
  pollfd poll{pidfd, POLLIN, 0};
  int got = 0;
  do
    got = ::poll(&poll, 1, milliseconds);
  while (got < 0 && errno == EINTR);
  return got > 0;
}

/// Whether a folder is the kernel's list of the processes that this one sees: root may have put
/// another one in its place, in which those that are to be ended do not stand.
bool lists_own_processes(int folder) {
  struct statfs about {};
  char self[16] = {}; // ends with a zero: numbers have at most 10 digits
  return ::fstatfs(folder, &about) == 0 && about.f_type == PROC_SUPER_MAGIC &&
         ::readlinkat(folder, "self", self, sizeof(self) - 1) > 0 &&
         std::to_string(::getpid()) == self;
}

/// All that it lists at this moment; kernel threads too, which have no context.
Result<std::vector<pid_t>> list_processes(const std::string &proc) {
  const std::unique_ptr<DIR, int (*)(DIR *)> folder(::opendir(proc.c_str()), ::closedir);
  if (!folder)
    return Error{proc + ": cannot open: " + std::strerror(errno)};
  if (!lists_own_processes(::dirfd(folder.get())))
    return Error{proc + " is not where the kernel lists the processes that the daemon sees"};
  std::vector<pid_t> pids;
  for (;;) {
    errno = 0;
    const dirent *entry = ::readdir(folder.get());
    if (!entry)
      break;
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc{} && end == name.data() + name.size() && pid > 0)
      pids.push_back(pid);
  }
  if (errno != 0)
    return Error{proc + ": cannot read: " + std::strerror(errno)};
  // A list that was cut short is not told as an error (readdir(3) takes ENOENT for its end).
  if (std::find(pids.begin(), pids.end(), ::getpid()) == pids.end())
    return Error{proc + " does not list the daemon itself"};
  return pids;
}

bool contains(const std::vector<ReapedProcess> &processes, const ReapedProcess &wanted) {
  return std::any_of(processes.begin(), processes.end(), [&](const ReapedProcess &process) {
    return process.pid == wanted.pid && process.context.lineage == wanted.context.lineage;
  });
}

void add_once(std::vector<ReapedProcess> &processes, const ReapedProcess &process) {
  if (!contains(processes, process))
    processes.push_back(process);
}

class Reaper {
 public:
  Reaper(const std::vector<uint32_t> &bonds, const ContextLookup &lookup, const std::string &proc)
      : bonds_(bonds), lookup_(lookup), proc_(proc), self_(::getpid()) {}

  /// Whether nobody was found and everybody could be looked at.
  Result<bool> pass(int settle_ms) {
    is_clean_ = true;
    dying_.clear();
    for (const pid_t pid : WARRANT_TRY(list_processes(proc_)))
      look_at(pid);
    settle(settle_ms);
    report_.passes++;
    return is_clean_;
  }

  ReapReport &report() { return report_; }

 private:
  void fail(pid_t pid, const char *what, int problem) {
    fail(pid, what + std::string(": ") + std::strerror(problem));
  }

  void fail(pid_t pid, const std::string &what) {
    is_clean_ = false;
    if (report_.errors.size() >= kMaxErrors)
      return;
    std::string text = "process " + std::to_string(pid) + ": " + what;
    if (std::find(report_.errors.begin(), report_.errors.end(), text) == report_.errors.end())
      report_.errors.push_back(std::move(text));
  }

  /// Whether it is there, whatever else was answered: a filter may say of every process that there
  /// is none, but not of one file that it is not there.
  bool is_listed(pid_t pid) const {
    return ::access((proc_ + "/" + std::to_string(pid)).c_str(), F_OK) == 0;
  }

  void look_at(pid_t pid) {
    const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (fd < 0) {
      const int problem = errno;
      if (problem != ESRCH || is_listed(pid))
        fail(pid, "cannot open", problem);
      return;
    }
    UniqueFd process(fd);
    const Result<std::optional<w_process>> found = lookup_(fd);
    if (!found.ok())
      return fail(pid, found.error().message);
    const std::optional<w_process> &context = found.value();
    if (!context || !carries_bond(*context, bonds_) || has_exited(fd, 0))
      return;
    if (pid == 1 || pid == self_)
      return add_once(report_.spared, {pid, *context});
    // What has a deadly signal forks no more, however long it takes to go: waiting would have
    // everything else wait, too.
    if (contains(report_.killed, {pid, *context}))
      return;
    is_clean_ = false;
    kill(pid, *context, std::move(process));
  }

  void kill(pid_t pid, const w_process &context, UniqueFd process) {
    if (::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) == 0) {
      add_once(report_.killed, {pid, context});
      if (dying_.size() < kMaxDying)
        dying_.push_back(std::move(process));
    } else if (const int problem = errno; problem != ESRCH || !has_exited(process.get(), 0)) {
      fail(pid, "cannot kill", problem);
    }
  }

  /// Otherwise passes would run out while the kernel is still busy with the dead.
  void settle(int milliseconds) {
    const auto deadline = Clock::now() + std::chrono::milliseconds(milliseconds);
    for (const UniqueFd &process : dying_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      has_exited(process.get(), static_cast<int>(std::max<int64_t>(left.count(), 0)));
    }
  }

  static constexpr size_t kMaxDying = 256; // descriptors held open at once
  static constexpr size_t kMaxErrors = 64;

  const std::vector<uint32_t> &bonds_;
  const ContextLookup &lookup_;
  const std::string &proc_;
  const pid_t self_;
  ReapReport report_;
  std::vector<UniqueFd> dying_;
  bool is_clean_ = true;
};

} // namespace

bool carries_bond(const w_process &context, const std::vector<uint32_t> &bonds) {
  return std::any_of(bonds.begin(), bonds.end(), [&](uint32_t bond) {
    if (bond == 0 || bond > W_MAX_BONDS)
      return false;
    return ((context.bonds[(bond - 1) / 64] >> ((bond - 1) % 64)) & 1) != 0;
  });
}

Result<ReapReport> reap(const std::vector<uint32_t> &bonds, const ContextLookup &lookup,
                        const ReapLimits &limits) {
  Reaper reaper(bonds, lookup, limits.proc);
  uint32_t clean = 0; // passes in a row
  while (clean < kCleanPasses && reaper.report().passes < limits.passes)
    clean = WARRANT_TRY(reaper.pass(limits.settle_ms)) ? clean + 1 : 0;
  reaper.report().is_complete = clean == kCleanPasses;
  return std::move(reaper.report());
}

} // namespace warrant
