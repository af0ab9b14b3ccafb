// SPDX-License-Identifier: Apache-2.0
// DSSE v1 envelopes around in-toto statements: the only way for bytes to become verified bytes.
//
// Differs from the DSSE specification in one point, on purpose: it tells consumers to ignore
// unknown members, we refuse them (as everywhere). As it demands, the standard and the URL-safe
// base64 alphabet are both read; we write the standard one.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/key.h"
#include "artifacts/rejection.h"

namespace warrant {

inline constexpr std::string_view kPayloadType = "application/vnd.in-toto+json";
inline constexpr size_t kMaxEnvelopeSize = 4u << 20;
inline constexpr size_t kMaxSignatures = 16;
inline constexpr size_t kMaxKeyIdSize = 256;

/// DSSE v1 pre-authentication encoding: the bytes that are signed.
Bytes pae(std::string_view payload_type, ByteView payload);

struct UnverifiedEnvelope;

/// A payload of which enough of the given keys said "this". Only verify_envelope() makes one.
class VerifiedBytes {
 public:
  const Bytes &payload() const { return payload_; }
  /// sha256 of the payload: the identity of a document (an envelope is malleable).
  const Digest &sha256() const { return sha256_; }
  /// Fingerprints of the distinct keys that signed, sorted.
  const std::vector<std::string> &signers() const { return signers_; }

 private:
  VerifiedBytes(Bytes payload, std::vector<std::string> signers);
  friend Checked<VerifiedBytes> verify_envelope(UnverifiedEnvelope, std::span<const PublicKey>,
                                                size_t);

  Bytes payload_;
  Digest sha256_;
  std::vector<std::string> signers_;
};

/// Checks the envelope and its signatures. `threshold` (at least 1) counts distinct public keys; a
/// keyid is a hint that is never believed. MALFORMED, or INVALID_SIGNATURE with the keyids claimed.
Checked<VerifiedBytes> verify_envelope(ByteView envelope, std::span<const PublicKey> keys,
                                       size_t threshold);

/// What an envelope claims to hold. Nobody vouches for it: show it, never act on it.
struct UnverifiedEnvelope {
  Bytes payload;
  std::vector<std::string> keyids;   ///< as claimed; printable; empty where none is given
  std::vector<Signature> signatures; ///< in the same order
};

/// Structure only: for `inspect`, error messages, and to learn whose signature to ask for.
/// MALFORMED.
Checked<UnverifiedEnvelope> peek_envelope(ByteView envelope);

/// The signatures of an envelope whose structure was checked.
Checked<VerifiedBytes> verify_envelope(UnverifiedEnvelope envelope, std::span<const PublicKey> keys,
                                       size_t threshold);

/// Deterministic: same payload and keys, same bytes (one line of JSON), whatever the keys' order.
/// One to kMaxSignatures distinct keys, and a result within kMaxEnvelopeSize, else an error.
Result<std::string> sign_envelope(ByteView payload, std::span<const SecretKey *const> keys);
Result<std::string> sign_envelope(ByteView payload, const SecretKey &key);
/// Adds one more signature to an envelope, for thresholds above one. The others are kept unchecked,
/// whatever keyid they claim.
Checked<std::string> add_signature(ByteView envelope, const SecretKey &key);

} // namespace warrant
