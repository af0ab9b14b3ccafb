// SPDX-License-Identifier: Apache-2.0
#include "lineage/reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace warrant {
namespace fs = std::filesystem;

Result<RecordReader> RecordReader::open(const std::string &path, LastLine last, LineFilter filter) {
  // O_NONBLOCK: a FIFO by that name must not hang its reader.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return Error{path + ": cannot open: " + std::strerror(errno)};
  OpenFile file(::fdopen(fd, "r"));
  if (!file) {
    ::close(fd);
    return Error{path + ": cannot open: " + std::strerror(errno)};
  }
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
    return Error{path + ": not a regular file"};
  return RecordReader(std::move(file), path, last, filter);
}

Result<std::optional<std::string_view>> RecordReader::next_line() {
  line_.clear();
  bool too_long = false;
  int c = EOF;
  while ((c = ::getc_unlocked(file_.get())) != EOF && c != '\n') {
    too_long = too_long || line_.size() == kMaxRecordSize;
    if (!too_long)
      line_ += static_cast<char>(c);
  }
  if (std::ferror(file_.get()))
    return Error{place_.file + ": cannot read: " + std::strerror(errno)};
  const bool torn = c == EOF;
  if (torn && (line_.empty() || last_ == LastLine::kMayBeTorn))
    return std::optional<std::string_view>();
  place_.line++;
  if (too_long)
    return at_place("line of more than " + std::to_string(kMaxRecordSize) + " bytes");
  if (torn)
    return at_place("the last line does not end: the file was cut off");
  return std::optional<std::string_view>(line_);
}

Result<std::optional<Record>> RecordReader::next() {
  std::optional<std::string_view> line = WARRANT_TRY(next_line());
  while (line && filter_ && !filter_(*line))
    line = WARRANT_TRY(next_line());
  if (!line)
    return std::optional<Record>();
  Result<Record> record = parse_record(*line);
  if (!record.ok())
    return at_place(record.error().message);
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
  return files;
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
