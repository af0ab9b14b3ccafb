// SPDX-License-Identifier: Apache-2.0
#include "artifacts/endorsement_key.h"

#include <string>

#include "artifacts/credential.h"
#include "tests/catch.h"
#include "tests/unit/tpm_areas.h"

using namespace warrant;
using test::endorsement_area;

namespace {

std::string problem(ByteView area) {
  const Result<EndorsementKey> key = parse_endorsement_key(area);
  return key.ok() ? "" : key.error().message;
}

void says(const std::string &text, std::string_view part) {
  INFO("\"" << part << "\" is not in: " << text);
  CHECK(text.find(part) != std::string::npos);
}

} // namespace

TEST_CASE("an endorsement key of either template has its number, and a digest of all that it is") {
  const EndorsementKey rsa = parse_endorsement_key(endorsement_area()).value();
  CHECK(std::get<Rsa2048Modulus>(rsa.number)[255] == 0xc1);
  CHECK(rsa.sha256 == sha256(endorsement_area()));
  CHECK(problem(endorsement_area({.exponent = 65537})).empty());
  const EndorsementKey ecc = parse_endorsement_key(endorsement_area({.type = 0x0023})).value();
  CHECK(std::get<P256Point>(ecc.number).x[0] == 0x44);
  CHECK(std::get<P256Point>(ecc.number).y[31] == 0x55);
  const Bytes shorter = endorsement_area({.type = 0x0023, .x = Bytes(31, 0x44)});
  CHECK(std::get<P256Point>(parse_endorsement_key(shorter).value().number).x[0] == 0);
}

TEST_CASE("a key that is not exactly of the template is refused by what differs") {
  for (uint32_t bit = 0; bit < 32; bit++)
    says(problem(endorsement_area({.attributes = 0x000300b2u ^ 1u << bit})), "attributes");
  says(problem(endorsement_area({.type = 0x0008})), "neither RSA");
  says(problem(endorsement_area({.name = 0x000c})), "SHA-256");
  says(problem(endorsement_area({.policy = {}})), "policy");
  says(problem(endorsement_area({.policy = Bytes(32, 1)})), "policy");
  says(problem(endorsement_area({.policy = Bytes(65, 1)})), "cut off");
  says(problem(endorsement_area({.symmetric = 0x0010})), "AES-128");
  says(problem(endorsement_area({.symmetric_bits = 256})), "AES-128");
  says(problem(endorsement_area({.mode = 0x0042})), "CFB");
  says(problem(endorsement_area({.scheme = 0x0014})), "scheme");
  says(problem(endorsement_area({.bits = 1024})), "2048");
  says(problem(endorsement_area({.exponent = 3})), "exponent");
  says(problem(endorsement_area({.modulus = Bytes(255, 0xc1)})), "modulus");
  says(problem(endorsement_area({.modulus = Bytes(256, 0x41)})), "modulus");
  says(problem(endorsement_area({.modulus = {}})), "modulus");
  says(problem(endorsement_area({.modulus = Bytes(257, 0xc1)})), "modulus");
  says(problem(endorsement_area({.type = 0x0023, .scheme = 0x0018})), "scheme");
  says(problem(endorsement_area({.type = 0x0023, .curve = 0x0004})), "P-256");
  says(problem(endorsement_area({.type = 0x0023, .derivation = 0x0020})), "P-256");
  says(problem(endorsement_area({.type = 0x0023, .x = Bytes(33, 1)})), "point");
  says(problem(endorsement_area({.type = 0x0023, .y = {}})), "point");
  says(problem(Bytes(kMaxTpmPublic + 1, 0)), "larger");
}

TEST_CASE("an endorsement key that is cut or goes on is none") {
  for (const uint16_t type : {uint16_t{0x0001}, uint16_t{0x0023}}) {
    Bytes whole = endorsement_area({.type = type});
    for (size_t size = 0; size < whole.size(); size++)
      CHECK(!problem(ByteView(whole).first(size)).empty());
    whole.push_back(0);
    says(problem(whole), "behind it");
  }
}

TEST_CASE("a credential is for a key and a name, and never the same twice") {
  const Bytes area = endorsement_area();
  const TpmName name = parse_attestation_key(test::attestation_area()).value().name;
  const Bytes secret(32, 0x77);
  const Credential first = make_credential(area, name, secret).value();
  CHECK(first.blob.size() == 2 + 32 + 2 + secret.size());
  CHECK(first.secret.size() == 256);
  const Credential second = make_credential(area, name, secret).value();
  CHECK(first.blob != second.blob);
  CHECK(first.secret != second.secret);
  CHECK(make_credential(area, name, Bytes(1, 0)).ok());
  says(make_credential(area, name, {}).error().message, "1 to 32 bytes");
  says(make_credential(area, name, Bytes(33, 0)).error().message, "1 to 32 bytes");
  says(make_credential(endorsement_area({.type = 0x0023}), name, secret).error().message,
       "no point");
  says(make_credential(test::attestation_area(), name, secret).error().message, "endorsement key");
}
