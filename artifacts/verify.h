// SPDX-License-Identifier: Apache-2.0
// The one pipeline: bytes + TrustState + now -> VerifiedAuthorization | Rejection.
#pragma once

#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/manifest.h"
#include "artifacts/rejection.h"
#include "artifacts/statement.h"
#include "artifacts/trust.h"

namespace warrant {

/// An authorization that trusted issuers signed for this policy and this machine. Only
/// verify_artifact() makes one.
class VerifiedAuthorization {
 public:
  const Authorization &authorization() const { return authorization_; }
  /// sha256 of the payload: the artifact's identity.
  const Digest &sha256() const { return sha256_; }
  /// Fingerprints of the issuer keys that signed, sorted.
  const std::vector<std::string> &issuers() const { return issuers_; }
  /// Records of the manifest; empty when the artifact lists its subjects.
  const std::vector<ManifestRecord> &records() const { return records_; }

 private:
  VerifiedAuthorization() = default;
  friend Checked<VerifiedAuthorization> verify_artifact(ByteView, const ManifestOpener &,
                                                        const TrustState &, int64_t);
  Authorization authorization_;
  Digest sha256_{};
  std::vector<std::string> issuers_;
  std::vector<ManifestRecord> records_;
};

/// In this order: size, envelope, issuers' signatures, strict parsing, expiry of trust root and
/// policy at `now` (unix seconds), policy digest, host, manifest. The artifact's own window is not
/// judged: the kernel does that with the clock at hand, so that the reason is exact.
Checked<VerifiedAuthorization> verify_artifact(ByteView envelope, const ManifestOpener &manifests,
                                               const TrustState &trust, int64_t now);

} // namespace warrant
