// SPDX-License-Identifier: Apache-2.0
// What a bundle proves to somebody who believes a trust root, and what it does not. Pure: no clock,
// no file, no TPM.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/attestation_bundle.h"
#include "artifacts/enrollment.h"
#include "artifacts/policy.h"
#include "artifacts/quote.h"
#include "artifacts/trust_root.h"

namespace warrant {

enum class Proof {
  kProven,
  kUnproven, ///< nobody's proof, or the host's own word; nothing speaks against it
  kRefuted,  ///< what the bundle says, or what was asked of it, does not hold
};
/// "proven", "not proven", "refused".
std::string_view proof_name(Proof proof);

struct Finding {
  Proof proof = Proof::kRefuted;
  std::string text; ///< one line, safe for a terminal
};

struct AttestationReport {
  std::vector<Finding> findings; ///< in the order of their making; nothing after a broken quote
  /// Of the host, once its signature was verified; whether it still holds is a finding.
  std::optional<Enrollment> enrollment;
  std::optional<Quote> quote; ///< once its signature, its nonce and its PCRs were verified

  /// Whether there are findings, and nothing is refuted.
  bool is_proven() const;
};

/// What the verifier believes and asks for.
struct AttestationTerms {
  const SignedTrustRoot &root;
  Bytes challenge;                      ///< that this verifier gave
  int64_t now = 0;                      ///< unix seconds
  const SignedPolicy *policy = nullptr; ///< that the host should be under; none: any
  std::optional<std::string> profile;   ///< of that policy, which the host should meet
};

AttestationReport verify_bundle(const AttestationBundle &bundle, const AttestationTerms &terms);

} // namespace warrant
