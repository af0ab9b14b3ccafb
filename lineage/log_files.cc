// SPDX-License-Identifier: Apache-2.0
#include "lineage/log_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

namespace warrant {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirectoryMode = 0750;
constexpr size_t kSyncThreads = 16;
constexpr const char *kLockFile = ".state/lock";

/// Closes its descriptor, unless it was given away.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd &) = delete;
  Fd &operator=(const Fd &) = delete;
  ~Fd() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

class FolderFile final : public LogFile {
 public:
  FolderFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  Status append(ByteView bytes) override {
    while (!bytes.empty()) {
      const ssize_t done = ::write(fd_.get(), bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR)
        continue;
      if (done <= 0)
        return error("cannot write");
      bytes = bytes.subspan(static_cast<size_t>(done));
    }
    return {};
  }
  void start_sync() override { ::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE); }
  Status sync() override { return ::fdatasync(fd_.get()) == 0 ? Status() : error("cannot sync"); }
  Status truncate(uint64_t size) override {
    return ::ftruncate(fd_.get(), static_cast<off_t>(size)) == 0 ? Status() : error("cannot cut");
  }

 private:
  Error error(const char *what) const {
    return Error{path_ + ": " + what + ": " + std::strerror(errno)};
  }

  Fd fd_;
  std::string path_;
};

struct DirectoryCloser {
  void operator()(DIR *directory) const { ::closedir(directory); }
};

// Fills `bytes` from the file's beginning; how much there was.
ssize_t read_whole(int fd, Bytes &bytes) {
  size_t used = 0;
  while (used < bytes.size()) {
    const ssize_t got =
        ::pread(fd, bytes.data() + used, bytes.size() - used, static_cast<off_t>(used));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return got;
    if (got == 0)
      break;
    used += static_cast<size_t>(got);
  }
  return static_cast<ssize_t>(used);
}

} // namespace

std::string directory_of(const std::string &path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

Result<std::unique_ptr<FolderFiles>> FolderFiles::open(const std::string &folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return Error{folder + ": cannot open: " + std::strerror(errno)};
  return std::unique_ptr<FolderFiles>(new FolderFiles(folder, fd));
}

FolderFiles::~FolderFiles() {
  if (lock_fd_ >= 0)
    ::close(lock_fd_);
  ::close(fd_);
}

Error FolderFiles::error(const std::string &path, const char *what) const {
  return Error{folder_ + "/" + path + ": " + what + ": " + std::strerror(errno)};
}

Status FolderFiles::lock() {
  if (lock_fd_ >= 0)
    return {};
  WARRANT_TRY(make_directory(".state"));
  Fd fd(::openat(fd_, kLockFile, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (fd.get() < 0)
    return error(kLockFile, "cannot open");
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK
               ? Error{folder_ +
                       ": another process is writing this log: another warrantd runs "
                       "already (see `systemctl status warrantd`)"}
               : error(kLockFile, "cannot lock");
  lock_fd_ = fd.release();
  return {};
}

Result<std::optional<Bytes>> FolderFiles::read(const std::string &path, size_t limit) {
  const Fd fd(::openat(fd_, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (fd.get() < 0 && (errno == ENOENT || errno == ENOTDIR))
    return std::optional<Bytes>();
  struct stat status {};
  if (fd.get() < 0 || ::fstat(fd.get(), &status) != 0)
    return error(path, "cannot open");
  if (!S_ISREG(status.st_mode))
    return Error{folder_ + "/" + path + ": not a regular file"};
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size > limit)
    return Error{folder_ + "/" + path + ": larger than " + std::to_string(limit) + " bytes"};
  Bytes bytes(size);
  const ssize_t got = read_whole(fd.get(), bytes);
  if (got < 0)
    return error(path, "cannot read");
  bytes.resize(static_cast<size_t>(got));
  return std::optional(std::move(bytes));
}

Result<std::vector<std::string>> FolderFiles::list(const std::string &path) {
  std::vector<std::string> names;
  Fd fd(::openat(fd_, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 && errno == ENOENT)
    return names;
  const std::unique_ptr<DIR, DirectoryCloser> directory(fd.get() < 0 ? nullptr
                                                                     : ::fdopendir(fd.get()));
  if (!directory)
    return error(path, "cannot open");
  fd.release();
  errno = 0;
  while (const dirent *entry = ::readdir(directory.get()))
    if (const std::string name = entry->d_name; name != "." && name != "..")
      names.push_back(name);
  if (errno != 0)
    return error(path, "cannot list");
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::unique_ptr<LogFile>> FolderFiles::create(const std::string &path) {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
  const int fd = ::openat(fd_, path.c_str(), flags, kFileMode);
  if (fd < 0)
    return error(path, "cannot create");
  return std::unique_ptr<LogFile>(std::make_unique<FolderFile>(fd, folder_ + "/" + path));
}

Status FolderFiles::make_directory(const std::string &path) {
  if (::mkdirat(fd_, path.c_str(), kDirectoryMode) != 0 && errno != EEXIST)
    return error(path, "cannot make this directory");
  return {};
}

Status FolderFiles::rename(const std::string &from, const std::string &to) {
  if (::renameat(fd_, from.c_str(), fd_, to.c_str()) != 0)
    return error(to, "cannot rename into place");
  return {};
}

// Neither a link nor a mount leads to a name that is removed: it would be another folder's.
Status FolderFiles::remove(const std::string &path) {
  const std::string parent = directory_of(path);
  const std::string name = path.substr(path.rfind('/') + 1); // npos + 1 is 0
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  const Fd folder(static_cast<int>(::syscall(SYS_openat2, fd_, parent.c_str(), &how, sizeof(how))));
  if (folder.get() < 0)
    return errno == ENOENT ? Status() : Status(error(parent, "cannot open, to remove files there"));
  if (::unlinkat(folder.get(), name.c_str(), 0) == 0 || errno == ENOENT)
    return {};
  if (errno == EISDIR && ::unlinkat(folder.get(), name.c_str(), AT_REMOVEDIR) == 0)
    return {};
  return error(path, "cannot remove");
}

Status LogFiles::sync_files(std::span<LogFile *const> files) {
  Status first;
  for (LogFile *file : files)
    if (Status synced = file->sync(); !synced.ok() && first.ok())
      first = std::move(synced);
  return first;
}

Status FolderFiles::sync_files(std::span<LogFile *const> files) {
  std::atomic<size_t> next = 0;
  std::vector<Status> synced(files.size());
  const auto sync_some = [&] {
    for (size_t i = next++; i < files.size(); i = next++)
      synced[i] = files[i]->sync();
  };
  {
    std::vector<std::jthread> others;
    try {
      while (others.size() + 1 < std::min(files.size(), kSyncThreads))
        others.emplace_back(sync_some);
    } catch (const std::system_error &) { // no more threads: those that there are do it
    }
    sync_some();
  }
  const auto failed =
      std::find_if(synced.begin(), synced.end(), [](const Status &status) { return !status.ok(); });
  return failed == synced.end() ? Status() : *failed;
}

Status FolderFiles::sync_directory(const std::string &path) {
  const Fd fd(::openat(fd_, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0)
    return error(path, "cannot sync directory");
  return {};
}

} // namespace warrant
