// SPDX-License-Identifier: Apache-2.0
// Everything that verification of an artifact depends on, besides the time and its parents.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "artifacts/bytes.h"
#include "artifacts/enrollment.h"
#include "artifacts/policy.h"
#include "artifacts/rejection.h"
#include "artifacts/revocation.h"
#include "artifacts/trust_root.h"

namespace warrant {

/// What a machine's enrollment says of it, and what is known against it.
struct EnrolledHost {
  Enrollment enrollment;
  /// Why this is not the machine that was enrolled; empty: nothing tells so yet.
  std::string mismatch;
};

struct TrustState {
  TrustRoot root;
  Digest root_sha256{}; ///< of its payload
  Policy policy;
  Digest policy_sha256{}; ///< of its payload: what artifacts refer to
  std::optional<SignedRevocation> revocation;
  std::string host;                     ///< name of this machine, compared with environment.host
  std::optional<EnrolledHost> enrolled; ///< nothing: the machine is not enrolled
};

/// The documents, each verified; the revocation envelope may be empty: there is none. Says in
/// `field` which one was refused ("trust root: ...", "policy: ...", "revocation: ...").
Checked<TrustState> load_trust(ByteView root_envelope, ByteView policy_envelope,
                               ByteView revocation_envelope, std::string host);

/// The enrollment in this envelope, signed by the trust root's enrollment role, becomes that of the
/// machine. One of another host, or one that is over at `now` (unix seconds), counts as a mismatch.
Checked<void> enroll(TrustState &trust, ByteView envelope, int64_t now);

/// At `now` (unix seconds): EXPIRED when trust root or policy is no longer good.
Checked<void> check_expiry(const TrustState &trust, int64_t now);

/// ENVIRONMENT_FAILURE when the policy demands a revocation list and there is none, or one that at
/// `now` is at least as old as it allows. Then no lease is given: artifacts stay, the kernel denies
/// all but recovery.
Checked<void> check_freshness(const TrustState &trust, int64_t now);

/// Unix seconds from which check_freshness() fails if nothing changes; nothing: never; 0: always.
std::optional<int64_t> fresh_until(const TrustState &trust);

/// What must never go back: remembered durably, compared on every load. All 0: nothing yet.
struct HighWater {
  int64_t root_version = 0;
  Digest root_sha256{};
  int64_t policy_version = 0;
  Digest policy_sha256{};
  int64_t revocation_epoch = 0;
  Digest revocation_sha256{};

  bool operator==(const HighWater &) const = default;
};

/// REPLAY when any document is older than the mark, or as old with other content, or when there is
/// no revocation list any more. A policy role (or revocation role) that lost a key with a new root
/// starts its numbers anew, which is how a fast-forward by a stolen key is recovered from;
/// `mark_root` is the root that the mark was set under, or nullptr at the first start.
Checked<void> check_not_older(const TrustState &trust, const HighWater &mark,
                              const TrustRoot *mark_root);
HighWater high_water_of(const TrustState &trust);

} // namespace warrant
