// SPDX-License-Identifier: Apache-2.0
// Artifacts that are derived from each other, verified together.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "artifacts/verify.h"

namespace warrant::cli {

struct ArtifactFile {
  std::string path; ///< its manifest is looked for beside it
  Bytes envelope;
};

struct RefusedFile {
  std::string path;
  Rejection rejection;
};

struct Chains {
  std::map<Digest, VerifiedAuthorization> verified; ///< by sha256 of the payload
  std::vector<RefusedFile> refused;

  /// Valid as long as this stands where it is.
  ParentLookup lookup() const;
};

/// Parents before children, in whatever order the files are given.
Chains verify_together(const std::vector<ArtifactFile> &files, const TrustState &trust,
                       int64_t now);

} // namespace warrant::cli
