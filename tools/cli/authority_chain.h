// SPDX-License-Identifier: Apache-2.0
// What stands behind an artifact that records name: the artifacts that it was derived from, the
// policy that it names, the keys and their roles.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/statement.h"
#include "artifacts/trust_root.h"
#include "lineage/index_authority.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

/// One artifact of a chain, from the one asked for to the one that no other stands behind.
struct Link {
  Digest sha256{};
  std::optional<ArtifactId> id;           ///< nothing: neither a record nor an envelope tells
  std::vector<std::string> issuers;       ///< as recorded when it was accepted
  std::optional<Authorization> statement; ///< of an envelope with exactly this payload
};

/// Files that say more than records do. What is missing at a fallback is left out.
struct Papers {
  std::map<Digest, Authorization>
      artifacts; ///< by sha256 of the payload; nobody checked signatures
  std::optional<SignedTrustRoot> root;
  std::optional<Digest> policy;
  std::vector<std::string> policy_signers; ///< verified with the trust root
};

/// Of --artifacts, --trust-root and --policy. Errors: a file that was named is not there, or is not
/// what it should be.
Try<Papers> read_papers(const Arguments &arguments);

/// The chain of one payload. Ends where nothing more is known, or at an artifact that it has
/// already (which no digest allows, short of a broken SHA-256).
Result<std::vector<Link>> chain_of(LineageIndex &index, const Papers &papers, const ArtifactId &id,
                                   const ArtifactPayload &payload);

/// Names of the roles that the trust root gives to a key; empty if it gives none.
std::string roles_of(const Papers &papers, const std::string &fingerprint);

} // namespace warrant::cli
