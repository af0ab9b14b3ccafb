// SPDX-License-Identifier: Apache-2.0
// The public half of the key that a TPM was made with: TPMT_PUBLIC of the default templates of the
// TCG EK Credential Profile 2.5 (B.3.3: L-1, RSA 2048; B.3.4: L-2, ECC P-256).
#pragma once

#include <array>
#include <variant>

#include "artifacts/attestation_key.h"
#include "artifacts/bytes.h"
#include "artifacts/quote.h"

namespace warrant {

using Rsa2048Modulus = std::array<uint8_t, 256>; ///< big-endian; the exponent is 65537

struct EndorsementKey {
  std::variant<Rsa2048Modulus, P256Point> number;
  Digest sha256{}; ///< of the TPMT_PUBLIC
};

/// A key that only opens what was made for its TPM, and only for whom its endorsement hierarchy
/// lets. Error: what it is or may do instead. That a TPM was made with it, only a certificate says.
Result<EndorsementKey> parse_endorsement_key(ByteView public_area);

} // namespace warrant
