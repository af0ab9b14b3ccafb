// SPDX-License-Identifier: Apache-2.0
#include "lineage/line_sequence.h"

#include <algorithm>
#include <utility>

#include "lineage/log_snapshot.h"
#include "lineage/log_state.h"
#include "lineage/tile_reader.h"

namespace warrant {

Result<FileSequence> FileSequence::open(const std::string &path) {
  if (!is_log_folder(path))
    return FileSequence(path, WARRANT_TRY(RecordReader::open(path, LastLine::kMayBeTorn)), 0);
  LogSnapshot log = WARRANT_TRY(LogSnapshot::open(path));
  const uint64_t first = log.first();
  return FileSequence(path, RecordReader(log_lines(std::move(log), path)), first);
}

// An entry of a log is found by its number; lines of a file are skipped, not parsed: a hundred
// times as fast.
Result<bool> FileSequence::seek(uint64_t index) {
  if (index == next_)
    return true;
  if (reader_.place().is_entry) {
    LogSnapshot log = WARRANT_TRY(LogSnapshot::open(path_));
    if (log.size() < index || index < log.first())
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

// A copy without the writer's state has none: it is not continued, but copied anew.
Result<std::optional<SequenceRoot>> FileSequence::root(uint64_t limit) {
  if (!reader_.place().is_entry)
    return std::optional<SequenceRoot>();
  const std::unique_ptr<FolderFiles> files = WARRANT_TRY(FolderFiles::open(path_));
  const std::optional<Bytes> bytes = WARRANT_TRY(files->read(kLogStateFile, kMaxLogStateSize));
  if (!bytes)
    return std::optional<SequenceRoot>();
  const LogState state = WARRANT_TRY(parse_log_state(text_of(*bytes)));
  SequenceRoot root{std::min(limit, state.size), {}};
  TileReader tiles(*files, state.size);
  root.root = WARRANT_TRY(tree_root(root.size, tiles.hashes()));
  return std::optional(root);
}

} // namespace warrant
