// SPDX-License-Identifier: Apache-2.0
// What a proof of ours carries beside the proof: the record that is proved, and the documents by
// which its authority can be judged. One JSON object in canonical form:
//
//   {"artifacts": [TEXT, ...],  envelopes, the one that the record names first, then its parents
//    "record": TEXT,            the entry
//    "trustRoot"?: TEXT,        envelope
//    "type": "warrant-proof-v1"}
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/rejection.h"

namespace warrant {

inline constexpr size_t kMaxProofArtifacts = 64;

/// Nobody vouches for any of it: the record is believed once the proof holds for it, an artifact
/// once its payload is the one that the record names.
struct ProofExtra {
  std::string record;
  std::vector<std::string> artifacts;
  std::optional<std::string> trust_root;

  bool operator==(const ProofExtra &) const = default;
};

std::string serialize_proof_extra(const ProofExtra &extra);
/// Exactly what serialize_proof_extra() writes.
Checked<ProofExtra> parse_proof_extra(ByteView text);

} // namespace warrant
