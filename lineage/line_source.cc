// SPDX-License-Identifier: Apache-2.0
#include "lineage/line_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "lineage/record.h"

namespace warrant {
namespace {

Error at_place(const Place &place, const std::string &what) {
  return Error{place.text() + ": " + what};
}

const std::string kTooLong = "line of more than " + std::to_string(kMaxRecordSize) + " bytes";

class FileLines final : public LineSource {
 public:
  struct Closer {
    void operator()(std::FILE *file) const { std::fclose(file); }
  };
  using OpenFile = std::unique_ptr<std::FILE, Closer>;

  FileLines(OpenFile file, const std::string &path, LastLine last)
      : file_(std::move(file)), place_{path}, last_(last) {}

  Result<std::optional<std::string_view>> next() override {
    size_t seen = 0; // of the line: without a newline
    bool too_long = false;
    for (;;) {
      const std::string_view rest(block_.data() + at_, block_.size() - at_);
      const size_t length = rest.find('\n', seen);
      if (length != std::string_view::npos) {
        at_ += length + 1;
        place_.line++;
        if (too_long || length > kMaxRecordSize)
          return at_place(place_, kTooLong);
        return std::optional(rest.substr(0, length));
      }
      seen = rest.size();
      if (seen > kMaxRecordSize) { // keeps none of it
        too_long = true;
        at_ = block_.size();
        seen = 0;
      }
      if (WARRANT_TRY(fill()))
        continue;
      if ((seen == 0 && !too_long) || last_ == LastLine::kMayBeTorn)
        return std::optional<std::string_view>();
      at_ = block_.size();
      place_.line++;
      return at_place(place_,
                      too_long ? kTooLong : "the last line does not end: the file was cut off");
    }
  }
  bool is_readable() const override { return !is_broken_; }
  const Place &place() const override { return place_; }

 private:
  // More of the file behind what is left of the block; false at its end.
  Result<bool> fill() {
    constexpr size_t kBlock = size_t{256} << 10;
    block_.erase(block_.begin(), block_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
    const size_t left = block_.size();
    block_.resize(left + kBlock);
    const size_t got = std::fread(block_.data() + left, 1, kBlock, file_.get());
    block_.resize(left + got);
    is_broken_ = std::ferror(file_.get()) != 0;
    if (is_broken_)
      return Error{place_.file + ": cannot read: " + std::strerror(errno)};
    return got > 0;
  }

  OpenFile file_;
  std::vector<char> block_; // of the file: whole lines, the last one perhaps cut
  size_t at_ = 0;           // of the next line in it
  bool is_broken_ = false;
  Place place_;
  LastLine last_;
};

class LogLines final : public LineSource {
 public:
  LogLines(LogSnapshot log, const std::string &folder, uint64_t first)
      : log_(std::move(log)), place_{folder, 0, true}, next_(std::max(first, log_.first())) {}

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
