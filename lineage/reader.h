// SPDX-License-Identifier: Apache-2.0
// Reads records back, one at a time: from a log, or from files of JSON lines.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "artifacts/result.h"
#include "lineage/line.h"
#include "lineage/line_source.h"
#include "lineage/record.h"

namespace warrant {

class RecordReader {
 public:
  /// A log if `path` is a folder, else a file. With a filter, next() parses only the lines that it
  /// keeps. `last` is about files.
  static Result<RecordReader> open(const std::string &path, LastLine last = LastLine::kMustEnd,
                                   LineFilter filter = nullptr);
  explicit RecordReader(std::unique_ptr<LineSource> lines, LineFilter filter = nullptr)
      : lines_(std::move(lines)), filter_(filter) {}

  /// The next line, as it is; see LineSource.
  Result<std::optional<std::string_view>> next_line() { return lines_->next(); }
  /// The next record; nothing at the end. Errors as above, and whatever parse_record() refuses.
  Result<std::optional<Record>> next();
  /// After an error: whether it was about one line only, so that reading can go on.
  bool is_readable() const { return lines_->is_readable(); }
  /// Of the line that was read last.
  const Place &place() const { return lines_->place(); }

 private:
  std::unique_ptr<LineSource> lines_;
  LineFilter filter_;
};

/// All `lineage-*.jsonl` of a directory, in the order in which they were last written, which
/// versions before the log left there; then the directory itself, if it is a log.
Result<std::vector<std::string>> lineage_files(const std::string &directory);

/// Whether any of those has a record; what cannot be read counts as one.
Result<bool> has_records(const std::string &directory);

/// "lineage-<boot id>.jsonl".
std::string lineage_file_name(const std::string &boot);

/// The records of one boot among those: of its file, if there is one, then of the log from where
/// the boot begins. No directory is an error, neither of them is none.
Result<std::vector<RecordReader>> boot_records(const std::string &directory,
                                               const std::string &boot,
                                               LineFilter filter = nullptr);

/// Shows each record of the files to `visit`, in order; stops at the first error.
Status visit_records(const std::vector<std::string> &files, LastLine last,
                     const std::function<void(const Record &, const Place &)> &visit,
                     LineFilter filter = nullptr);

} // namespace warrant
