// SPDX-License-Identifier: Apache-2.0
// The authorization artifact: an in-toto Statement v1 with our predicate.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/environment.h"
#include "artifacts/initiator.h"
#include "artifacts/interpreter.h"
#include "artifacts/json.h"
#include "artifacts/policy.h"
#include "artifacts/rejection.h"
#include "artifacts/trust_root.h"

namespace warrant {

inline constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";
inline constexpr std::string_view kAuthorizationType = "urn:warrant:authorization:v1";
inline constexpr std::string_view kManifestFormat = "warrant-manifest-v1";
inline constexpr uint64_t kMaxManifestRecords = 1000000;
inline constexpr size_t kMaxSubjects = 100000;
inline constexpr size_t kMaxSubjectName = 4096;
inline constexpr int64_t kMaxUses = 1000000000;
inline constexpr size_t kMaxGovernanceEntries = 32;
inline constexpr size_t kMaxGovernanceKey = 64;
inline constexpr size_t kMaxGovernanceValue = 512;

/// One piece of code. The name is a label for people and is never matched.
struct Subject {
  std::string name;
  Digest sha256{};
  std::optional<Digest> verity; ///< fs-verity digest of the same content (SHA-256, 4 KiB blocks)

  bool operator==(const Subject &) const = default;
};

/// Names a manifest file instead of listing subjects.
struct ManifestRef {
  Digest sha256{};    ///< of the whole file
  uint64_t count = 0; ///< records in it

  bool operator==(const ManifestRef &) const = default;
};

/// Keys that may issue children of this artifact, each within what it grants itself.
struct Delegation {
  Role role;              ///< who may sign a child
  uint32_t max_depth = 0; ///< longest chain below this artifact, 1 to kMaxDelegationDepth

  bool operator==(const Delegation &) const = default;
};

/// What a break-glass artifact opens.
enum class Covers { kSubjects, kAll };

struct Authorization {
  ArtifactId id{}; ///< also the replay nonce
  ArtifactKind kind = ArtifactKind::kTask;
  int64_t issued_at = 0;  ///< unix seconds, as the next two
  int64_t not_before = 0; ///< valid from here, inclusive
  int64_t not_after = 0;  ///< valid up to here, exclusive
  Digest policy_sha256{};
  uint32_t actions = 0; ///< W_ACTION_* bits
  bool jit = false;
  InterpreterRule interpreter; ///< how its code is entered, and what that reads
  bool recovery = false;
  std::optional<int64_t> max_uses; ///< execs, 1 to kMaxUses; absent: not counted
  bool kill_on_expiry = false;     ///< end its processes and their descendants when it expires
  bool kill_on_revoke = false;
  std::optional<Delegation> delegation;
  std::optional<Digest> parent;      ///< payload sha256 of the artifact that it was derived from
  bool requires_parent = false;      ///< the caller must be running under the parent
  Covers covers = Covers::kSubjects; ///< kAll: any content; break-glass only
  Initiator initiator;
  EnvironmentDemand environment; ///< on which machine, in which state
  std::map<std::string, std::string> governance;
  std::vector<Subject> subjects;       ///< empty when there is a manifest, or all is covered
  std::optional<ManifestRef> manifest; ///< instead of subjects

  bool operator==(const Authorization &) const = default;
};

/// Strict: unknown members, and restrictions that this version cannot enforce, are MALFORMED, with
/// the path of the member. For a verified payload, or for a draft that is about to be signed.
Checked<Authorization> parse_authorization(ByteView payload);
/// The same for a payload that parse_json() has read already.
Checked<Authorization> read_authorization(Json document);

/// Canonical JSON (sorted members, no white space). Checks what parse_authorization() checks: what
/// this returns parses back to an equal Authorization.
Checked<std::string> serialize_authorization(const Authorization &authorization);

/// 128 random bits.
ArtifactId new_artifact_id();

} // namespace warrant
