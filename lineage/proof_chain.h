// SPDX-License-Identifier: Apache-2.0
// The artifacts in a proof bundle: whether they are the ones by whose authority the record came
// about, and who signed them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/trust_root.h"

namespace warrant {

/// What an envelope claims to hold. Nobody vouches for it.
struct ClaimedArtifact {
  Digest sha256{}; ///< of the payload
  std::optional<Digest> parent;
};
/// Nothing: it is no envelope.
std::optional<ClaimedArtifact> claimed_artifact(ByteView envelope);

struct ProofLink {
  Digest sha256{};                  ///< of the payload
  std::vector<std::string> signers; ///< fingerprints; empty as long as nobody was asked
  bool is_delegated = false;        ///< its parent's delegates signed it, no issuer did
};

struct ProofChain {
  std::vector<ProofLink> links; ///< the record's artifact first, then its parent, and so on
  std::string problem;          ///< what does not hold; empty: all does
};

/// The first envelope must hold the payload that the record names, each one after it the parent of
/// the one before. With a trust root each must be signed as verify_artifact() demands: by the role
/// of its kind to its threshold, or by its parent's delegation and then within what the parent
/// grants (the contents of a manifest, which is not in a bundle, aside). Times, policy and
/// revocation are not judged: they were when the record was written.
ProofChain judge_chain(std::span<const std::string> envelopes, const std::optional<Digest> &named,
                       const TrustRoot *root);

} // namespace warrant
