// SPDX-License-Identifier: Apache-2.0
// From two TPMs of a maker to an enrollment, with real TPMs at every step.
#include <string>

#include "artifacts/endorsement.h"
#include "artifacts/enrollment.h"
#include "artifacts/enrollment_request.h"
#include "daemon/tpm.h"
#include "tests/catch.h"
#include "tests/unit/swtpm_fixture.h"

using namespace warrant;
using test::Swtpm;

namespace {

constexpr uint32_t kKey = kAttestationKeyHandle;
constexpr int64_t kNow = 1900000000; // after what swtpm_localca writes, whenever the test runs

template <class T, class E>
T good(Result<T, E> result) {
  if constexpr (std::is_same_v<E, Rejection>) {
    if (!result.ok())
      FAIL(result.error().text());
  } else if (!result.ok()) {
    FAIL(result.error().message);
  }
  return std::move(result).value();
}

Tpm open(const Swtpm &swtpm) {
  silence_tss();
  return good(Tpm::open(swtpm.tcti()));
}

EnrollmentRequest request_of(Tpm &tpm) {
  EnrollmentRequest request;
  request.host = "host-a";
  request.machine_id = "0123456789abcdef0123456789abcdef";
  request.ak_public = good(tpm.make_attestation_key(kKey));
  request.ek_public = good(tpm.endorsement_public());
  request.ek_certificate = good(tpm.endorsement_certificate());
  return request;
}

Result<EnrollmentAnswer> answer_of(Tpm &tpm, const EnrollmentChallenge &challenge) {
  return EnrollmentAnswer{WARRANT_TRY(
      tpm.activate_credential(kKey, challenge.credential.blob, challenge.credential.secret))};
}

Result<std::string> check_maker(const EnrollmentRequest &request, const test::TpmMaker &maker) {
  const std::string root = maker.root();
  const std::string between = maker.intermediate();
  return check_endorsement_certificate(
      request.ek_certificate.value(), WARRANT_TRY(parse_endorsement_key(request.ek_public)),
      {Bytes(root.begin(), root.end()), Bytes(between.begin(), between.end())}, kNow);
}

template <class T>
std::string problem(const Result<T> &result) {
  return result.ok() ? "" : result.error().message;
}

void says(const std::string &text, std::string_view part) {
  INFO("\"" << part << "\" is not in: " << text);
  CHECK(text.find(part) != std::string::npos);
}

} // namespace

TEST_CASE("a TPM of a maker who is believed is enrolled; other makers, TPMs and keys are not") {
  const test::TpmMaker maker;
  const test::TpmMaker stranger;
  Swtpm swtpm({.maker = &maker});
  const Swtpm other_swtpm({.maker = &maker});
  Tpm tpm = open(swtpm);
  Tpm other = open(other_swtpm);
  const EnrollmentRequest request = request_of(tpm);
  const std::string text = serialize_request(request);
  REQUIRE(good(parse_request(view(text))) == request);

  // The maker.
  CHECK(good(check_maker(request, maker)) == "CN=swtpm-localca");
  says(problem(check_maker(request, stranger)), "endorsement certificate: ");
  EnrollmentRequest swapped = request;
  swapped.ek_certificate = request_of(other).ek_certificate;
  CHECK(problem(check_maker(swapped, maker)) ==
        "endorsement certificate: it is for another key than this TPM's");

  // The proof.
  const NewChallenge made = good(make_challenge(request, view(text)));
  const EnrollmentChallenge challenge =
      good(parse_challenge(view(serialize_challenge(made.challenge))));
  const EnrollmentAnswer answer = good(answer_of(tpm, challenge));
  CHECK(check_answer(made.expectation, view(text), answer).ok());
  CHECK(good(answer_of(tpm, challenge)).secret == answer.secret);

  // Another TPM of the same maker cannot give it, nor this one for another key.
  says(problem(answer_of(other, challenge)), "activating the credential: ");
  EnrollmentRequest mixed = request;
  mixed.ak_public = good(other.attestation_key(kKey)).value();
  const NewChallenge for_mixed = good(make_challenge(mixed, view(serialize_request(mixed))));
  says(problem(answer_of(tpm, for_mixed.challenge)), "activating the credential: ");
  says(problem(answer_of(other, for_mixed.challenge)), "activating the credential: ");

  // Nor is anything else an answer.
  const NewChallenge later = good(make_challenge(request, view(text)));
  says(problem(check_answer(later.expectation, view(text), answer)), "the answer is wrong: ");
  EnrollmentRequest renamed = request;
  renamed.host = "host-b";
  CHECK(problem(check_answer(made.expectation, view(serialize_request(renamed)), answer)) ==
        "this is not the request that was challenged");
  for (size_t i = 0; i < challenge.credential.blob.size(); i += 9) {
    EnrollmentChallenge tampered = challenge;
    tampered.credential.blob[i] ^= 1;
    CHECK(!answer_of(tpm, tampered).ok());
  }
  EnrollmentChallenge tampered = challenge;
  tampered.credential.secret[100] ^= 1;
  CHECK(!answer_of(tpm, tampered).ok());
  CHECK(swtpm.loaded().empty());
}

TEST_CASE("a secret of any length comes back from either kind of endorsement key") {
  Swtpm swtpm;
  Tpm tpm = open(swtpm);
  for (const bool is_ecc : {false, true}) {
    CAPTURE(is_ecc);
    if (is_ecc)
      swtpm.make_nv_index(0x01c0000a, 0x00060006, 16); // the certificate decides
    const EnrollmentRequest request = request_of(tpm);
    const TpmName name = parse_attestation_key(request.ak_public).value().name;
    for (const size_t size : {size_t{1}, size_t{16}, kMaxCredentialSecret}) {
      const Bytes secret(size, 0x5c);
      const Credential credential = good(make_credential(request.ek_public, name, secret));
      CHECK(good(tpm.activate_credential(kKey, credential.blob, credential.secret)) == secret);
    }
  }
}

TEST_CASE("a key that is no attestation key gets no challenge") {
  Swtpm swtpm;
  swtpm.make_storage_key(kKey);
  Tpm tpm = open(swtpm);
  says(problem(tpm.make_attestation_key(kKey)), "another key is at 0x81010010");
  EnrollmentRequest request;
  request.host = "host-a";
  request.machine_id = "0123456789abcdef0123456789abcdef";
  request.ak_public = good(tpm.attestation_key(kKey)).value();
  request.ek_public = good(tpm.endorsement_public());
  const std::string text = serialize_request(request);
  const Checked<EnrollmentRequest> parsed = parse_request(view(text));
  REQUIRE(!parsed.ok());
  CHECK(parsed.error().field == "akPublic");
  says(parsed.error().detail, "attestation key: it decrypts, too (decrypt)");
  CHECK(!make_challenge(request, view(text)).ok());
}
