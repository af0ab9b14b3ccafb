// SPDX-License-Identifier: Apache-2.0
// What a host sends to somebody far away who wants to know its state: a quote and all that is
// needed to judge it.
//
// One JSON object in canonical form (members sorted by name, no white space, UTF-8, one line feed
// at the end); any other spelling is refused, so that no two texts are the same bundle:
//
//   {"claims": {...},            what the host says of itself
//    "pcrs": {"0": HEX, ...},    values of the SHA-256 bank, exactly those that were quoted
//    "quote": BASE64,            TPMS_ATTEST
//    "signature": BASE64,        TPMT_SIGNATURE by the attestation key
//    "type": "warrant-attestation-v1"}
//
// The quote's qualifying data is
//
//   SHA-256("warrant-attest-v1" || 00 || claims)
//
// where `claims` is the text of that member as it stands in the bundle, from { to }. So the
// signature covers the quote, the quote covers the PCRs (by their digest) and the claims, among
// which are the verifier's challenge, the logs and the enrollment, and nothing is left that could
// be changed. Save one thing, which changes no meaning: of an ECDSA signature (r, s) everybody can
// make (r, n - s), which verifies too.
//
// Claims (? marks members that may be missing):
//
//   bootLog?      BASE64  as the kernel hands it out: artifacts/boot_log.h
//   challenge     HEX     16 to 64 bytes, from the verifier
//   checkpoint?   text    of the host's log of records
//   commandLine   BASE64  of the kernel
//   enrollment    BASE64  the signed document, artifacts/enrollment.h, envelope and all
//   imaLog?       BASE64  as the kernel hands it out: artifacts/ima_log.h
//   lockdown?     "none", "integrity" or "confidentiality"
//   measurements  [{pcr, policy, root}, ...], artifacts/measurement.h
//   release       text    of the kernel
//   time          RFC 3339, by the host's clock
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/boot_log.h"
#include "artifacts/bytes.h"
#include "artifacts/envelope.h"
#include "artifacts/environment.h"
#include "artifacts/ima_log.h"
#include "artifacts/measurement.h"
#include "artifacts/quote.h"
#include "artifacts/rejection.h"

namespace warrant {

inline constexpr size_t kMinChallenge = 16;          ///< bytes
inline constexpr size_t kMaxChallenge = 64;          ///< bytes
inline constexpr size_t kMaxCheckpoint = 256u << 10; ///< bytes, as of every signed note
inline constexpr size_t kMaxCommandLine = 1u << 16;  ///< bytes
inline constexpr size_t kMaxRelease = 64;            ///< bytes: __NEW_UTS_LEN
/// Bytes: less than a host reads of its own, since verifiers read them of strangers.
inline constexpr size_t kMaxBundleImaLog = 16u << 20;
/// Bytes of the text: the logs and the enrollment at their largest, as base64, and the rest.
inline constexpr size_t kMaxBundle =
    (kMaxBootLog + kMaxBundleImaLog + kMaxEnvelopeSize) / 3 * 4 + (4u << 20);

struct AttestationClaims {
  Bytes challenge;
  int64_t time = 0; ///< unix seconds
  std::optional<Bytes> boot_log;
  std::optional<Bytes> ima_log;
  std::vector<Measurement> measurements; ///< in the order of extension
  std::string command_line;              ///< /proc/cmdline without the line feed; any bytes
  std::string release;
  std::optional<Lockdown> lockdown;
  Bytes enrollment; ///< envelope
  std::optional<std::string> checkpoint;

  bool operator==(const AttestationClaims &) const = default;
};

struct AttestationBundle {
  AttestationClaims claims;
  SignedQuote quote;
  PcrValues pcrs;

  bool operator==(const AttestationBundle &other) const;
};

/// What the TPM must be given as qualifying data for these claims.
Digest attestation_nonce(const AttestationClaims &claims);

/// MALFORMED: a member that a reader would refuse, named.
Checked<std::string> serialize_bundle(const AttestationBundle &bundle);
/// The form alone: nothing in it is verified, see verify_bundle(). Logs, enrollment and quote are
/// not looked into. MALFORMED.
Checked<AttestationBundle> parse_bundle(ByteView text);

} // namespace warrant
