// SPDX-License-Identifier: Apache-2.0
// The disk as the log sees it: few operations, each of which a test can let fail or lose.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/result.h"

namespace warrant {

/// "a/b" of "a/b/c"; "." of "c".
std::string directory_of(const std::string &path);

/// A file that was created and is being written. Closed when it goes.
class LogFile {
 public:
  virtual ~LogFile() = default;
  /// All of it, or an error after any part of it.
  virtual Status append(ByteView bytes) = 0;
  /// Lets the disk begin with what sync() will wait for. A hint.
  virtual void start_sync() {}
  /// Content and size are durable. After an error nobody knows what is, and a second call might
  /// succeed without having written: whoever gets one must give up the file.
  virtual Status sync() = 0;
  virtual Status truncate(uint64_t size) = 0;
};

/// A folder. Paths are relative to it, with "/" between names; "." is the folder itself. Errors
/// name folder and path.
class LogFiles {
 public:
  virtual ~LogFiles() = default;
  /// Makes this the only writer until it goes. Error: there is another one.
  virtual Status lock() = 0;
  /// The whole file; nothing if there is none. Errors: larger than `limit`; no regular file.
  virtual Result<std::optional<Bytes>> read(const std::string &path, size_t limit) = 0;
  /// The names in a directory; none if it is not there.
  virtual Result<std::vector<std::string>> list(const std::string &path) = 0;
  /// Error: it exists.
  virtual Result<std::unique_ptr<LogFile>> create(const std::string &path) = 0;
  /// It may exist already; what it lies in must.
  virtual Status make_directory(const std::string &path) = 0;
  /// Replaces `to`.
  virtual Status rename(const std::string &from, const std::string &to) = 0;
  /// A file or an empty directory; none there is no error.
  virtual Status remove(const std::string &path) = 0;
  /// What was created, renamed and removed in it is durable.
  virtual Status sync_directory(const std::string &path) = 0;
  /// sync() of each; the first error, after all were tried.
  virtual Status sync_files(std::span<LogFile *const> files);
};

/// A real folder. Directories are made with mode 0750, files with 0640.
class FolderFiles final : public LogFiles {
 public:
  /// Error: it is no directory.
  static Result<std::unique_ptr<FolderFiles>> open(const std::string &folder);
  ~FolderFiles() override;
  FolderFiles(const FolderFiles &) = delete;
  FolderFiles &operator=(const FolderFiles &) = delete;

  Status lock() override;
  Result<std::optional<Bytes>> read(const std::string &path, size_t limit) override;
  Result<std::vector<std::string>> list(const std::string &path) override;
  Result<std::unique_ptr<LogFile>> create(const std::string &path) override;
  Status make_directory(const std::string &path) override;
  Status rename(const std::string &from, const std::string &to) override;
  Status remove(const std::string &path) override;
  Status sync_directory(const std::string &path) override;
  /// By several threads, which end before it returns: a disk flushes once for many that wait, and
  /// each by itself costs a flush (ext4 on this project's machine: 130 ms for 64 files one behind
  /// the other, 2 to 65 ms together).
  Status sync_files(std::span<LogFile *const> files) override;

 private:
  FolderFiles(std::string folder, int fd) : folder_(std::move(folder)), fd_(fd) {}
  Error error(const std::string &path, const char *what) const;

  std::string folder_;
  int fd_;
  int lock_fd_ = -1;
};

} // namespace warrant
