// SPDX-License-Identifier: Apache-2.0
// What the policy lets each issuer grant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/contents.h"
#include "artifacts/policy.h"

namespace warrant {

/// Where an artifact goes beyond a rule.
struct Exceeded {
  std::string field;  ///< of the artifact
  std::string member; ///< of the rule: "maxWindow"
  std::string detail; ///< what the rule allows; printable
};

/// The first restriction of the rule that the artifact does not keep. Its keys are not looked at.
std::optional<Exceeded> find_exceeded(const Contents &artifact, const IssuerRule &rule);

struct Permission {
  std::vector<std::string> signers; ///< those that some rule lets grant the artifact, as given
  /// Of the others: the field of the artifact, and which rules they have and where it exceeds them
  /// ("issuers[2].maxWindow: at most 3600 s").
  std::string field;
  std::string detail;
};

/// Which of the signers (fingerprints) the policy lets grant this artifact. Without rules: all.
Permission permit(const Contents &artifact, const std::vector<std::string> &signers,
                  const Policy &policy);

/// `*` is any run of characters but slashes, `**` any run, `?` one character but a slash; the whole
/// name must match. Takes time in proportion to both lengths multiplied, whatever the pattern.
bool matches_pattern(std::string_view pattern, std::string_view name);

} // namespace warrant
