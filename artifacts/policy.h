// SPDX-License-Identifier: Apache-2.0
// What this machine was told to do, signed by the policy authority.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/environment.h"
#include "artifacts/initiator.h"
#include "artifacts/rejection.h"
#include "artifacts/trust_root.h"
#include "bpf/abi.h"

namespace warrant {

inline constexpr std::string_view kPolicyType = "urn:warrant:policy:v1";
inline constexpr size_t kMaxIssuerRules = 256;
inline constexpr size_t kMaxScopeModes = 256;
inline constexpr size_t kMaxHonoured = 16;
inline constexpr size_t kMaxRuleDigests = 10000;
inline constexpr size_t kMaxRulePaths = 256;
inline constexpr uint32_t kMaxDelegationDepth = 8;

/// A file system whose content only this kernel changes.
struct Filesystem {
  std::string_view name;
  uint32_t magic; ///< of its super-block (linux/magic.h)

  bool operator==(const Filesystem &) const = default;
};

/// All that a policy may name, and what it means when it names none. "ext4" covers ext2 and ext3
/// too: they share its magic.
std::span<const Filesystem> known_filesystems();

/// What some keys may grant. An artifact is within the rule when all of it is.
struct IssuerRule {
  std::vector<std::string> keys;   ///< fingerprints, sorted, distinct, at least one
  std::vector<ArtifactKind> kinds; ///< sorted, distinct; at least one
  uint32_t actions = 0;            ///< W_ACTION_* bits
  /// The artifact's initiator must be at least as narrow as one of these; empty: any initiator.
  std::vector<Initiator> initiators;
  std::vector<Digest> digests; ///< sorted; only these contents; empty: any content
  /// Only subjects whose names match one of these patterns (`*` matches all but a slash, `**` that
  /// too). Names are labels: this binds the issuer's claim, not the file. A manifest has no names
  /// that are signed, so it is never within such a rule. Sorted; empty: any name.
  std::vector<std::string> paths;
  std::optional<int64_t> max_window; ///< seconds from notBefore to notAfter
  std::optional<int64_t> max_uses;   ///< given: artifacts must have maxUses, at most this
  bool jit = false;                  ///< may grant jit
  bool recovery = false;             ///< may grant recovery
  uint32_t delegate = 0;             ///< longest chain below the artifact; 0: may not delegate

  bool operator==(const IssuerRule &) const = default;
};

/// A mode for some of the host's tasks.
struct ScopeMode {
  Initiator initiator; ///< exactly one of uid, cgroup, unit
  w_mode mode = W_MODE_INVALID;

  bool operator==(const ScopeMode &) const = default;
};

struct Policy {
  int64_t version = 0;             ///< from 1, grows with every policy
  w_mode mode = W_MODE_INVALID;    ///< enforce or observe: where no scope says otherwise
  w_audit audit = W_AUDIT_INVALID; ///< optional or required
  std::vector<ScopeMode> scopes;   ///< a cgroup's word counts before a uid's, that before `mode`
  std::vector<Filesystem> filesystems;
  uint32_t permits = 0; ///< W_OBJECT_BIT of what everybody may touch or load; 0: nobody may
  /// Absent: each role may grant all that its artifacts can say. Present: only what rules allow.
  std::optional<std::vector<IssuerRule>> issuers;
  std::vector<Digest> honours; ///< payload sha256 of earlier policies still good for artifacts
  Profiles environments;       ///< states of the machine, by name
  std::optional<Attestation> attestation;       ///< absent: no machine has to prove anything
  std::optional<int64_t> revocation_max_age;    ///< seconds; a list must be there and no older
  std::optional<int64_t> breakglass_max_window; ///< seconds; absent: no break-glass is accepted
  int64_t issued_at = 0;                        ///< unix seconds
  std::optional<int64_t> expires;               ///< unix seconds, exclusive

  bool operator==(const Policy &) const = default;
};

struct SignedPolicy {
  Policy policy;
  Digest sha256{}; ///< of the payload: what artifacts refer to
};

/// Signed by the policy role.
Checked<SignedPolicy> load_policy(ByteView envelope, const Role &authority);
/// Payload to be signed; it parses back to an equal value.
Checked<std::string> serialize_policy(const Policy &policy);
Checked<Policy> parse_policy(ByteView payload);

} // namespace warrant
