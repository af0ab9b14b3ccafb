// SPDX-License-Identifier: Apache-2.0
// Records into the log: in batches that are durable together.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "artifacts/result.h"
#include "lineage/record.h"
#include "lineage/tlog.h"

namespace warrant {

/// Takes records in order and makes them durable in batches. A record counts as written only when a
/// commit() after its append() has succeeded.
class LogWriter {
 public:
  /// Bytes that a batch holds at most; some thousand records.
  static constexpr size_t kBatchSize = 4u << 20;

  /// Errors: those of TransparencyLog::open(); what it found is in log().opening().
  static Result<std::unique_ptr<LogWriter>> open(std::unique_ptr<LogFiles> files, NoteSigner signer,
                                                 const LogOptions &options = {});

  /// Takes a record into the batch. One that is too large for the log is replaced by a gap record.
  /// An error means that it was not taken: the batch is full (commit, then append again).
  Status append(const Record &record);
  /// Makes everything that was appended durable, by one sync. After an error the batch is still
  /// there and may be committed again, unless has_failed().
  Status commit();
  /// See TransparencyLog.
  Result<bool> checkpoint_if_due(int64_t now) { return log_->checkpoint_if_due(now); }
  Status checkpoint() { return log_->checkpoint(); }
  /// Whether nothing can be written any more and only a new writer may help.
  bool has_failed() const { return log_->has_failed(); }

  /// That the first `size` entries have this root; before anything is appended. Error: they have
  /// not, or are not all there.
  Status check_contains(uint64_t size, const Hash &root);

  /// Gives up the first `entries`, a multiple of kTileWidth: records that, signs a checkpoint over
  /// it, then removes them. What was appended before is committed with it. Errors: more than the
  /// last checkpoint has, or no more than were pruned before; those of TransparencyLog.
  Status prune(uint64_t entries, const Origin &origin, const Moment &time, const Caller &caller);

  const NoteKey &key() const { return signer_.key(); }
  const TransparencyLog &log() const { return *log_; }

 private:
  LogWriter(std::unique_ptr<LogFiles> files, NoteSigner signer)
      : files_(std::move(files)), signer_(std::move(signer)) {}

  std::unique_ptr<LogFiles> files_;
  NoteSigner signer_;
  std::unique_ptr<TransparencyLog> log_; // refers to both
  std::vector<std::string> batch_;
  size_t batch_size_ = 0;
};

} // namespace warrant
