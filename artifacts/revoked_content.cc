// SPDX-License-Identifier: Apache-2.0
#include "artifacts/revoked_content.h"

namespace warrant {

RevokedContent::RevokedContent(const std::vector<const VerifiedAuthorization *> &artifacts,
                               const Revocation *revocation)
    : revocation_(revocation) {
  if (is_empty())
    return;
  for (const VerifiedAuthorization *verified : artifacts) {
    const Contents contents{verified->authorization(), verified->records()};
    for (size_t i = 0; i < contents.size(); i++)
      if (contents.verity(i) && revokes_digest(*revocation_, contents.sha256(i)))
        verity_.insert(*contents.verity(i));
  }
}

bool RevokedContent::is_empty() const {
  return !revocation_ || revocation_->digests.empty();
}

bool RevokedContent::has(const Contents &contents, size_t index) const {
  if (is_empty())
    return false;
  const std::optional<Digest> &verity = contents.verity(index);
  return revokes_digest(*revocation_, contents.sha256(index)) ||
         (verity && (revokes_digest(*revocation_, *verity) || verity_.contains(*verity)));
}

} // namespace warrant
