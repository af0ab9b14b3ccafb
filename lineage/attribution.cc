// SPDX-License-Identifier: Apache-2.0
#include "lineage/attribution.h"

namespace warrant {
namespace {

std::map<Text, Text> copy_governance(const std::map<std::string, std::string> &governance) {
  std::map<Text, Text> copy;
  size_t size = 0;
  for (const auto &[key, value] : governance) {
    const auto [entry, added] = copy.emplace(key, value);
    size += entry->first.escaped().size() + entry->second.escaped().size();
  }
  if (size <= kMaxGovernanceSize)
    return copy;
  return {{"omitted", std::to_string(size) + " bytes of governance are too large for a record"}};
}

} // namespace

Attribution attribution_of(const VerifiedAuthorization &artifact) {
  return {artifact.authorization().id, artifact.sha256(), artifact.issuers(),
          copy_governance(artifact.authorization().governance)};
}

} // namespace warrant
