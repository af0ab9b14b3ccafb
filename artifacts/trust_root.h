// SPDX-License-Identifier: Apache-2.0
// Whom this machine believes: the trust root, in the manner of TUF (specification 1.0,
// section 5.3).
//
// Trust root and policy and revocation list are in-toto statements in DSSE envelopes. Their one
// subject names the predicate itself: its digest is the sha256 of the predicate's canonical JSON,
// checked on load, so that the required `subject` says something true.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/key.h"
#include "artifacts/rejection.h"

namespace warrant {

inline constexpr std::string_view kTrustRootType = "urn:warrant:trust-root:v1";
inline constexpr size_t kMaxTrustKeys = 64;
/// What every JSON reader keeps exact; versions and epochs are at most this.
inline constexpr int64_t kMaxVersion = (int64_t{1} << 53) - 1;

/// What a key may be trusted for. The last six sign artifacts and other documents; a trust root
/// that leaves one out trusts nobody with it.
enum class RoleName {
  kRoot,
  kPolicy,
  kBaseline,
  kTask,
  kRevocation,
  kEnrollment,
  kBreakglass,
  kLineage
};
inline constexpr size_t kRoleCount = 8;

/// "root", "policy", "baseline", "task", "revocation", "enrollment", "breakglass",
/// "lineage".
std::string_view role_name(RoleName role);
std::optional<RoleName> role_from_name(std::string_view name);

/// Keys of which `threshold` distinct ones must sign.
struct Role {
  std::vector<PublicKey> keys; ///< sorted by fingerprint, distinct; empty: nobody has the role
  uint32_t threshold = 0;      ///< 1 to keys.size() and kMaxSignatures; 0 when nobody has the role

  bool operator==(const Role &) const = default;
};

/// Sorts the keys and drops repeated ones.
Role make_role(std::vector<PublicKey> keys, uint32_t threshold);

struct TrustRoot {
  int64_t version = 0;                ///< from 1, each one more than the one before
  int64_t expires = 0;                ///< unix seconds, exclusive
  std::array<Role, kRoleCount> roles; ///< by RoleName; root and policy are never empty

  const Role &role(RoleName name) const { return roles[static_cast<size_t>(name)]; }
  Role &role(RoleName name) { return roles[static_cast<size_t>(name)]; }

  bool operator==(const TrustRoot &) const = default;
};

/// A trust root whose own root role signed it.
struct SignedTrustRoot {
  TrustRoot root;
  Digest sha256{}; ///< of the payload
};

/// Signed by the threshold of its own root role. Whether this machine should believe it is not
/// decided here: the first one is put there by hand, the next by update_trust_root().
Checked<SignedTrustRoot> load_trust_root(ByteView envelope);

/// The step from version N to N + 1: signed by the thresholds of the root roles of both. Any other
/// version is REPLAY (lower or equal with other content: rollback) or MALFORMED (a gap); the
/// current root itself is no step and fine. Expiry is not judged: of a chain only the last counts.
Checked<SignedTrustRoot> update_trust_root(const SignedTrustRoot &current, ByteView next);

/// Payload to be signed; it parses back to an equal value.
Checked<std::string> serialize_trust_root(const TrustRoot &root);
/// Strict parsing of a payload, without any signature: for drafts and `inspect`.
Checked<TrustRoot> parse_trust_root(ByteView payload);

} // namespace warrant
