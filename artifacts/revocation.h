// SPDX-License-Identifier: Apache-2.0
// What was granted and is granted no more: a signed list with an epoch that only grows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/rejection.h"
#include "artifacts/trust_root.h"

namespace warrant {

inline constexpr std::string_view kRevocationType = "urn:warrant:revocation:v1";
inline constexpr size_t kMaxRevoked = 20000; ///< entries of each list

/// Each list is sorted and distinct. A list of a later epoch replaces the earlier one wholly.
struct Revocation {
  int64_t epoch = 0;                ///< from 1
  int64_t issued_at = 0;            ///< unix seconds; its age is counted from here
  std::vector<Digest> artifacts;    ///< payload sha256; children of these too
  std::vector<std::string> issuers; ///< key fingerprints: their signatures count no more
  std::vector<Digest> digests;      ///< content (sha256 or fs-verity), whoever names it
  std::vector<std::string>
      hosts; ///< by name, or TPM key in hex: on these nothing is granted any more but recovery

  bool operator==(const Revocation &) const = default;
};

struct SignedRevocation {
  Revocation revocation;
  Digest sha256{}; ///< of the payload
};

/// Signed by the revocation role.
Checked<SignedRevocation> load_revocation(ByteView envelope, const Role &authority);
Checked<std::string> serialize_revocation(const Revocation &revocation);
Checked<Revocation> parse_revocation(ByteView payload);

bool revokes_artifact(const Revocation &revocation, const Digest &payload);
bool revokes_issuer(const Revocation &revocation, const std::string &fingerprint);
bool revokes_digest(const Revocation &revocation, const Digest &content);
bool revokes_host(const Revocation &revocation, const std::string &host);

} // namespace warrant
