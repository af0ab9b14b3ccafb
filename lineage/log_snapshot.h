// SPDX-License-Identifier: Apache-2.0
// The entries of a log on disk as they are at one moment, also while its writer is at work.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "artifacts/result.h"
#include "lineage/log_files.h"
#include "lineage/tile_reader.h"
#include "lineage/wal.h"

namespace warrant {

/// Entries that lie in bundles, and behind them those that only the write-ahead file has. Of a copy
/// without the writer's state: those under its checkpoint. Nothing of it is verified: verify_log()
/// does that.
class LogSnapshot {
 public:
  /// Takes no lock and writes nothing. Errors: no log there; a file of it that cannot be read.
  static Result<LogSnapshot> open(const std::string &folder);

  uint64_t size() const { return tiles_->size() + tail_.entries.size(); }
  /// Of the first entry that was not pruned; size() at most.
  uint64_t first() const { return first_; }
  /// The view holds until the next call. Errors: no such entry, or no more; its bundle is missing
  /// or damaged.
  Result<ByteView> entry(uint64_t index);

 private:
  LogSnapshot(std::unique_ptr<LogFiles> files, uint64_t size, uint64_t first);

  std::unique_ptr<LogFiles> files_;
  std::unique_ptr<TileReader> tiles_;
  Bytes wal_;
  WalContent tail_; // views into wal_
  std::optional<Bundle> bundle_;
  uint64_t bundle_index_ = 0;
  uint64_t first_ = 0;
};

/// Whether a folder looks like a log, so that LogSnapshot may be asked for its entries.
bool is_log_folder(const std::string &folder);

} // namespace warrant
