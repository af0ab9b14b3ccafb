// SPDX-License-Identifier: Apache-2.0
#include "artifacts/enrollment_request.h"

#include <string>

#include "artifacts/trust_root.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_document.h"
#include "tests/unit/artifacts_fixture.h"
#include "tests/unit/tpm_areas.h"

using namespace warrant;

namespace {

EnrollmentRequest request() {
  return {"host-a", "0123456789abcdef0123456789abcdef", test::attestation_area(),
          test::endorsement_area(), Bytes(300, 0x30)};
}

EnrollmentChallenge challenge() {
  return {{Bytes(68, 1), Bytes(256, 2)}, parse_attestation_key(request().ak_public).value().name};
}

template <class Parse>
void check_message(Parse parse, const std::string &text, const char *optional = "-") {
  test::check_broken_documents(parse, text, {{optional}, {}, {}, {}});
  for (const test::BrokenText &broken : test::broken_texts(text, "type")) {
    INFO(broken.name);
    const auto parsed = parse(view(broken.text));
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().detail.find(broken.detail) != std::string::npos);
  }
  // A line's end is all that may be missing.
  for (size_t length = 0; length + 1 < text.size(); length++)
    if (parse(view(text.substr(0, length))).ok())
      FAIL("cut to " << length << " bytes");
  const std::string large = text + std::string(kMaxEnrollmentMessage, ' ');
  CHECK(parse(view(large)).error().detail.find("larger than") != std::string::npos);
}

std::string field_of(const Checked<EnrollmentRequest> &parsed) {
  return parsed.ok() ? "" : parsed.error().field;
}

} // namespace

TEST_CASE("each message survives the way through JSON, and is refused where it is broken") {
  EnrollmentRequest bare = request();
  bare.ek_certificate.reset();
  for (const EnrollmentRequest &one : {request(), bare})
    CHECK(parse_request(view(serialize_request(one))).value() == one);
  check_message(parse_request, serialize_request(request()), "ekCertificate");
  CHECK(parse_challenge(view(serialize_challenge(challenge()))).value() == challenge());
  check_message(parse_challenge, serialize_challenge(challenge()));
  const EnrollmentAnswer answer{Bytes(kEnrollmentSecret, 7)};
  CHECK(parse_answer(view(serialize_answer(answer))).value() == answer);
  check_message(parse_answer, serialize_answer(answer));
  const EnrollmentExpectation kept{Bytes(kEnrollmentSecret, 7), test::digest(3)};
  CHECK(parse_expectation(view(serialize_expectation(kept))).value() == kept);
  check_message(parse_expectation, serialize_expectation(kept));
}

TEST_CASE("one message is not taken for another") {
  const std::string answer = serialize_answer({Bytes(kEnrollmentSecret, 7)});
  CHECK(parse_expectation(view(answer)).error().field == "type");
  CHECK(parse_challenge(view(answer)).error().field == "type");
  CHECK(parse_request(view(answer)).error().field == "type");
  CHECK(parse_answer(view(serialize_challenge(challenge()))).error().field == "type");
}

TEST_CASE("a request has a machine's id, and keys of the right kinds") {
  const auto refused_at = [](auto change) {
    EnrollmentRequest changed = request();
    change(changed);
    return field_of(parse_request(view(serialize_request(changed))));
  };
  CHECK(refused_at([](EnrollmentRequest &) {}).empty());
  CHECK(refused_at([](EnrollmentRequest &r) { r.host = ""; }) == "host");
  CHECK(refused_at([](EnrollmentRequest &r) { r.counter = kMaxVersion; }).empty());
  CHECK(refused_at([](EnrollmentRequest &r) { r.counter = uint64_t{kMaxVersion} + 1; }) ==
        "counter");
  CHECK(refused_at([](EnrollmentRequest &r) { r.machine_id = std::string(32, '0'); }) ==
        "machineId");
  CHECK(refused_at([](EnrollmentRequest &r) { r.machine_id = std::string(32, 'G'); }) ==
        "machineId");
  CHECK(refused_at([](EnrollmentRequest &r) { std::swap(r.ak_public, r.ek_public); }) ==
        "akPublic");
  CHECK(refused_at([](EnrollmentRequest &r) { r.ek_public = r.ak_public; }) == "ekPublic");
  CHECK(refused_at([](EnrollmentRequest &r) { r.ak_public.resize(kMaxTpmPublic + 1); }) ==
        "akPublic");
  CHECK(refused_at([](EnrollmentRequest &r) {
          r.ek_certificate = Bytes(kMaxEndorsementCertificate + 1, 0);
        }) == "ekCertificate");
  CHECK(refused_at([](EnrollmentRequest &r) { r.ek_certificate = Bytes{}; }) == "ekCertificate");
  const std::string short_answer = serialize_answer({Bytes(kEnrollmentSecret - 1, 7)});
  CHECK(parse_answer(view(short_answer)).error().field == "secret");
}

TEST_CASE("an answer counts for the request that was challenged, and for the secret alone") {
  const std::string text = serialize_request(request());
  const NewChallenge made = make_challenge(request(), view(text)).value();
  CHECK(made.challenge.ak_name == challenge().ak_name);
  CHECK(made.expectation.secret !=
        make_challenge(request(), view(text)).value().expectation.secret);
  const EnrollmentAnswer right{made.expectation.secret};
  CHECK(check_answer(made.expectation, view(text), right).ok());
  CHECK(check_answer(made.expectation, view(text + " "), right).error().message ==
        "this is not the request that was challenged");
  for (size_t i = 0; i < kEnrollmentSecret; i++) {
    EnrollmentAnswer wrong = right;
    wrong.secret[i] ^= 1;
    CHECK(check_answer(made.expectation, view(text), wrong)
              .error()
              .message.starts_with("the answer is wrong: "));
  }
  EnrollmentAnswer cut = right;
  cut.secret.pop_back();
  CHECK(!check_answer(made.expectation, view(text), cut).ok());
  CHECK(!check_answer(made.expectation, view(text), {}).ok());
}
