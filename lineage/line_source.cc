// SPDX-License-Identifier: Apache-2.0
#include "lineage/line_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "lineage/record.h"

namespace warrant {
namespace {

Error at_place(const Place &place, const std::string &what) {
  return Error{place.text() + ": " + what};
}

class FileLines final : public LineSource {
 public:
  struct Closer {
    void operator()(std::FILE *file) const { std::fclose(file); }
  };
  using OpenFile = std::unique_ptr<std::FILE, Closer>;

  FileLines(OpenFile file, const std::string &path, LastLine last)
      : file_(std::move(file)), place_{path}, last_(last) {}

  Result<std::optional<std::string_view>> next() override {
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
      return at_place(place_, "line of more than " + std::to_string(kMaxRecordSize) + " bytes");
    if (torn)
      return at_place(place_, "the last line does not end: the file was cut off");
    return std::optional<std::string_view>(line_);
  }
  bool is_readable() const override { return std::ferror(file_.get()) == 0; }
  const Place &place() const override { return place_; }

 private:
  OpenFile file_;
  Place place_;
  LastLine last_;
  std::string line_;
};

class LogLines final : public LineSource {
 public:
  LogLines(LogSnapshot log, const std::string &folder, uint64_t first)
      : log_(std::move(log)), place_{folder, 0, true}, next_(first) {}

  Result<std::optional<std::string_view>> next() override {
    if (next_ >= log_.size())
      return std::optional<std::string_view>();
    place_.line = next_++;
    const Result<ByteView> entry = log_.entry(place_.line);
    if (!entry.ok()) {
      is_readable_ = false;
      next_ = log_.size();
      return Error(entry.error()).context(place_.file);
    }
    const std::string_view line = text_of(entry.value());
    if (line.find('\n') != std::string_view::npos)
      return at_place(place_, "a line break in it");
    return std::optional(line);
  }
  bool is_readable() const override { return is_readable_; }
  const Place &place() const override { return place_; }

 private:
  LogSnapshot log_;
  Place place_;
  uint64_t next_;
  bool is_readable_ = true;
};

} // namespace

Result<std::unique_ptr<LineSource>> file_lines(const std::string &path, LastLine last) {
  // O_NONBLOCK: a FIFO by that name must not hang its reader.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return Error{path + ": cannot open: " + std::strerror(errno)};
  FileLines::OpenFile file(::fdopen(fd, "r"));
  if (!file) {
    ::close(fd);
    return Error{path + ": cannot open: " + std::strerror(errno)};
  }
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
    return Error{path + ": not a regular file"};
  return std::unique_ptr<LineSource>(std::make_unique<FileLines>(std::move(file), path, last));
}

std::unique_ptr<LineSource> log_lines(LogSnapshot log, const std::string &folder, uint64_t first) {
  return std::make_unique<LogLines>(std::move(log), folder, first);
}

} // namespace warrant
