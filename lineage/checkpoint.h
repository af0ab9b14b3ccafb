// SPDX-License-Identifier: Apache-2.0
// What a log says of itself (c2sp.org/tlog-checkpoint): the text of a signed note.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/result.h"
#include "lineage/merkle.h"
#include "lineage/note.h"

namespace warrant {

inline constexpr size_t kMaxExtensionLines = 64;

struct Checkpoint {
  std::string origin;
  uint64_t size = 0;
  Hash root{};
  std::vector<std::string> extensions; ///< opaque; ours have none, others' are kept

  friend bool operator==(const Checkpoint &, const Checkpoint &) = default;
};

/// The note's text.
std::string serialize_checkpoint(const Checkpoint &checkpoint);
/// Refuses sizes over 2^48, other spellings of a number or hash, empty lines, and an empty tree
/// with another root than the empty one.
Result<Checkpoint> parse_checkpoint(std::string_view text);

/// A decimal number in its one spelling, at most 2^64 - 1.
Result<uint64_t> parse_decimal(std::string_view text);
/// 32 bytes in standard base64.
Result<Hash> parse_hash(std::string_view text);

struct SignedCheckpoint {
  Checkpoint checkpoint;
  std::vector<VerifiedNote::Signer> signers;
};

/// Verifies, then parses. Errors: not signed by `log`, whose name must be the checkpoint's origin;
/// a witness's signature that does not verify. Signers are those of `log` and `witnesses` that
/// signed; how many of them are enough is for the caller to say.
Result<SignedCheckpoint> open_checkpoint(std::string_view note, const NoteKey &log,
                                         std::span<const NoteKey> witnesses = {});

} // namespace warrant
