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
#include <set>
#include <string_view>

#include "daemon/unique_fd.h"

namespace warrant {
namespace {

constexpr uint32_t kQuietPasses = 2;

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

void add_once(std::vector<ReapedProcess> &processes, const ReapedProcess &added) {
  const auto is_same = [&](const ReapedProcess &process) {
    return process.pid == added.pid && process.context.lineage == added.context.lineage;
  };
  if (std::none_of(processes.begin(), processes.end(), is_same))
    processes.push_back(added);
}

class Reaper {
 public:
  Reaper(const std::vector<uint32_t> &bonds, const ContextLookup &lookup, Dying &dying,
         const std::string &proc)
      : bonds_(bonds), lookup_(lookup), proc_(proc), self_(::getpid()), dying_(dying) {}

  struct Pass {
    bool is_quiet = true;    ///< nobody was killed
    bool is_complete = true; ///< everybody could be looked at
  };

  Result<Pass> pass(int settle_ms) {
    pass_ = {};
    just_killed_.clear();
    std::erase_if(dying_, [](const auto &one) { return has_exited(one.second.get(), 0); });
    for (const pid_t pid : WARRANT_TRY(list_processes(proc_)))
      look_at(pid);
    settle(settle_ms);
    report_.passes++;
    return pass_;
  }

  ReapReport &report() { return report_; }

 private:
  void fail(pid_t pid, const char *what, int problem) {
    fail(pid, what + std::string(": ") + std::strerror(problem));
  }

  void fail(pid_t pid, const std::string &what) {
    pass_.is_complete = false;
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
    if (!is_dying(pid))
      kill(pid, *context, std::move(process));
  }

  /// What has a deadly signal forks no more, however long it takes to go: waiting for it would have
  /// everything else wait, too. Until it has exited, its number is nobody else's.
  bool is_dying(pid_t pid) const {
    const auto found = dying_.find(pid);
    return found != dying_.end() && !has_exited(found->second.get(), 0);
  }

  void kill(pid_t pid, const w_process &context, UniqueFd process) {
    if (::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) == 0) {
      pass_.is_quiet = false;
      dying_.erase(pid);
      const bool has_room = dying_.size() < kMaxDying;
      // Whoever found no room is killed again at the next pass.
      if (has_room && !without_room_.contains(pid))
        report_.killed.push_back({pid, context});
      else
        add_once(report_.killed, {pid, context});
      if (has_room)
        just_killed_.push_back(dying_.emplace(pid, std::move(process)).first->second.get());
      else
        without_room_.insert(pid);
    } else if (const int problem = errno; problem != ESRCH || !has_exited(process.get(), 0)) {
      fail(pid, "cannot kill", problem);
    }
  }

  /// Otherwise passes would run out while the kernel is still busy with the dead.
  void settle(int milliseconds) {
    const auto deadline = Clock::now() + std::chrono::milliseconds(milliseconds);
    for (const int process : just_killed_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      has_exited(process, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    }
  }

  static constexpr size_t kMaxDying = 256; // descriptors held open at once
  static constexpr size_t kMaxErrors = 64;

  const std::vector<uint32_t> &bonds_;
  const ContextLookup &lookup_;
  const std::string &proc_;
  const pid_t self_;
  ReapReport report_;
  Dying &dying_;
  std::vector<int> just_killed_; // in this pass; of dying_
  std::set<pid_t> without_room_;
  Pass pass_;
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
                        Dying &dying, const ReapLimits &limits) {
  Reaper reaper(bonds, lookup, dying, limits.proc);
  uint32_t quiet = 0; // passes in a row
  bool is_complete = true;
  while (quiet < kQuietPasses && reaper.report().passes < limits.passes) {
    const Reaper::Pass pass = WARRANT_TRY(reaper.pass(limits.settle_ms));
    is_complete = pass.is_complete && (quiet == 0 || is_complete);
    quiet = pass.is_quiet ? quiet + 1 : 0;
  }
  reaper.report().is_complete = quiet == kQuietPasses && is_complete;
  return std::move(reaper.report());
}

} // namespace warrant
