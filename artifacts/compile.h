// SPDX-License-Identifier: Apache-2.0
// Verified authorizations -> the entries of the kernel's maps. Pure and deterministic: the same set
// gives the same entries, whatever its order.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/result.h"
#include "artifacts/verify.h"
#include "bpf/abi.h"

namespace warrant {

/// How wall-clock time becomes CLOCK_BOOTTIME: boot_ns = wall_ns + boot_minus_wall_ns.
struct ClockMap {
  int64_t boot_minus_wall_ns = 0;

  /// Saturating: what lies before boot is 0, what lies beyond the range W_FOREVER - 1.
  uint64_t boot_ns(int64_t wall_seconds) const;
};

/// What goes into the maps of one generation. All lists are sorted by key and free of duplicates.
struct Entries {
  std::vector<std::pair<w_verdict_key, w_verdict>> verdicts; ///< by scope, digest kind, digest
  /// By index; 0 is a zero entry that authorizes nothing, the others are sorted by payload sha256.
  std::vector<w_artifact> artifacts;
  std::vector<std::pair<uint32_t, w_uid_scope>> uids;          ///< by uid
  std::vector<std::pair<w_cgroup_key, w_cgroup_node>> cgroups; ///< by parent node, name
  uint32_t flags = 0;                                          ///< W_GENERATION_HAS_*
  /// sha256 of the payload of each artifact, by the same index as `artifacts`.
  std::vector<Digest> payloads;
};

/// What the entries depend on besides the authorizations.
struct Circumstances {
  ClockMap clock;
  std::vector<ScopeMode> modes;           ///< of the policy
  const Revocation *revocation = nullptr; ///< for digests; artifacts are blocked already
  /// Slot of what an artifact asks of the machine; absent: 0, never open, where a proof is needed.
  std::function<uint32_t(const EnvironmentDemand &)> slots;
  std::map<ArtifactId, uint32_t> bonds; ///< artifact -> its kill bond, 1 to W_MAX_BONDS
};

/// A set of authorizations that cannot stand together.
struct CompileError {
  std::string message;           ///< names digests, ids and payloads concerned
  std::vector<Digest> artifacts; ///< payload sha256 of those that clash
};

/// Scope of an authorization: its cgroup if it names one (or a unit), else its uid, else the host;
/// the other restrictions become W_ARTIFACT_NEEDS_*. An authorization for a cgroup holds in all
/// cgroups below it, so grants of a bound ancestor are repeated in the scope of each bound
/// descendant: the kernel needs to look only at the nearest. Digests without a host-wide verdict
/// get an empty one in W_SCOPE_NAMED. Payloads given twice count once. Errors: one id with two
/// payloads; one key with more than W_GRANTS_PER_VERDICT grants; more artifacts than
/// W_MAX_ARTIFACTS; an artifact that wants its processes ended and has no bond.
///
/// A blocked authorization is compiled with the flag of its reason, and gives way where a key has
/// too many grants. A revoked digest is granted by
/// a twin of its artifact that is flagged revoked. Break-glass for all is a verdict of
/// W_DIGEST_ANY. `modes` bind scopes even where no artifact does.
Result<Entries, CompileError> compile(const std::vector<VerifiedAuthorization> &authorizations,
                                      const Circumstances &circumstances);

} // namespace warrant
