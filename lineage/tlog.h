// SPDX-License-Identifier: Apache-2.0
// An append-only log in a folder, as c2sp.org/tlog-tiles lays it out, that survives kill and power
// loss. See docs/adr/0020-lineage-log.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "artifacts/result.h"
#include "lineage/checkpoint.h"
#include "lineage/durable_files.h"
#include "lineage/log_state.h"
#include "lineage/note.h"
#include "lineage/pruned.h"
#include "lineage/tree_edge.h"
#include "lineage/wal.h"

namespace warrant {

struct LogOptions {
  /// Bytes of the write-ahead file, or of what waits in memory, from which on entries are moved
  /// into bundles and tiles without waiting for a checkpoint.
  size_t integrate_at = 16u << 20;
  /// When checkpoint_if_due() signs: so long after the last one, if there is anything new, or as
  /// soon as so many entries are new.
  int64_t checkpoint_nanoseconds = 10'000'000'000;
  uint64_t checkpoint_entries = 65536;
};

/// What open() found.
struct LogOpening {
  bool is_new = false;
  uint64_t replayed = 0;   ///< entries that were durable only in the write-ahead file
  uint64_t torn_bytes = 0; ///< of a batch that was never acknowledged, and is gone
};

/// One writer. Nothing here is for several threads.
class TransparencyLog {
 public:
  /// Opens the log of `signer`, whose name is its origin, or makes one in an empty folder. `files`
  /// and `signer` must outlive it. Refuses, with a reason: another writer; a file that is missing;
  /// tiles that do not give the root that was stored or, at its size, that of the last checkpoint;
  /// a checkpoint that another key signed; a log that is shorter than its checkpoint.
  static Result<std::unique_ptr<TransparencyLog>> open(LogFiles &files, const NoteSigner &signer,
                                                       const LogOptions &options = {});

  /// Makes a batch durable, by one sync, and returns the index of its first entry. An error means
  /// that none of it is in the log: an entry of more than kMaxEntrySize bytes, a batch over
  /// kMaxBatchSize or kMaxBatchEntries, a full disk (try again), or has_failed().
  Result<uint64_t> append(std::span<const ByteView> entries);
  /// Signs the tree of everything that was appended, after making its tiles durable. Does nothing
  /// when nothing is new. An error leaves the last checkpoint.
  Status checkpoint();
  /// checkpoint() when the options say so. `now` is of any clock that does not go back. Whether one
  /// was signed.
  Result<bool> checkpoint_if_due(int64_t now);

  /// Gives up the first entries for good: durably says so, then removes them. The entry that says
  /// it must be under the last checkpoint. Errors: that it is not; a removal that failed, which the
  /// next opening goes on with.
  Status prune(const Pruned &pruned);
  /// What was given up.
  const Pruned &pruned() const { return pruned_; }

  /// A sync has failed: nothing is written any more, and only a new opening may help.
  bool has_failed() const { return durable_.has_failed(); }
  /// Entries that are durable.
  uint64_t size() const { return edge_.size(); }
  /// Of the tree of all of them.
  Hash root() const { return edge_.root(); }
  /// The last one; nothing in a log that never had one.
  const std::optional<Checkpoint> &last_checkpoint() const { return checkpoint_; }
  const LogOpening &opening() const { return opening_; }

 private:
  TransparencyLog(LogFiles &files, const NoteSigner &signer, const LogOptions &options)
      : durable_(files), signer_(signer), options_(options) {}
  Status create();
  Status load(const LogState &state);
  Status load_checkpoint(TileReader &tiles, const LogState &state);
  Status check_pruned(TileReader &tiles) const;
  Status replay(ByteView wal);
  Status check_batch(std::span<const ByteView> entries) const;
  Status integrate();
  Status save_state();
  void note_partials(const std::vector<NewFile> &files);
  void remove_partials(const std::string &folder);

  DurableFiles durable_;
  const NoteSigner &signer_;
  LogOptions options_;
  TreeEdge edge_;
  uint64_t integrated_ = 0;               // entries that lie in bundles and tiles
  std::set<std::string> partial_folders_; // of tiles and bundles that are not full yet
  std::optional<Wal> wal_;
  std::optional<Checkpoint> checkpoint_;
  Pruned pruned_;
  std::optional<int64_t> last_due_; // when checkpoint_if_due() last signed
  LogOpening opening_;
};

} // namespace warrant
