// SPDX-License-Identifier: Apache-2.0
// Whom this machine believes, and what it was told to do: the trust root and the policy.
//
// Both are in-toto statements in DSSE envelopes. Their one subject names the predicate itself: its
// digest is the sha256 of the predicate's canonical JSON, checked on load, so that the required
// `subject` says something true.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/key.h"
#include "artifacts/rejection.h"

namespace warrant {

inline constexpr std::string_view kTrustRootType = "urn:warrant:trust-root:v1";
inline constexpr std::string_view kPolicyType = "urn:warrant:policy:v1";
inline constexpr size_t kMaxTrustKeys = 64;

/// Keys of which `threshold` distinct ones must sign.
struct Role {
  std::vector<PublicKey> keys; ///< sorted by fingerprint, distinct
  uint32_t threshold = 0;      ///< 1 to keys.size()

  bool operator==(const Role &) const = default;
};

/// Sorts the keys and drops repeated ones.
Role make_role(std::vector<PublicKey> keys, uint32_t threshold);

struct TrustRoot {
  int64_t version = 0; ///< from 1, grows with every change
  int64_t expires = 0; ///< unix seconds, exclusive
  Role root;           ///< signs this document
  Role policy;         ///< signs the policy
  Role issuer;         ///< signs artifacts

  bool operator==(const TrustRoot &) const = default;
};

/// A file system whose content only this kernel changes.
struct Filesystem {
  std::string_view name;
  uint32_t magic; ///< of its super-block (linux/magic.h)

  bool operator==(const Filesystem &) const = default;
};

/// All that a policy may name, and what it means when it names none. "ext4" covers ext2 and ext3
/// too: they share its magic.
std::span<const Filesystem> known_filesystems();

struct Policy {
  w_mode mode = W_MODE_INVALID;    ///< enforce or observe
  w_audit audit = W_AUDIT_INVALID; ///< optional or required
  std::vector<Filesystem> filesystems;
  int64_t issued_at = 0;          ///< unix seconds
  std::optional<int64_t> expires; ///< unix seconds, exclusive

  bool operator==(const Policy &) const = default;
};

/// Everything that verification of an artifact depends on, besides the time.
struct TrustState {
  TrustRoot root;
  Policy policy;
  Digest policy_sha256{}; ///< of the policy's payload: what artifacts refer to
  std::string host;       ///< name of this machine, compared with environment.host
};

/// Signed by the threshold of its own root role. Who may put it there is not decided here.
Checked<TrustRoot> load_trust_root(ByteView envelope);
/// Both documents, each verified; says in `field` which one was refused ("trustRoot..." or
/// "policy...").
Checked<TrustState> load_trust(ByteView root_envelope, ByteView policy_envelope, std::string host);
/// EXPIRED when trust root or policy is no longer good at `now` (unix seconds).
Checked<void> check_expiry(const TrustState &trust, int64_t now);

/// Payloads to be signed; they parse back to equal values. Errors as for loading.
Checked<std::string> serialize_trust_root(const TrustRoot &root);
Checked<std::string> serialize_policy(const Policy &policy);
/// Strict parsing of a payload, without any signature: for drafts and `inspect`.
Checked<TrustRoot> parse_trust_root(ByteView payload);
Checked<Policy> parse_policy(ByteView payload);

} // namespace warrant
