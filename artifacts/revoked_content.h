// SPDX-License-Identifier: Apache-2.0
// What a revocation list means for the contents that artifacts name.
#pragma once

#include <set>
#include <vector>

#include "artifacts/contents.h"
#include "artifacts/revocation.h"
#include "artifacts/verify.h"

namespace warrant {

/// A digest that the list names, and the fs-verity digest that any of the artifacts gives for such
/// content: it is the same bytes by another name. List and artifacts must outlive it.
class RevokedContent {
 public:
  /// `revocation` may be nullptr: nothing is revoked.
  RevokedContent(const std::vector<const VerifiedAuthorization *> &artifacts,
                 const Revocation *revocation);

  bool is_empty() const;
  /// Whether subject or record `index` is revoked, under either of its digests.
  bool has(const Contents &contents, size_t index) const;

 private:
  const Revocation *revocation_;
  std::set<Digest> verity_;
};

} // namespace warrant
