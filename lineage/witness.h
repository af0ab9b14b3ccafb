// SPDX-License-Identifier: Apache-2.0
// A witness of logs (c2sp.org/tlog-witness): cosigns a checkpoint only if it follows from the one
// that it cosigned last, so that two who ask the same witness are shown the same log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineage/checkpoint.h"
#include "lineage/durable_files.h"
#include "lineage/merkle.h"
#include "lineage/note.h"

namespace warrant {

/// What a log asks: the body of `add-checkpoint`.
struct WitnessRequest {
  uint64_t old_size = 0; ///< of the checkpoint that the witness cosigned last
  std::vector<Hash> proof;
  std::string checkpoint; ///< a signed note

  friend bool operator==(const WitnessRequest &, const WitnessRequest &) = default;
};

inline constexpr size_t kMaxWitnessRequest = kMaxNoteSize + 8192;

std::string serialize_witness_request(const WitnessRequest &request);
/// Exactly one spelling; the checkpoint is a note, which nobody has verified yet.
Result<WitnessRequest> parse_witness_request(std::string_view text);

/// Why a witness does not sign. In brackets, what the specification answers over HTTP.
struct WitnessRefusal {
  enum class Kind {
    kUnsigned,     ///< by none of the logs that it knows (403, 404)
    kConflict,     ///< the old size is not that of the last checkpoint (409)
    kBad,          ///< the request makes no sense (400)
    kInconsistent, ///< the proof does not hold: the log was rewritten (422)
    kFailed,       ///< what it signs could not be made durable; it is not signed (500)
  };
  Kind kind = Kind::kBad;
  std::string message;
  uint64_t size = 0; ///< of the last checkpoint
};

class Witness {
 public:
  /// In a folder of its own, which it locks. `files` must outlive it. `signer` makes cosignatures.
  static Result<Witness> open(LogFiles &files, NoteSigner signer);

  /// What was cosigned last of this log; an empty tree if nothing was.
  Result<Checkpoint> last(const std::string &origin);
  /// Durable before it is signed: whatever becomes of the answer, nothing is cosigned that does not
  /// follow from it. `time`: unix seconds.
  Result<NoteSignature, WitnessRefusal> cosign(const WitnessRequest &request, const NoteKey &log,
                                               uint64_t time);
  const NoteKey &key() const { return signer_.key(); }

 private:
  Witness(LogFiles &files, NoteSigner signer) : durable_(files), signer_(std::move(signer)) {}

  DurableFiles durable_;
  NoteSigner signer_;
};

} // namespace warrant
