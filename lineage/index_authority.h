// SPDX-License-Identifier: Apache-2.0
// By whose word: what the records say of one artifact.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/json.h"
#include "artifacts/result.h"
#include "lineage/index.h"
#include "lineage/text.h"

namespace warrant {

/// Something that became of an artifact.
struct ArtifactLife {
  std::string id;   ///< of the record
  std::string kind; ///< "accepted", "rejected", "withdrawn", "ended"
  int64_t wall_ns = 0;
  uint8_t reason = 0; ///< enum w_reason
  uint64_t subjects = 0;
  Text source; ///< the file that it came from
  Text detail;
};

/// A policy that was in force while the artifact was decided on.
struct PolicyInForce {
  Digest sha256{};
  int64_t first_ns = 0;
  int64_t last_ns = 0;
  uint64_t decisions = 0;
};

/// Artifacts may share an id, never a payload.
struct ArtifactPayload {
  Digest sha256{};                  ///< zero: only the id is known
  std::vector<std::string> issuers; ///< fingerprints
  std::map<Text, Text> governance;
  std::vector<PolicyInForce> policies; ///< the latest first
  uint64_t allowed = 0;                ///< decisions
  uint64_t denied = 0;                 ///< that it came nearest to
};

struct Authority {
  ArtifactId id{};
  std::vector<ArtifactPayload> payloads; ///< the latest first
  std::vector<ArtifactLife> lives;       ///< the oldest first
};

/// Nothing if no record names it.
Result<std::optional<Authority>> authority_of(LineageIndex &index, const ArtifactId &id);
/// The artifact that authorized or came nearest in the record of this event ("3f2a9c1d-42"), or
/// whose end it is.
Result<std::optional<ArtifactId>> artifact_of_record(LineageIndex &index, const std::string &id);
/// The id of the artifact with this payload.
Result<std::optional<ArtifactId>> artifact_of_payload(LineageIndex &index, const Digest &sha256);

Json authority_to_json(const Authority &authority);

} // namespace warrant
