// SPDX-License-Identifier: Apache-2.0
// The public half of a TPM's attestation key: TPMT_PUBLIC (TPM 2.0 Library, part 2, 12.2.4).
#pragma once

#include "artifacts/bytes.h"
#include "artifacts/quote.h"

namespace warrant {

inline constexpr size_t kMaxTpmPublic = 512; ///< bytes of a TPMT_PUBLIC

/// Name of an object with nameAlg SHA-256: the algorithm's number, big-endian, and the digest of
/// its public area (part 1, 16). Nobody can make two keys of one name.
using TpmName = std::array<uint8_t, 2 + W_DIGEST_SIZE>;

struct AttestationKey {
  TpmName name{};
  P256Point point;
};

/// A key that only signs what its TPM says of itself: ECC P-256, restricted, made in the TPM and
/// bound to it, ECDSA with SHA-256. Error: what it is or may do instead. Whether a TPM holds it,
/// only a credential made for its name tells.
Result<AttestationKey> parse_attestation_key(ByteView public_area);

} // namespace warrant
