// SPDX-License-Identifier: Apache-2.0
// What a host and the enrollment authority tell each other before an enrollment is signed: a
// request, a challenge, the answer. None is signed: what is proven is proven by the TPM's answer.
#pragma once

#include <optional>
#include <string>

#include "artifacts/attestation_key.h"
#include "artifacts/bytes.h"
#include "artifacts/credential.h"
#include "artifacts/endorsement.h"
#include "artifacts/rejection.h"

namespace warrant {

inline constexpr size_t kMaxEnrollmentMessage = 128u << 10; ///< bytes of each of these documents
inline constexpr size_t kEnrollmentSecret = 32;             ///< bytes

/// From the host.
struct EnrollmentRequest {
  std::string host;                    ///< as it calls itself; the authority decides
  std::string machine_id;              ///< as Enrollment's
  Bytes ak_public;                     ///< TPMT_PUBLIC that parse_attestation_key() accepts
  Bytes ek_public;                     ///< TPMT_PUBLIC that parse_endorsement_key() accepts
  std::optional<Bytes> ek_certificate; ///< DER, not looked into; none: the maker left none
  uint64_t counter = 0;                ///< value of the NV counter; at most kMaxVersion

  bool operator==(const EnrollmentRequest &) const = default;
};

/// From the authority: a secret that only the TPM with both keys gives back.
struct EnrollmentChallenge {
  Credential credential;
  TpmName ak_name{}; ///< of the key that it was made for

  bool operator==(const EnrollmentChallenge &other) const;
};

/// From the host: the secret.
struct EnrollmentAnswer {
  Bytes secret; ///< kEnrollmentSecret bytes

  bool operator==(const EnrollmentAnswer &) const = default;
};

/// What the authority keeps for itself until the answer comes.
struct EnrollmentExpectation {
  Bytes secret;            ///< kEnrollmentSecret bytes
  Digest request_sha256{}; ///< of the request's bytes: no other is approved

  bool operator==(const EnrollmentExpectation &) const = default;
};

// Strict JSON objects with a `type` each; what is written is read back to the same.

std::string serialize_request(const EnrollmentRequest &request);
Checked<EnrollmentRequest> parse_request(ByteView text);
std::string serialize_challenge(const EnrollmentChallenge &challenge);
Checked<EnrollmentChallenge> parse_challenge(ByteView text);
std::string serialize_answer(const EnrollmentAnswer &answer);
Checked<EnrollmentAnswer> parse_answer(ByteView text);
std::string serialize_expectation(const EnrollmentExpectation &expectation);
Checked<EnrollmentExpectation> parse_expectation(ByteView text);

/// A secret for the keys of this request, and what to keep of it. `text` are the request's bytes.
struct NewChallenge {
  EnrollmentChallenge challenge;
  EnrollmentExpectation expectation;
};
Result<NewChallenge> make_challenge(const EnrollmentRequest &request, ByteView text);

/// Whether the answer is the one expected to the request of these bytes. Constant time in the
/// secret. Error: which of both it is not.
Status check_answer(const EnrollmentExpectation &expectation, ByteView request_text,
                    const EnrollmentAnswer &answer);

} // namespace warrant
