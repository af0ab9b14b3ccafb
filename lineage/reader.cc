// SPDX-License-Identifier: Apache-2.0
#include "lineage/reader.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "lineage/tile.h"

namespace warrant {
namespace fs = std::filesystem;

namespace {

bool is_folder(const std::string &path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

// The first entry of the last run of entries that this boot wrote; the log's size if it wrote none.
// Only one boot writes at a time, so what stands in front of an entry of another one is older.
Result<uint64_t> first_of_boot(LogSnapshot &log, std::string_view boot) {
  uint64_t first = log.size();
  // Back by bundles, each of which is read once, then forward within one.
  uint64_t begin = first;
  while (begin > log.first()) {
    begin = (begin - 1) / kTileWidth * kTileWidth;
    if (boot_of_line(text_of(WARRANT_TRY(log.entry(begin)))) != boot)
      break;
    first = begin;
  }
  for (uint64_t index = begin; index < first; ++index)
    if (boot_of_line(text_of(WARRANT_TRY(log.entry(index)))) == boot)
      return index;
  return first;
}

} // namespace

Result<RecordReader> RecordReader::open(const std::string &path, LastLine last, LineFilter filter) {
  if (is_folder(path))
    return RecordReader(log_lines(WARRANT_TRY(LogSnapshot::open(path)), path), filter);
  return RecordReader(WARRANT_TRY(file_lines(path, last)), filter);
}

Result<std::optional<Record>> RecordReader::next() {
  std::optional<std::string_view> line = WARRANT_TRY(next_line());
  while (line && filter_ && !filter_(*line))
    line = WARRANT_TRY(next_line());
  if (!line)
    return std::optional<Record>();
  Result<Record> record = parse_record(*line);
  if (!record.ok())
    return std::move(record).error().context(place().text());
  return std::optional<Record>(std::move(record).value());
}

Result<std::vector<std::string>> lineage_files(const std::string &directory) {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, std::string>> found;
  fs::directory_iterator entry(directory, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with("lineage-") || !name.ends_with(".jsonl"))
      continue;
    const fs::file_time_type written = entry->last_write_time(error);
    found.emplace_back(written, entry->path().string());
  }
  if (error)
    return Error{directory + ": cannot read: " + error.message()};
  std::sort(found.begin(), found.end());
  std::vector<std::string> files;
  for (auto &[written, path] : found)
    files.push_back(std::move(path));
  if (is_log_folder(directory))
    files.push_back(directory);
  return files;
}

Result<bool> has_records(const std::string &directory) {
  for (const std::string &file : WARRANT_TRY(lineage_files(directory))) {
    Result<RecordReader> reader = RecordReader::open(file, LastLine::kMayBeTorn);
    if (!reader.ok())
      return true;
    const Result<std::optional<std::string_view>> line = reader.value().next_line();
    if (!line.ok() || line.value())
      return true;
  }
  return false;
}

std::string lineage_file_name(const std::string &boot) {
  return "lineage-" + boot + ".jsonl";
}

Result<std::vector<RecordReader>> boot_records(const std::string &directory,
                                               const std::string &boot, LineFilter filter) {
  std::vector<RecordReader> readers;
  for (const std::string &file : WARRANT_TRY(lineage_files(directory))) {
    if (file == directory) {
      LogSnapshot log = WARRANT_TRY(LogSnapshot::open(directory));
      const uint64_t first = WARRANT_TRY(first_of_boot(log, boot));
      readers.emplace_back(log_lines(std::move(log), directory, first), filter);
    } else if (file.ends_with("/" + lineage_file_name(boot))) {
      readers.emplace_back(WARRANT_TRY(file_lines(file, LastLine::kMayBeTorn)), filter);
    }
  }
  return readers;
}

Status visit_records(const std::vector<std::string> &files, LastLine last,
                     const std::function<void(const Record &, const Place &)> &visit,
                     LineFilter filter) {
  for (const std::string &file : files) {
    RecordReader reader = WARRANT_TRY(RecordReader::open(file, last, filter));
    while (const std::optional<Record> record = WARRANT_TRY(reader.next()))
      visit(*record, reader.place());
  }
  return {};
}

} // namespace warrant
