// SPDX-License-Identifier: Apache-2.0
#include "daemon/endings.h"

#include "daemon/reaper.h"

namespace warrant {
namespace {

std::optional<Ending> demand_of(const VerifiedAuthorization &artifact) {
  const Authorization &authorization = artifact.authorization();
  const std::optional<Rejection> &blocked = artifact.blocked();
  if (authorization.kill_on_revoke && blocked && blocked->reason == W_REASON_REVOKED)
    return Ending{0, W_REASON_REVOKED, attribution_of(artifact)};
  if (authorization.kill_on_expiry)
    return Ending{authorization.not_after, W_REASON_EXPIRED, attribution_of(artifact)};
  return {};
}

} // namespace

void Endings::follow(const std::vector<AcceptedArtifact> &accepted,
                     const std::map<ArtifactId, uint32_t> &bonds) {
  for (const AcceptedArtifact &one : accepted) {
    const auto bond = bonds.find(one.artifact.authorization().id);
    if (bond == bonds.end())
      continue;
    if (std::optional<Ending> ending = demand_of(one.artifact))
      by_bond_.insert_or_assign(bond->second, std::move(*ending));
    else
      by_bond_.erase(bond->second);
  }
}

std::vector<uint32_t> Endings::due(int64_t now) const {
  std::vector<uint32_t> bonds;
  for (const auto &[bond, ending] : by_bond_)
    if (ending.at <= now)
      bonds.push_back(bond);
  return bonds;
}

const Ending *Endings::why(const w_process &process, int64_t now) const {
  for (const auto &[bond, ending] : by_bond_)
    if (ending.at <= now && carries_bond(process, {bond}))
      return &ending;
  return nullptr;
}

} // namespace warrant
