// SPDX-License-Identifier: Apache-2.0
// That one entry is in a log, provable by anybody who has the log's key (c2sp.org/tlog-proof).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lineage/checkpoint.h"
#include "lineage/log_files.h"
#include "lineage/merkle.h"

namespace warrant {

/// Bytes of the extra data at most: an entry and the envelopes that it names.
inline constexpr size_t kMaxProofExtra = 1u << 20;
inline constexpr size_t kMaxProofSize = kMaxNoteSize + 2 * kMaxProofExtra;

struct ProofBundle {
  std::optional<Bytes> extra; ///< unauthenticated, and not empty
  uint64_t index = 0;
  std::vector<Hash> hashes;
  std::string checkpoint; ///< a signed note

  friend bool operator==(const ProofBundle &, const ProofBundle &) = default;
};

std::string serialize_proof(const ProofBundle &proof);
/// Exactly one spelling; the checkpoint is a note, which nobody has verified yet.
Result<ProofBundle> parse_proof(std::string_view text);

/// That the log says that `entry` is its entry number `proof.index`. Errors say what does not hold.
Result<SignedCheckpoint> verify_proof(const ProofBundle &proof, ByteView entry, const NoteKey &log,
                                      std::span<const NoteKey> witnesses = {});

struct ProvenEntry {
  Bytes entry;
  ProofBundle proof;
};

/// From a log on disk, under its checkpoint. Errors: no such entry, none yet (it is behind the
/// checkpoint), or a log that does not prove it.
Result<ProvenEntry> prove_entry(LogFiles &files, uint64_t index, const NoteKey &log);
/// From a checkpoint of `old_size` entries to the present one.
Result<std::vector<Hash>> prove_growth(LogFiles &files, uint64_t old_size, const NoteKey &log);

} // namespace warrant
