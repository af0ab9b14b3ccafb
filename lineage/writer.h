// SPDX-License-Identifier: Apache-2.0
// Where records go so that they stay: the interface, and the append-only file behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "artifacts/result.h"
#include "lineage/record.h"

namespace warrant {

/// Takes records in order and makes them durable in batches. A record counts as written only when a
/// commit() after its append() has succeeded.
class RecordWriter {
 public:
  virtual ~RecordWriter() = default;

  /// Takes a record into the batch. An error means that it was not taken: it is too large, the
  /// batch is full (commit, then append again) or the writer has failed for good.
  virtual Status append(const Record &record) = 0;
  /// Makes everything that was appended durable. After an error the batch is still there and may be
  /// committed again, unless has_failed().
  virtual Status commit() = 0;
  /// Whether nothing can be written any more and only a new writer may help.
  virtual bool has_failed() const = 0;
};

/// One file per boot, `lineage-<boot id>.jsonl`, one record a line, mode 0640. One writer at a
/// time, by flock. commit() is one write and one fdatasync.
class JsonLinesWriter final : public RecordWriter {
 public:
  /// Bytes that a batch holds at most; some thousand records.
  static constexpr size_t kBatchSize = 4 * 1024 * 1024;

  /// Opens or creates the file of this boot in `directory`, which must exist. A last line that a
  /// crash left without its end is cut off, and a gap record takes its place before open() returns.
  /// Errors name the file: another writer has it, it is no regular file, it cannot be written.
  static Result<std::unique_ptr<JsonLinesWriter>> open(const std::string &directory,
                                                       const Origin &origin, const Moment &now);
  ~JsonLinesWriter() override;
  JsonLinesWriter(const JsonLinesWriter &) = delete;
  JsonLinesWriter &operator=(const JsonLinesWriter &) = delete;

  Status append(const Record &record) override;
  /// Out of space or out of file size: what was written of the batch is cut off again, the batch
  /// stays. If the disk refuses to sync or to cut, the writer has failed for good: the kernel may
  /// have dropped the pages and a second fdatasync would report success (fsyncgate).
  Status commit() override;
  bool has_failed() const override { return !failure_.empty(); }

  const std::string &path() const { return path_; }
  /// Bytes that open() cut off; 0 after a clean end.
  uint64_t torn_bytes() const { return torn_bytes_; }
  /// Of the file, as far as it is durable.
  uint64_t size() const { return durable_size_; }

 private:
  JsonLinesWriter(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  Status take_lock() const;
  Status cut_torn_tail();
  Status write_batch();
  Error fail_for_good(const std::string &what);

  int fd_;
  std::string path_;
  std::string batch_;
  std::string failure_;
  uint64_t durable_size_ = 0;
  uint64_t torn_bytes_ = 0;
};

/// "lineage-<boot id>.jsonl".
std::string lineage_file_name(const std::string &boot);

} // namespace warrant
