// SPDX-License-Identifier: Apache-2.0
// Where the lines of records come from: a file of JSON lines, or the entries of a log.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "artifacts/result.h"
#include "lineage/log_snapshot.h"

namespace warrant {

/// Where a record stands. Lines of a file count from 1, entries of a log from 0.
struct Place {
  std::string file;
  uint64_t line = 0;
  bool is_entry = false;

  std::string text() const { return file + (is_entry ? ": entry " : ":") + std::to_string(line); }
};

/// What a last line without its newline means: damage, or a writer at work (or a crash, which the
/// next writer repairs).
enum class LastLine { kMustEnd, kMayBeTorn };

class LineSource {
 public:
  virtual ~LineSource() = default;
  /// The next line without its newline; nothing at the end. Errors name the place; after one about
  /// a single line the next call goes on behind it. The view holds until the next call.
  virtual Result<std::optional<std::string_view>> next() = 0;
  /// After an error: whether it was about one line only.
  virtual bool is_readable() const = 0;
  /// Of the line that was read last.
  virtual const Place &place() const = 0;
};

/// Error: it cannot be opened, or is no regular file.
Result<std::unique_ptr<LineSource>> file_lines(const std::string &path, LastLine last);

/// Entries from number `first` on, or from the first that was not pruned. `folder`: the name of the
/// log in errors.
std::unique_ptr<LineSource> log_lines(LogSnapshot log, const std::string &folder,
                                      uint64_t first = 0);

} // namespace warrant
