// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/scan.h"

#include <elf.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <fts.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "artifacts/trust.h"
#include "artifacts/verity.h"
#include "daemon/unique_fd.h"

namespace warrant::cli {
namespace {

constexpr size_t kHeadSize = 64;
constexpr mode_t kAnyExecute = S_IXUSR | S_IXGRP | S_IXOTH;
constexpr auto kProgressInterval = std::chrono::milliseconds(200);

/// One inode and all its names below the root.
struct Candidate {
  std::string place; ///< where it is opened
  std::vector<std::string> names;
  mode_t mode = 0;
  std::optional<InterpreterKind> interpreter;
};

bool is_module_name(std::string_view name) {
  return name.ends_with(".ko") || name.ends_with(".ko.xz") || name.ends_with(".ko.gz") ||
         name.ends_with(".ko.zst");
}

std::string errno_problem(const std::string &path, int error) {
  return printable(path, 512) + ": " + std::strerror(error);
}

struct CloseFts {
  void operator()(FTS *fts) const { ::fts_close(fts); }
};

/// Lists the regular files.
class Walk {
 public:
  explicit Walk(const ScanOptions &options) : options_(options) {}

  Status run() {
    const std::unique_ptr<char, decltype(&std::free)> root(
        ::realpath(options_.root.c_str(), nullptr), std::free);
    if (!root)
      return Error{errno_problem(options_.root, errno)};
    struct stat status {};
    if (::stat(root.get(), &status) == 0 && !S_ISDIR(status.st_mode))
      return Error{printable(options_.root, 512) +
                   ": not a directory: a baseline is of all code below one (fix: `warrant artifact "
                   "draft --subject` is for single files)"};
    prefix_ = std::strcmp(root.get(), "/") == 0 ? 0 : std::strlen(root.get());
    char *paths[] = {root.get(), nullptr};
    const int crossing = options_.cross ? 0 : FTS_XDEV;
    const std::unique_ptr<FTS, CloseFts> fts(
        ::fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | crossing, nullptr));
    if (!fts)
      return Error{errno_problem(options_.root, errno)};
    while (FTSENT *entry = ::fts_read(fts.get()))
      WARRANT_TRY(visit(fts.get(), entry));
    const int opened = ::open(root.get(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0)
      return Error{errno_problem(options_.root, errno)};
    const UniqueFd place(opened);
    for (const std::string &link : links_)
      follow(place.get(), link);
    return {};
  }

  std::vector<Candidate> take_candidates() { return std::move(candidates_); }
  std::vector<std::string> take_problems() { return std::move(problems_); }

 private:
  Status visit(FTS *fts, FTSENT *entry) {
    switch (entry->fts_info) {
      case FTS_D:
        if (is_excluded(entry) || !may_enter(entry))
          ::fts_set(fts, entry, FTS_SKIP);
        break;
      case FTS_F:
        if (!is_excluded(entry))
          add(entry);
        break;
      case FTS_SL:
        if (!is_excluded(entry) && interpreter_of(entry->fts_name))
          links_.push_back(name_of(entry));
        break;
      case FTS_DNR:
      case FTS_ERR:
      case FTS_NS:
        if (entry->fts_level == 0)
          return Error{errno_problem(options_.root, entry->fts_errno)};
        if (entry->fts_errno != ENOENT) // gone while we walked
          problems_.push_back(errno_problem(entry->fts_path, entry->fts_errno));
        break;
      default:
        if (entry->fts_level == 0 && entry->fts_info != FTS_DP)
          return Error{options_.root + ": not a directory"};
        break;
    }
    return {};
  }

  std::string name_of(const FTSENT *entry) const { return entry->fts_path + prefix_; }

  bool is_excluded(const FTSENT *entry) const {
    const std::string name = name_of(entry);
    return std::any_of(options_.exclude.begin(), options_.exclude.end(),
                       [&](const std::string &pattern) {
                         return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
                       });
  }

  /// Of other file systems only those whose content only this kernel changes: not /proc, not
  /// network mounts.
  bool may_enter(const FTSENT *entry) {
    if (entry->fts_level == 0 || entry->fts_statp->st_dev == entry->fts_parent->fts_dev)
      return true;
    struct statfs status {};
    if (::statfs(entry->fts_path, &status) != 0)
      return false;
    const auto known = known_filesystems();
    return std::any_of(known.begin(), known.end(), [&](const Filesystem &filesystem) {
      return filesystem.magic == static_cast<uint32_t>(status.f_type);
    });
  }

  void add(const FTSENT *entry) {
    const struct stat &status = *entry->fts_statp;
    // Nothing can be executed of an empty file, but it can be a module of nothing.
    if (!S_ISREG(status.st_mode) || (status.st_size == 0 && !has_code_suffix(entry->fts_name)))
      return;
    const auto [known, is_new] =
        by_inode_.try_emplace({status.st_dev, status.st_ino}, candidates_.size());
    if (is_new)
      candidates_.push_back({entry->fts_path, {}, status.st_mode, {}});
    Candidate &candidate = candidates_[known->second];
    candidate.names.push_back(name_of(entry));
    if (const auto kind = interpreter_of(entry->fts_name))
      candidate.interpreter = kind;
  }

  /// A link with an interpreter's name leads to one, whatever that is called. Links are followed as
  /// if the root were one.
  void follow(int root, const std::string &link) {
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const long opened = ::syscall(SYS_openat2, root, link.c_str(), &how, sizeof(how));
    if (opened < 0)
      return;
    const UniqueFd fd(static_cast<int>(opened));
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0)
      return;
    const auto known = by_inode_.find({status.st_dev, status.st_ino});
    if (known != by_inode_.end() && !candidates_[known->second].interpreter)
      candidates_[known->second].interpreter = interpreter_of(link);
  }

  const ScanOptions &options_;
  size_t prefix_ = 0;
  std::map<std::pair<dev_t, ino_t>, size_t> by_inode_;
  std::vector<Candidate> candidates_;
  std::vector<std::string> links_; ///< with names of interpreters
  std::vector<std::string> problems_;
};

/// Looks at all candidates with several threads.
class Measurement {
 public:
  Measurement(const ScanOptions &options, std::vector<Candidate> candidates)
      : options_(options), candidates_(std::move(candidates)), found_(candidates_.size()) {}

  void run(const std::function<void(const Progress &)> &progress) {
    std::vector<std::thread> threads;
    running_ = std::max(options_.threads, 1U);
    for (unsigned i = running_; i > 0; i--)
      threads.emplace_back([this] { work(); });
    {
      std::unique_lock lock(mutex_);
      while (!finished_.wait_for(lock, kProgressInterval, [this] { return running_ == 0; }))
        progress(state());
    }
    for (std::thread &thread : threads)
      thread.join();
  }

  void collect(Scan &scan) {
    for (size_t i = 0; i < candidates_.size(); i++)
      if (found_[i])
        for (std::string &name : candidates_[i].names) {
          CodeFile file = *found_[i];
          file.path = std::move(name);
          scan.files.push_back(std::move(file));
        }
    mark_copies(scan);
    std::sort(scan.files.begin(), scan.files.end(),
              [](const CodeFile &a, const CodeFile &b) { return a.path < b.path; });
    scan.progress = state();
    scan.modules_skipped = modules_skipped_;
    scan.problems.insert(scan.problems.end(), problems_.begin(), problems_.end());
  }

 private:
  /// Content has no name: a copy of an interpreter is one, whatever it is called.
  static void mark_copies(Scan &scan) {
    std::map<Digest, InterpreterKind> interpreters;
    for (const CodeFile &file : scan.files)
      if (file.interpreter)
        interpreters.emplace(file.sha256, *file.interpreter);
    for (CodeFile &file : scan.files)
      if (const auto known = interpreters.find(file.sha256); known != interpreters.end())
        file.interpreter = known->second;
  }

  Progress state() const { return {done_, candidates_.size(), bytes_}; }

  void work() {
    for (size_t i = next_++; i < candidates_.size(); i = next_++) {
      if (Status looked = look(candidates_[i], found_[i]); !looked.ok()) {
        const std::lock_guard lock(mutex_);
        problems_.push_back(looked.error().message);
      }
      done_++;
    }
    const std::lock_guard lock(mutex_);
    running_--;
    finished_.notify_one();
  }

  Status look(const Candidate &candidate, std::optional<CodeFile> &found) {
    const int opened =
        ::open(candidate.place.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (opened < 0 && errno == ENOENT)
      return {};
    if (opened < 0)
      return Error{errno_problem(candidate.place, errno)};
    const UniqueFd fd(opened);
    std::array<uint8_t, kHeadSize> head{};
    const ssize_t got = ::pread(fd.get(), head.data(), head.size(), 0);
    if (got < 0)
      return Error{errno_problem(candidate.place, errno)};
    const auto kind = classify(ByteView(head).first(static_cast<size_t>(got)), candidate.mode,
                               candidate.names.front());
    if (!kind)
      return {};
    if (*kind == CodeKind::kModule && !options_.modules) {
      modules_skipped_++;
      return {};
    }
    return measure(candidate, fd.get(), *kind, found);
  }

  Status measure(const Candidate &candidate, int fd, CodeKind kind,
                 std::optional<CodeFile> &found) {
    struct stat before {};
    struct stat after {};
    const bool known = ::fstat(fd, &before) == 0;
    Result<Digest> digest = sha256_of_fd(fd);
    if (!digest.ok())
      return std::move(digest).error().context(printable(candidate.place, 512));
    const auto same_time = [](const timespec &a, const timespec &b) {
      return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
    };
    if (!known || ::fstat(fd, &after) != 0 || before.st_size != after.st_size ||
        !same_time(before.st_mtim, after.st_mtim))
      return Error{printable(candidate.place, 512) + ": changed while it was read"};
    bytes_ += static_cast<uint64_t>(after.st_size);
    found = CodeFile{{}, kind, digest.value(), verity_of_fd(fd), {}};
    if (kind == CodeKind::kProgram)
      found->interpreter = candidate.interpreter;
    return {};
  }

  const ScanOptions &options_;
  std::vector<Candidate> candidates_;
  std::vector<std::optional<CodeFile>> found_;
  std::atomic<size_t> next_ = 0;
  std::atomic<uint64_t> done_ = 0;
  std::atomic<uint64_t> bytes_ = 0;
  std::atomic<uint64_t> modules_skipped_ = 0;
  std::mutex mutex_;
  std::condition_variable finished_;
  unsigned running_ = 0;
  std::vector<std::string> problems_;
};

bool is_program_or_library(ByteView head) {
  if (head.size() < EI_NIDENT + 2)
    return false;
  const size_t low = head[EI_DATA] == ELFDATA2MSB ? EI_NIDENT + 1 : EI_NIDENT;
  return head[low] == ET_EXEC || head[low] == ET_DYN;
}

} // namespace

uint32_t actions_of(CodeKind kind) {
  switch (kind) {
    case CodeKind::kProgram: // ld.so maps a program that is given to it by name
      return W_ACTION_EXEC | W_ACTION_MAP;
    case CodeKind::kLibrary:
      return W_ACTION_MAP;
    case CodeKind::kScript: // opened by its interpreter
    case CodeKind::kOther:
      return W_ACTION_EXEC | W_ACTION_INTERPRET;
    case CodeKind::kCode:
      return W_ACTION_INTERPRET;
    case CodeKind::kModule:
      return W_ACTION_LOAD;
    case CodeKind::kCount:
      break;
  }
  return 0;
}

std::optional<CodeKind> classify(ByteView head, uint32_t mode, std::string_view name) {
  const bool executable = (mode & kAnyExecute) != 0;
  const std::string_view text = text_of(head);
  if (is_module_name(name))
    return CodeKind::kModule;
  if (text.starts_with(ELFMAG)) {
    if (!is_program_or_library(head))
      return std::nullopt; // object files and core dumps
    return executable ? CodeKind::kProgram : CodeKind::kLibrary;
  }
  if (executable && !head.empty())
    return text.starts_with("#!") ? CodeKind::kScript : CodeKind::kOther;
  return text.starts_with("#!") || has_code_suffix(name) ? std::optional(CodeKind::kCode)
                                                         : std::nullopt;
}

Result<Scan> scan_for_code(const ScanOptions &options,
                           const std::function<void(const Progress &)> &progress) {
  Walk walk(options);
  WARRANT_TRY(walk.run());
  Scan scan;
  scan.problems = walk.take_problems();
  Measurement measurement(options, walk.take_candidates());
  measurement.run(progress);
  measurement.collect(scan);
  return scan;
}

} // namespace warrant::cli
