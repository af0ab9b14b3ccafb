// SPDX-License-Identifier: Apache-2.0
#include "lineage/line_sequence.h"

#include <utility>

#include "lineage/log_snapshot.h"

namespace warrant {

Result<FileSequence> FileSequence::open(const std::string &path) {
  return FileSequence(path, WARRANT_TRY(RecordReader::open(path, LastLine::kMayBeTorn)));
}

// An entry of a log is found by its number; lines of a file are skipped, not parsed: a hundred times
// as fast.
Result<bool> FileSequence::seek(uint64_t index) {
  if (index == next_)
    return true;
  if (reader_.place().is_entry) {
    LogSnapshot log = WARRANT_TRY(LogSnapshot::open(path_));
    if (log.size() < index)
      return false;
    reader_ = RecordReader(log_lines(std::move(log), path_, index));
    next_ = index;
    return true;
  }
  if (index < next_) {
    reader_ = WARRANT_TRY(RecordReader::open(path_, LastLine::kMayBeTorn));
    next_ = 0;
  }
  while (next_ < index) {
    const Result<std::optional<std::string_view>> line = next();
    if (!line.ok() && !reader_.is_readable())
      return line.error();
    if (line.ok() && !line.value())
      return false;
  }
  return true;
}

Result<std::optional<std::string_view>> FileSequence::next() {
  Result<std::optional<std::string_view>> line = reader_.next_line();
  // A line that is too long counts too: it has its index.
  if (line.ok() ? line.value().has_value() : reader_.is_readable())
    next_++;
  return line;
}

} // namespace warrant
