// SPDX-License-Identifier: Apache-2.0
// Files that are all there, durably, or not at all; and the end of all writing when a disk does not
// sync.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "lineage/log_files.h"

namespace warrant {

struct NewFile {
  std::string path;
  Bytes bytes;
};

class DurableFiles {
 public:
  /// Where files are written before they get their names.
  static constexpr const char *kNewDirectory = ".state/new";

  /// `files` must outlive it.
  explicit DurableFiles(LogFiles &files) : files_(files) {}

  /// Removes what a crash left half written. Once, before anything else.
  Status prepare();
  /// Puts every file in its place, making directories as needed. Each is either what was there
  /// before or the whole new one, whenever the power fails; on success all are durable. An error
  /// may leave some of them in place, and the call may be repeated unless has_failed().
  Status replace(std::span<const NewFile> files);
  /// Likewise, and hands out the file, open for appending.
  Result<std::unique_ptr<LogFile>> replace_and_open(const NewFile &file);
  Status sync(LogFile &file);
  Status sync_directory(const std::string &path);

  /// It was removed; whatever is put into it later makes it anew.
  void forget_directory(const std::string &path) { known_.erase(path); }

  LogFiles &files() { return files_; }
  /// A sync has failed, or what had to be undone could not be: nothing is written any more. The
  /// kernel may have dropped the pages and report success the next time (fsyncgate).
  bool has_failed() const { return !failure_.empty(); }
  /// An error once it has.
  Status check() const;
  Error fail_for_good(const Error &cause);

 private:
  struct Written {
    std::unique_ptr<LogFile> file;
    std::string temporary;
  };
  Result<Written> write(const NewFile &file);
  Status put_group(std::span<const NewFile> files, std::vector<Written> &written);
  Status make_directories_of(const std::string &path);
  Status sync_touched();

  LogFiles &files_;
  uint64_t next_temporary_ = 0;
  std::set<std::string> known_;   // directories whose names are durable
  std::set<std::string> made_;    // directories that are there; durable after the next sync
  std::set<std::string> touched_; // directories to sync
  std::string failure_;
};

} // namespace warrant
