// SPDX-License-Identifier: Apache-2.0
// What a TPM says of a host's state, signed: TPMS_ATTEST of type TPM_ST_ATTEST_QUOTE (TPM 2.0
// Library, part 2, 10.12.12), by an ECC P-256 attestation key.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "artifacts/boot_log.h"
#include "artifacts/bytes.h"

namespace warrant {

inline constexpr size_t kMaxQuote = 1024;         ///< bytes of a TPMS_ATTEST
inline constexpr size_t kMaxQuoteSignature = 256; ///< bytes of a TPMT_SIGNATURE
inline constexpr size_t kMaxQuoteNonce = 64;      ///< bytes: what TPM2B_DATA holds

/// A point of P-256, as the TPM gives it (TPMS_ECC_POINT), big-endian and padded with zeros.
struct P256Point {
  std::array<uint8_t, 32> x{};
  std::array<uint8_t, 32> y{};
  bool operator==(const P256Point &) const = default;
};

/// PCRs of the SHA-256 bank, PCR 0 in the lowest bit; below kPcrCount.
using PcrMask = uint32_t;

/// What TPM2_Quote says.
struct SignedQuote {
  Bytes attest;    ///< TPMS_ATTEST, for parse_quote()
  Bytes signature; ///< TPMT_SIGNATURE, for verify_quote_signature()
};

struct Quote {
  Bytes signer;          ///< qualified name of the key
  Bytes nonce;           ///< what the challenger gave (extraData)
  uint64_t clock = 0;    ///< milliseconds that the TPM was on, over all its life
  uint32_t resets = 0;   ///< of the TPM, since it was cleared
  uint32_t restarts = 0; ///< of the host without a reset of the TPM: resume from suspend
  bool is_safe = false;  ///< no higher clock was told before this TPM lost power
  uint64_t firmware = 0; ///< version, by the maker
  PcrMask pcrs = 0;      ///< that were quoted
  Digest pcr_digest{};   ///< of their values one behind the other, lowest first
};

/// Strict: exactly one TPMS_ATTEST of a quote over SHA-256 PCRs, with nothing behind it. Error:
/// what it is instead. Whether it was signed is another question.
Result<Quote> parse_quote(ByteView attest);

/// Whether the key signed exactly these bytes: ECDSA with SHA-256 (TPMT_SIGNATURE). Error: that it
/// did not, or that the signature is of another kind.
Status verify_quote_signature(ByteView attest, ByteView signature, const P256Point &key);

/// What the TPM digests when it quotes those PCRs. Error: a value is not there.
Result<Digest> digest_of_pcrs(const PcrValues &values, PcrMask pcrs);

} // namespace warrant
