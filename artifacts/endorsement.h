// SPDX-License-Identifier: Apache-2.0
// The word of a TPM's maker for its endorsement key: an X.509 certificate (TCG EK Credential
// Profile for TPM Family 2.0, 2.5, section 3).
#pragma once

#include <cstdint>
#include <string>

#include "artifacts/bytes.h"
#include "artifacts/endorsement_key.h"

namespace warrant {

inline constexpr size_t kMaxEndorsementCertificate = 8192; ///< bytes of DER
inline constexpr size_t kMaxAnchorFile = 1u << 20;         ///< bytes of PEM
inline constexpr size_t kMaxAnchors = 512;                 ///< certificates in such a file

/// Whom an enrollment authority believes about TPMs, PEM: one certificate or more behind each
/// other.
struct EndorsementAuthorities {
  Bytes anchors;       ///< believed as they are, roots or not
  Bytes intermediates; ///< believed if an anchor leads to them; may be empty
};

/// Whether a maker who is believed says at `now` (unix seconds) that this key is an endorsement key
/// of a TPM of his. The issuer's name, fit for a terminal. Error: why not. Revocation is not asked.
Result<std::string> check_endorsement_certificate(ByteView certificate, const EndorsementKey &key,
                                                  const EndorsementAuthorities &authorities,
                                                  int64_t now);

} // namespace warrant
