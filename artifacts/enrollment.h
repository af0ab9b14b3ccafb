// SPDX-License-Identifier: Apache-2.0
// Which machine a host is: its TPM, its name and what it belongs to, signed by the enrollment
// authority after the TPM proved that it holds both keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/attestation_key.h"
#include "artifacts/bytes.h"
#include "artifacts/rejection.h"
#include "artifacts/trust_root.h"

namespace warrant {

inline constexpr std::string_view kEnrollmentType = "urn:warrant:enrollment:v1";
inline constexpr size_t kMaxHostGroups = 64;

struct Enrollment {
  std::string host;       ///< name of the machine, 1 to kMaxHostName bytes
  std::string machine_id; ///< what /etc/machine-id says: 32 lower-case hex digits, not all zero
  TpmName ak_name{};
  Bytes ak_public;                 ///< TPMT_PUBLIC whose name that is
  Digest ek_sha256{};              ///< of the endorsement key's TPMT_PUBLIC
  std::vector<std::string> groups; ///< sorted and distinct, at most kMaxHostGroups
  int64_t issued_at = 0;           ///< unix seconds, as the next
  std::optional<int64_t> expires;  ///< exclusive; later than issued_at
  /// The value of the NV counter at which the authority accepts the host's state as it is: when it
  /// enrolls a machine, and after a rollback; at most kMaxVersion.
  std::optional<uint64_t> resolves;

  bool operator==(const Enrollment &) const = default;
};

struct SignedEnrollment {
  Enrollment enrollment;
  Digest sha256{}; ///< of the payload
};

/// Signed by the enrollment role.
Checked<SignedEnrollment> load_enrollment(ByteView envelope, const Role &authority);
Checked<std::string> serialize_enrollment(const Enrollment &enrollment);
/// Also checks that ak_public is an attestation key, and ak_name its name.
Checked<Enrollment> parse_enrollment(ByteView payload);

/// Whether the text is a machine id (machine-id(5)).
bool is_machine_id(std::string_view text);
/// Whether the enrollment holds at this moment (unix seconds).
bool is_expired(const Enrollment &enrollment, int64_t now);
bool is_in_group(const Enrollment &enrollment, const std::string &group);

} // namespace warrant
