// SPDX-License-Identifier: Apache-2.0
// Reads records back, one line at a time, in constant memory.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/result.h"
#include "lineage/line.h"
#include "lineage/record.h"

namespace warrant {

/// Where a record stands. Lines count from 1.
struct Place {
  std::string file;
  uint64_t line = 0;

  std::string text() const { return file + ":" + std::to_string(line); }
};

/// What a last line without its newline means: damage, or a writer at work (or a crash, which the
/// next writer repairs).
enum class LastLine { kMustEnd, kMayBeTorn };

class RecordReader {
 public:
  /// With a filter, next() parses only the lines that it keeps.
  static Result<RecordReader> open(const std::string &path, LastLine last = LastLine::kMustEnd,
                                   LineFilter filter = nullptr);

  /// The next line without its newline; nothing at the end. Errors name file and line: too long,
  /// not ended, unreadable. After an error about one line the next call goes on behind it. The view
  /// holds until the next call.
  Result<std::optional<std::string_view>> next_line();
  /// The next record; nothing at the end. Errors as above, and whatever parse_record() refuses.
  Result<std::optional<Record>> next();
  /// After an error: whether it was about one line only, so that reading can go on.
  bool is_readable() const { return std::ferror(file_.get()) == 0; }
  /// Of the line that was read last.
  const Place &place() const { return place_; }

 private:
  struct Closer {
    void operator()(std::FILE *file) const { std::fclose(file); }
  };
  using OpenFile = std::unique_ptr<std::FILE, Closer>;

  RecordReader(OpenFile file, std::string path, LastLine last, LineFilter filter)
      : file_(std::move(file)), place_{std::move(path), 0}, last_(last), filter_(filter) {}
  Error at_place(const std::string &what) const { return Error{place_.text() + ": " + what}; }

  OpenFile file_;
  Place place_;
  LastLine last_;
  LineFilter filter_;
  std::string line_;
};

/// All `lineage-*.jsonl` of a directory, in the order in which they were last written.
Result<std::vector<std::string>> lineage_files(const std::string &directory);

/// Shows each record of the files to `visit`, in order; stops at the first error.
Status visit_records(const std::vector<std::string> &files, LastLine last,
                     const std::function<void(const Record &, const Place &)> &visit,
                     LineFilter filter = nullptr);

} // namespace warrant
