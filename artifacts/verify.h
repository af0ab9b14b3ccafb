// SPDX-License-Identifier: Apache-2.0
// The one pipeline: bytes + TrustState + now -> VerifiedAuthorization | Rejection.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/manifest.h"
#include "artifacts/rejection.h"
#include "artifacts/statement.h"
#include "artifacts/trust.h"
#include "artifacts/trust_root.h"

namespace warrant {

/// Whose signatures an artifact of this kind needs.
RoleName role_for(ArtifactKind kind);

/// An authorization that trusted issuers, or delegates of one, signed. Only verify_artifact() makes
/// one.
class VerifiedAuthorization {
 public:
  const Authorization &authorization() const { return authorization_; }
  /// sha256 of the payload: the artifact's identity.
  const Digest &sha256() const { return sha256_; }
  /// Fingerprints of the keys that signed, sorted.
  const std::vector<std::string> &issuers() const { return issuers_; }
  /// Records of the manifest; empty when the artifact lists its subjects.
  const std::vector<ManifestRecord> &records() const { return records_; }
  /// Payload sha256 of the artifacts that it is derived from, its parent first.
  const std::vector<Digest> &ancestors() const { return ancestors_; }
  /// Id of the parent, if it names one.
  const std::optional<ArtifactId> &parent_id() const { return parent_id_; }
  /// Its authority is its parent's, handed on by a delegate; else an issuer's own.
  bool is_derived() const { return is_derived_; }
  /// Why it authorizes nothing here and now although it is genuine (POLICY_MISMATCH,
  /// IDENTITY_MISMATCH for another host, REVOKED): compiled all the same, so that the kernel's
  /// denial gives this reason and not "missing".
  const std::optional<Rejection> &blocked() const { return blocked_; }

 private:
  VerifiedAuthorization() = default;
  friend class Verifier;
  Authorization authorization_;
  Digest sha256_{};
  std::vector<std::string> issuers_;
  std::vector<ManifestRecord> records_;
  std::vector<Digest> ancestors_;
  std::optional<ArtifactId> parent_id_;
  bool is_derived_ = false;
  std::optional<Rejection> blocked_;
};

/// The verified artifact of this payload sha256, or nullptr.
using ParentLookup = std::function<const VerifiedAuthorization *(const Digest &)>;
/// Of artifacts that stand alone.
const VerifiedAuthorization *no_parents(const Digest &payload);

/// In this order: size, envelope, signatures, strict parsing, expiry of trust root and policy at
/// `now` (unix seconds), manifest, delegation; then what blocks: revocation, policy digest,
/// what the policy's rules let its issuers grant, host. The artifact's own window is not judged:
/// the kernel does that with the clock at hand, so that the reason is exact.
///
/// The role of its kind must sign, to its threshold. What names a parent may be signed by the
/// parent's delegation instead: then every restriction must be at least as narrow as the parent's,
/// and whatever is wider is refused by name. A parent that is not there is LINEAGE_DISCONTINUITY; a
/// parent that is blocked blocks its children for the same reason.
Checked<VerifiedAuthorization> verify_artifact(ByteView envelope, const ManifestOpener &manifests,
                                               const ParentLookup &parents, const TrustState &trust,
                                               int64_t now);

} // namespace warrant
