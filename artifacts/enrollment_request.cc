// SPDX-License-Identifier: Apache-2.0
#include "artifacts/enrollment_request.h"

#include <sodium.h>

#include <nlohmann/json.hpp>

#include "artifacts/endorsement_key.h"
#include "artifacts/enrollment.h"
#include "artifacts/json.h"
#include "artifacts/random.h"
#include "artifacts/statement.h"
#include "artifacts/trust_root.h"

namespace warrant {
namespace {

constexpr std::string_view kRequestType = "warrant-enrollment-request-v1";
constexpr std::string_view kChallengeType = "warrant-enrollment-challenge-v1";
constexpr std::string_view kAnswerType = "warrant-enrollment-answer-v1";
constexpr std::string_view kExpectationType = "warrant-enrollment-expectation-v1";

std::string text_of_json(const Json &json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Checked<Json> read_message(ByteView text) {
  if (text.size() > kMaxEnrollmentMessage)
    return malformed("", "larger than " + std::to_string(kMaxEnrollmentMessage) + " bytes");
  return parse_json(text);
}

Checked<ObjectReader> open_message(const Json &json, std::string_view type) {
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(json));
  WARRANT_TRY(reader.literal("type", type));
  return reader;
}

Checked<Bytes> read_bytes(ObjectReader &reader, std::string_view name, size_t min, size_t max) {
  const std::string text = WARRANT_TRY(reader.string(name, 1, (max + 2) / 3 * 4));
  Result<Bytes> bytes = from_base64(text);
  if (!bytes.ok())
    return malformed(reader.at(name), bytes.error().message);
  if (bytes.value().size() < min || bytes.value().size() > max)
    return malformed(reader.at(name), std::to_string(min) + " to " + std::to_string(max) +
                                          " bytes in base64 expected");
  return std::move(bytes).value();
}

} // namespace

bool EnrollmentChallenge::operator==(const EnrollmentChallenge &other) const {
  return credential.blob == other.credential.blob && credential.secret == other.credential.secret &&
         ak_name == other.ak_name;
}

std::string serialize_request(const EnrollmentRequest &request) {
  Json json = {{"type", kRequestType},
               {"host", request.host},
               {"machineId", request.machine_id},
               {"akPublic", to_base64(request.ak_public)},
               {"ekPublic", to_base64(request.ek_public)},
               {"counter", request.counter}};
  if (request.ek_certificate)
    json["ekCertificate"] = to_base64(*request.ek_certificate);
  return text_of_json(json);
}

Checked<EnrollmentRequest> parse_request(ByteView text) {
  const Json json = WARRANT_TRY(read_message(text));
  ObjectReader reader = WARRANT_TRY(open_message(json, kRequestType));
  EnrollmentRequest request;
  request.host = WARRANT_TRY(reader.string("host", 1, kMaxHostName));
  request.machine_id = WARRANT_TRY(reader.string("machineId", 32, 32));
  if (!is_machine_id(request.machine_id))
    return malformed(reader.at("machineId"), "32 lower-case hex characters, not all 0, expected");
  request.ak_public = WARRANT_TRY(read_bytes(reader, "akPublic", 1, kMaxTpmPublic));
  if (const auto key = parse_attestation_key(request.ak_public); !key.ok())
    return malformed(reader.at("akPublic"), key.error().message);
  request.ek_public = WARRANT_TRY(read_bytes(reader, "ekPublic", 1, kMaxTpmPublic));
  if (const auto key = parse_endorsement_key(request.ek_public); !key.ok())
    return malformed(reader.at("ekPublic"), key.error().message);
  request.counter = static_cast<uint64_t>(WARRANT_TRY(reader.integer("counter", 0, kMaxVersion)));
  if (reader.has("ekCertificate"))
    request.ek_certificate =
        WARRANT_TRY(read_bytes(reader, "ekCertificate", 1, kMaxEndorsementCertificate));
  WARRANT_TRY(reader.finish());
  return request;
}

std::string serialize_challenge(const EnrollmentChallenge &challenge) {
  return text_of_json({{"type", kChallengeType},
                       {"akName", to_hex(challenge.ak_name)},
                       {"credentialBlob", to_base64(challenge.credential.blob)},
                       {"secret", to_base64(challenge.credential.secret)}});
}

Checked<EnrollmentChallenge> parse_challenge(ByteView text) {
  const Json json = WARRANT_TRY(read_message(text));
  ObjectReader reader = WARRANT_TRY(open_message(json, kChallengeType));
  EnrollmentChallenge challenge;
  const std::string name = WARRANT_TRY(reader.string("akName", 1, 2 * sizeof(TpmName)));
  if (!from_hex(name, challenge.ak_name))
    return malformed(reader.at("akName"), "68 lower-case hex characters expected");
  challenge.credential.blob =
      WARRANT_TRY(read_bytes(reader, "credentialBlob", 1, kMaxCredentialBlob));
  challenge.credential.secret = WARRANT_TRY(read_bytes(reader, "secret", 1, kMaxEncryptedSeed));
  WARRANT_TRY(reader.finish());
  return challenge;
}

std::string serialize_answer(const EnrollmentAnswer &answer) {
  return text_of_json({{"type", kAnswerType}, {"secret", to_base64(answer.secret)}});
}

Checked<EnrollmentAnswer> parse_answer(ByteView text) {
  const Json json = WARRANT_TRY(read_message(text));
  ObjectReader reader = WARRANT_TRY(open_message(json, kAnswerType));
  EnrollmentAnswer answer{
      WARRANT_TRY(read_bytes(reader, "secret", kEnrollmentSecret, kEnrollmentSecret))};
  WARRANT_TRY(reader.finish());
  return answer;
}

std::string serialize_expectation(const EnrollmentExpectation &expectation) {
  return text_of_json({{"type", kExpectationType},
                       {"requestSha256", to_hex(expectation.request_sha256)},
                       {"secret", to_base64(expectation.secret)}});
}

Checked<EnrollmentExpectation> parse_expectation(ByteView text) {
  const Json json = WARRANT_TRY(read_message(text));
  ObjectReader reader = WARRANT_TRY(open_message(json, kExpectationType));
  EnrollmentExpectation expectation;
  expectation.request_sha256 = WARRANT_TRY(reader.digest("requestSha256"));
  expectation.secret =
      WARRANT_TRY(read_bytes(reader, "secret", kEnrollmentSecret, kEnrollmentSecret));
  WARRANT_TRY(reader.finish());
  return expectation;
}

Result<NewChallenge> make_challenge(const EnrollmentRequest &request, ByteView text) {
  NewChallenge made;
  made.expectation.secret.resize(kEnrollmentSecret);
  fill_random(made.expectation.secret);
  made.expectation.request_sha256 = sha256(text);
  made.challenge.ak_name = WARRANT_TRY(parse_attestation_key(request.ak_public)).name;
  made.challenge.credential = WARRANT_TRY(
      make_credential(request.ek_public, made.challenge.ak_name, made.expectation.secret));
  return made;
}

Status check_answer(const EnrollmentExpectation &expectation, ByteView request_text,
                    const EnrollmentAnswer &answer) {
  if (sha256(request_text) != expectation.request_sha256)
    return Error{"this is not the request that was challenged"};
  if (answer.secret.size() != expectation.secret.size() ||
      sodium_memcmp(answer.secret.data(), expectation.secret.data(), answer.secret.size()) != 0)
    return Error{
        "the answer is wrong: the TPM that gave it does not hold both keys of the request, "
        "or it was given to another challenge"};
  return {};
}

} // namespace warrant
