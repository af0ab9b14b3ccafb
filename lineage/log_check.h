// SPDX-License-Identifier: Apache-2.0
// Reads a whole log and says whether it is what was signed.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lineage/checkpoint.h"
#include "lineage/log_files.h"

namespace warrant {

struct LogReport {
  SignedCheckpoint checkpoint;
  /// Entries behind the checkpoint. They agree with their tiles, but nothing signed says that they
  /// are all: only a witness or a TPM that saw a later tree could tell.
  uint64_t unsigned_entries = 0;
  /// So many of the first are kept no longer. Their hashes are part of the root, and a record that
  /// the checkpoint was signed for says that they were given up.
  uint64_t pruned = 0;
};

/// Told now and then how many entries of how many were read.
using LogProgress = std::function<void(uint64_t entries, uint64_t size)>;

/// Hashes every entry that was not pruned, compares every tile with what it must be, and the root
/// with the checkpoint. Memory: one bundle and one tile a level. A log that is only a copy, without
/// its writer's state, is read as far as the checkpoint goes. Errors name what was changed, as
/// closely as can be known.
Result<LogReport> verify_log(LogFiles &files, const NoteKey &log,
                             std::span<const NoteKey> witnesses = {},
                             const LogProgress &progress = {});

/// The log's checkpoint. Errors: missing; see open_checkpoint().
Result<SignedCheckpoint> read_checkpoint(LogFiles &files, const NoteKey &log,
                                         std::span<const NoteKey> witnesses = {});

} // namespace warrant
