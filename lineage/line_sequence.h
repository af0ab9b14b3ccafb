// SPDX-License-Identifier: Apache-2.0
// The records of one log, in order, by their index: all that an index or an export needs to know
// of how logs lie on disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "artifacts/result.h"
#include "lineage/merkle.h"
#include "lineage/reader.h"

namespace warrant {

/// The Merkle tree over the first records of a log.
struct SequenceRoot {
  uint64_t size = 0; ///< records
  Hash root = empty_root();

  friend bool operator==(const SequenceRoot &, const SequenceRoot &) = default;
};

class LineSequence {
 public:
  virtual ~LineSequence() = default;
  /// Tells this log from others.
  virtual const std::string &name() const = 0;
  /// The index of the first record that is there: those before it were pruned.
  virtual uint64_t first() const = 0;
  /// The record of this index is the next one. False: there are not so many before it.
  virtual Result<bool> seek(uint64_t index) = 0;
  /// The next record's line without a newline; nothing at the end, as far as it is written by now.
  /// The view holds until the next call.
  virtual Result<std::optional<std::string_view>> next() = 0;
  /// After an error: whether it was about one record only, so that next() goes on behind it.
  virtual bool is_readable() const = 0;
  /// Where the record stands that was read last, for a person.
  virtual std::string place() const = 0;
  /// The largest tree of at most so many records that the log tells of. Nothing: it has none, as
  /// files of lines have none. What it tells is not verified.
  virtual Result<std::optional<SequenceRoot>> root(uint64_t limit) = 0;
};

/// A log, as it is when it is opened or sought, or a file of lines; a line that is not ended is not
/// there yet.
class FileSequence final : public LineSequence {
 public:
  static Result<FileSequence> open(const std::string &path);

  const std::string &name() const override { return path_; }
  uint64_t first() const override { return first_; }
  Result<bool> seek(uint64_t index) override;
  Result<std::optional<std::string_view>> next() override;
  bool is_readable() const override { return reader_.is_readable(); }
  std::string place() const override { return reader_.place().text(); }
  Result<std::optional<SequenceRoot>> root(uint64_t limit) override;

 private:
  FileSequence(std::string path, RecordReader reader, uint64_t first)
      : path_(std::move(path)), reader_(std::move(reader)), first_(first), next_(first) {}

  std::string path_;
  RecordReader reader_;
  uint64_t first_ = 0;
  uint64_t next_ = 0; // index of the record that comes next
};

} // namespace warrant
