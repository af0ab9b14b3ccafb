// SPDX-License-Identifier: Apache-2.0
// The log's write-ahead file: what was acknowledged and does not lie in bundles and tiles yet.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lineage/durable_files.h"
#include "lineage/merkle.h"

namespace warrant {

inline constexpr const char *kWalFile = ".state/wal";
/// Of the payload of one batch: entries and their lengths.
inline constexpr size_t kMaxBatchSize = 16u << 20;
inline constexpr size_t kMaxBatchEntries = 65536;
/// Of the file: batches up to the writer's limit, and one more.
inline constexpr size_t kMaxWalSize = 64u << 20;

/// A random number that begins every batch of one file, so that no entry can pretend to be one.
using WalMark = std::array<uint8_t, 16>;

class Wal {
 public:
  /// Puts an empty one in place of what there was.
  static Result<Wal> create(DurableFiles &files);

  /// Makes a batch durable: one write, one sync. `leaves` are the entries' hashes. After an error
  /// that is not for good the batch is not in the file.
  Status append(uint64_t first, std::span<const ByteView> entries, std::span<const Hash> leaves);
  /// Forgets all batches; they are elsewhere.
  Status reset();
  uint64_t size() const { return size_; }

 private:
  Wal(DurableFiles &files, std::unique_ptr<LogFile> file, const WalMark &mark);
  DurableFiles *files_;
  std::unique_ptr<LogFile> file_;
  WalMark mark_;
  uint64_t size_;
  Bytes batch_; // kept for its memory
};

/// What a write-ahead file holds behind the entries that the log has already.
struct WalContent {
  std::vector<ByteView> entries; ///< views into the file's bytes
  std::vector<Hash> leaves;
  uint64_t torn_bytes = 0; ///< of a batch at the end that was not acknowledged
};

/// `next` is the number of entries that the log has. A last batch that is not whole was never
/// acknowledged and is left out. Errors: no such file; a batch that is not whole before one that
/// is; entries missing before the first.
Result<WalContent> read_wal(ByteView bytes, uint64_t next);

} // namespace warrant
