// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/chain.h"

#include "tools/cli/files.h"

namespace warrant::cli {

ParentLookup Chains::lookup() const {
  return [this](const Digest &payload) {
    const auto found = verified.find(payload);
    return found == verified.end() ? nullptr : &found->second;
  };
}

Chains verify_together(const std::vector<ArtifactFile> &files, const TrustState &trust,
                       int64_t now) {
  Chains chains;
  std::vector<const ArtifactFile *> waiting;
  for (const ArtifactFile &file : files)
    waiting.push_back(&file);
  // Each round verifies at least one more link of each chain, or it is the last.
  for (size_t before = waiting.size() + 1; waiting.size() < before;) {
    before = waiting.size();
    std::erase_if(waiting, [&](const ArtifactFile *file) {
      Checked<VerifiedAuthorization> artifact = verify_artifact(
          file->envelope, manifests_in(directory_of(file->path)), chains.lookup(), trust, now);
      if (artifact.ok())
        chains.verified.emplace(artifact.value().sha256(), artifact.value());
      else if (artifact.error().reason != W_REASON_LINEAGE_DISCONTINUITY)
        chains.refused.push_back({file->path, artifact.error()});
      return artifact.ok() || artifact.error().reason != W_REASON_LINEAGE_DISCONTINUITY;
    });
  }
  for (const ArtifactFile *file : waiting)
    chains.refused.push_back(
        {file->path,
         {W_REASON_LINEAGE_DISCONTINUITY, "predicate.lineage.parentArtifact",
          "the parent is not here, or was refused", "put the parent beside it"}});
  return chains;
}

} // namespace warrant::cli
