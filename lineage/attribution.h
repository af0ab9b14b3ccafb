// SPDX-License-Identifier: Apache-2.0
// Under whose word a decision was taken: what a record says of an artifact.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/verify.h"
#include "lineage/text.h"

namespace warrant {

struct Attribution {
  ArtifactId id{};
  Digest sha256{};                  ///< of the payload; zero: only the id is known
  std::vector<std::string> issuers; ///< key fingerprints, sorted
  std::map<Text, Text> governance;

  bool operator==(const Attribution &) const = default;
};

/// What records copy of a verified artifact. A governance map of more than kMaxGovernanceSize bytes
/// in its escaped form would not fit a record: it is replaced by one member, "omitted", that says
/// so.
Attribution attribution_of(const VerifiedAuthorization &artifact);

inline constexpr size_t kMaxGovernanceSize = 24 * 1024;

/// The artifact of this id in the generation in force, or nullptr.
using AttributionLookup = std::function<const Attribution *(const ArtifactId &)>;

} // namespace warrant
