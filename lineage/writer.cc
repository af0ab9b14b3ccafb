// SPDX-License-Identifier: Apache-2.0
#include "lineage/writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace warrant {
namespace {

constexpr mode_t kMode = 0640;

Error system_error(const std::string &path, const char *what) {
  return Error{path + ": " + what + ": " + std::strerror(errno)};
}

// A new name is durable only when its directory is.
Status sync_directory(const std::string &directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return system_error(directory, "cannot open");
  const bool synced = ::fsync(fd) == 0;
  const Error error = system_error(directory, "cannot sync");
  ::close(fd);
  if (!synced)
    return error;
  return {};
}

// The offset behind the last newline at or before `end`; 0 if there is none.
Result<uint64_t> end_of_last_line(int fd, const std::string &path, uint64_t end) {
  char block[4096];
  while (end > 0) {
    const size_t size = end < sizeof block ? static_cast<size_t>(end) : sizeof block;
    const ssize_t got = ::pread(fd, block, size, static_cast<off_t>(end - size));
    if (got != static_cast<ssize_t>(size))
      return system_error(path, "cannot read");
    if (const void *newline = ::memrchr(block, '\n', size))
      return end - size + static_cast<size_t>(static_cast<const char *>(newline) - block) + 1;
    end -= size;
  }
  return end;
}

// Whether the line that ends at `end` has a NUL in it: after a power loss, blocks that were never
// written read as zeros.
Result<bool> has_hole(int fd, const std::string &path, uint64_t start, uint64_t end) {
  char block[4096];
  while (start < end) {
    const size_t size =
        end - start < sizeof block ? static_cast<size_t>(end - start) : sizeof block;
    const ssize_t got = ::pread(fd, block, size, static_cast<off_t>(start));
    if (got != static_cast<ssize_t>(size))
      return system_error(path, "cannot read");
    if (std::memchr(block, 0, size))
      return true;
    start += size;
  }
  return false;
}

// How much of the file is whole lines.
Result<uint64_t> intact_size(int fd, const std::string &path, uint64_t size) {
  uint64_t end = WARRANT_TRY(end_of_last_line(fd, path, size));
  while (end > 0) {
    const uint64_t start = WARRANT_TRY(end_of_last_line(fd, path, end - 1));
    if (!WARRANT_TRY(has_hole(fd, path, start, end)))
      break;
    end = start;
  }
  return end;
}

// An error would come back each time that its owner tries again, and stop all that waits behind it.
Record too_large(const Record &record, size_t size) {
  const std::string cause =
      "record " + record.id + " of " + std::to_string(size) + " bytes is too large to be written";
  return make_record(record.origin, record.time, Gap{1, cause});
}

} // namespace

std::string lineage_file_name(const std::string &boot) {
  return "lineage-" + boot + ".jsonl";
}

Result<std::unique_ptr<JsonLinesWriter>> JsonLinesWriter::open(const std::string &directory,
                                                               const Origin &origin,
                                                               const Moment &now) {
  if (!is_boot_id(origin.boot))
    return Error{directory + ": not a boot id: " + Text(origin.boot).escaped()};
  const std::string path = directory + "/" + lineage_file_name(origin.boot);
  const int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  const int fd = ::open(path.c_str(), flags, kMode);
  if (fd < 0)
    return system_error(path, "cannot open");
  std::unique_ptr<JsonLinesWriter> writer(new JsonLinesWriter(fd, path));
  WARRANT_TRY(writer->take_lock());
  WARRANT_TRY(sync_directory(directory));
  WARRANT_TRY(writer->cut_torn_tail());
  if (writer->torn_bytes_ > 0) {
    const std::string cause = "the last line was torn: " + std::to_string(writer->torn_bytes_) +
                              " bytes that were never committed were cut off";
    WARRANT_TRY(writer->append(make_record(origin, now, Gap{0, cause})));
    WARRANT_TRY(writer->commit());
  }
  return writer;
}

JsonLinesWriter::~JsonLinesWriter() {
  ::close(fd_);
}

Status JsonLinesWriter::take_lock() const {
  struct stat status {};
  if (::fstat(fd_, &status) != 0)
    return system_error(path_, "cannot stat");
  if (!S_ISREG(status.st_mode))
    return Error{path_ + ": not a regular file"};
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK
               ? Error{path_ +
                       ": another process is writing it: another warrantd runs already "
                       "(see `systemctl status warrantd`, `warrant status`)"}
               : system_error(path_, "cannot lock");
  // The mode that was asked for at creation went through the umask.
  if ((status.st_mode & 07777) != kMode && ::fchmod(fd_, kMode) != 0)
    return system_error(path_, "cannot set mode 0640");
  return {};
}

Status JsonLinesWriter::cut_torn_tail() {
  struct stat status {};
  if (::fstat(fd_, &status) != 0)
    return system_error(path_, "cannot stat");
  const auto size = static_cast<uint64_t>(status.st_size);
  durable_size_ = WARRANT_TRY(intact_size(fd_, path_, size));
  torn_bytes_ = size - durable_size_;
  if (torn_bytes_ > 0 && ::ftruncate(fd_, static_cast<off_t>(durable_size_)) != 0)
    return system_error(path_, "cannot cut off a torn last line");
  // Whole lines of a batch that was never committed stay: they are true. From here on they count.
  if (::fdatasync(fd_) != 0)
    return system_error(path_, "cannot sync");
  return {};
}

Status JsonLinesWriter::append(const Record &record) {
  if (has_failed())
    return Error{failure_};
  std::string line = record_to_line(record);
  if (line.size() > kMaxRecordSize)
    line = record_to_line(too_large(record, line.size()));
  if (batch_.size() + line.size() + 1 > kBatchSize)
    return Error{path_ + ": the batch is full; commit it first"};
  batch_ += line;
  batch_ += '\n';
  return {};
}

Status JsonLinesWriter::commit() {
  if (has_failed())
    return Error{failure_};
  if (batch_.empty())
    return {};
  WARRANT_TRY(write_batch());
  if (::fdatasync(fd_) != 0)
    return fail_for_good("cannot sync");
  durable_size_ += batch_.size();
  batch_.clear();
  return {};
}

Status JsonLinesWriter::write_batch() {
  size_t written = 0;
  while (written < batch_.size()) {
    const ssize_t got = ::write(fd_, batch_.data() + written, batch_.size() - written);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0) {
      const Error error = system_error(path_, "cannot write");
      if (::ftruncate(fd_, static_cast<off_t>(durable_size_)) != 0)
        return fail_for_good("cannot cut off a batch that was written in part");
      return error;
    }
    written += static_cast<size_t>(got);
  }
  return {};
}

Error JsonLinesWriter::fail_for_good(const std::string &what) {
  failure_ = path_ + ": " + what + ": " + std::strerror(errno) + "; nothing more is written to it";
  return Error{failure_};
}

} // namespace warrant
