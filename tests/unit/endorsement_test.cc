// SPDX-License-Identifier: Apache-2.0
#include "artifacts/endorsement.h"

#include <openssl/core_names.h>

#include <string>

#include "tests/catch.h"
#include "tests/unit/certificates.h"
#include "tests/unit/tpm_areas.h"

using namespace warrant;
using namespace warrant::test;

namespace {

constexpr int64_t kNow = 1800000000;

EndorsementKey key_of_rsa(EVP_PKEY *key) {
  BIGNUM *n = nullptr;
  REQUIRE(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1);
  Bytes modulus(256);
  REQUIRE(BN_bn2binpad(n, modulus.data(), 256) == 256);
  BN_free(n);
  return parse_endorsement_key(endorsement_area({.modulus = modulus})).value();
}

EndorsementKey key_of_ec(EVP_PKEY *key) {
  Bytes encoded(65);
  size_t size = 0;
  REQUIRE(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, encoded.data(),
                                          encoded.size(), &size) == 1);
  return parse_endorsement_key(
             endorsement_area({.type = 0x0023,
                               .x = Bytes(encoded.begin() + 1, encoded.begin() + 33),
                               .y = Bytes(encoded.begin() + 33, encoded.end())}))
      .value();
}

// A maker with an intermediate, and one TPM of his.
struct World {
  Issued root = make_authority("Root");
  Issued between = make_authority("Between", &root);
  openssl::Key rsa = make_rsa();
  EndorsementKey key = key_of_rsa(rsa.get());
  EndorsementAuthorities authorities{bytes(root.pem()), bytes(between.pem())};

  static Bytes bytes(const std::string &text) { return Bytes(text.begin(), text.end()); }

  std::string problem(ByteView der, int64_t now = kNow) const {
    const auto checked = check_endorsement_certificate(der, key, authorities, now);
    return checked.ok() ? "" : checked.error().message;
  }
  std::string problem(const CertificateShape &shape) const {
    return problem(issue(between, rsa.get(), shape).der());
  }
  std::string problem(std::vector<ExtensionShape> extensions) const {
    return problem(CertificateShape{.extensions = std::move(extensions)});
  }
};

std::vector<ExtensionShape> with(ExtensionShape more) {
  std::vector<ExtensionShape> extensions = endorsement_extensions();
  extensions.push_back(std::move(more));
  return extensions;
}

void says(const std::string &text, std::string_view part) {
  INFO("\"" << part << "\" is not in: " << text);
  CHECK(text.find(part) != std::string::npos);
}

} // namespace

TEST_CASE("a maker's certificate is believed for its key, through his intermediate") {
  World world;
  const Bytes der =
      issue(world.between, world.rsa.get(), {.extensions = endorsement_extensions()}).der();
  CHECK(check_endorsement_certificate(der, world.key, world.authorities, kNow).value() ==
        "CN=Between");
  // An anchor need be no root, and may stand among text.
  world.authorities = {World::bytes("the maker's:\n" + world.between.pem() + "\nand no more"), {}};
  CHECK(world.problem(der).empty());

  const openssl::Key ec = make_ec();
  world.key = key_of_ec(ec.get());
  CHECK(world
            .problem(issue(world.between, ec.get(),
                           {.extensions = endorsement_extensions("keyAgreement")})
                         .der())
            .empty());
  says(
      world.problem(issue(world.between, ec.get(), {.extensions = endorsement_extensions()}).der()),
      "key usage");
}

TEST_CASE("a certificate by others, for others, or of another time is refused") {
  World world;
  const CertificateShape shape{.extensions = endorsement_extensions()};
  const Bytes der = issue(world.between, world.rsa.get(), shape).der();
  REQUIRE(world.problem(der).empty());
  says(world.problem(issue(make_authority("Between"), world.rsa.get(), shape).der()), "signature");
  says(world.problem(issue(make_authority("Stranger"), world.rsa.get(), shape).der()),
       "unable to get");
  says(world.problem(issue(make_authority("Stranger"), world.rsa.get(), shape).der()),
       "CN=Stranger issued it");
  says(world.problem(issue(world.between, make_rsa().get(), shape).der()), "another key");
  says(world.problem(issue(world.between, make_ec().get(), shape).der()), "another key");
  says(world.problem(der, 1600000000), "not yet valid");
  says(world.problem(der, 1950000000), "expired");
  says(world.problem({.extensions = endorsement_extensions(), .digest = "SHA1"}), "too weak");
  for (size_t i = 0; i < der.size(); i++) {
    Bytes flipped = der;
    flipped[i] ^= 1;
    if (world.problem(flipped).empty())
      FAIL("byte " << i << " was changed and nobody saw it");
  }
}

TEST_CASE("who is no authority has none") {
  World world;
  const CertificateShape leaf{.extensions = endorsement_extensions()};
  const CertificateShape plain{.extensions = {{"basicConstraints", "critical,CA:FALSE"}}};
  const Issued fake = make_authority("Fake", &world.root, &plain);
  world.authorities.intermediates = World::bytes(fake.pem());
  says(world.problem(issue(fake, world.rsa.get(), leaf).der()), "invalid CA");
  const CertificateShape expired{
      .until = 1750000000,
      .extensions = {{"basicConstraints", "critical,CA:TRUE"}, {"keyUsage", "keyCertSign"}}};
  const Issued old = make_authority("Old", &world.root, &expired);
  world.authorities.intermediates = World::bytes(old.pem());
  says(world.problem(issue(old, world.rsa.get(), leaf).der()), "expired");
  const CertificateShape odd{.extensions = {{"basicConstraints", "critical,CA:TRUE"},
                                            {"keyUsage", "keyCertSign"},
                                            {"subjectDirectoryAttributes", "critical,DER:3000"}}};
  const Issued strange = make_authority("Odd", &world.root, &odd);
  world.authorities.intermediates = World::bytes(strange.pem());
  says(world.problem(issue(strange, world.rsa.get(), leaf).der()), "critical extension");
}

TEST_CASE("a certificate of another use is none for endorsement keys") {
  const World world;
  CHECK(world.problem(endorsement_extensions()).empty());
  says(world.problem(endorsement_extensions("digitalSignature")), "key usage");
  says(world.problem(endorsement_extensions("keyAgreement")), "key usage");
  std::vector<ExtensionShape> extensions = endorsement_extensions();
  extensions[0].value = "critical,CA:TRUE";
  says(world.problem(extensions), "authority's");
  extensions = endorsement_extensions();
  extensions[2].value = "2.23.133.8.3"; // an attestation key's
  says(world.problem(extensions), "2.23.133.8.1");
  extensions[2].value = "serverAuth,2.23.133.8.1";
  CHECK(world.problem(extensions).empty());
  extensions.pop_back();
  says(world.problem(extensions), "2.23.133.8.1");
  extensions.pop_back();
  says(world.problem(extensions), "key usage");
}

TEST_CASE("of the critical extensions that OpenSSL does not know, the profile's alone pass") {
  const World world;
  // directoryName of the TPM's maker, model and version.
  CHECK(world
            .problem(with({"subjectAltName",
                           "critical,DER:3022a420301e311c301a0605678105020"
                           "1"
                           "0c1169643a3030303030303030303030303031"}))
            .empty());
  CHECK(world.problem(with({"subjectDirectoryAttributes", "critical,DER:3000"})).empty());
  CHECK(world.problem(with({"1.2.3.4.5", "DER:0500"})).empty());
  says(world.problem(with({"1.2.3.4.5", "critical,DER:0500"})), "critical extension");
  std::vector<ExtensionShape> both = with({"subjectDirectoryAttributes", "critical,DER:3000"});
  both.push_back({"1.2.3.4.5", "critical,DER:0500"});
  says(world.problem(both), "critical extension");
}

TEST_CASE("what is no certificate, and no file of them, is refused") {
  World world;
  Bytes der = issue(world.between, world.rsa.get(), {.extensions = endorsement_extensions()}).der();
  says(world.problem(Bytes{}), "not X.509");
  says(world.problem(Bytes(100, 0x30)), "not X.509");
  for (size_t size = 0; size < der.size(); size += 7)
    says(world.problem(ByteView(der).first(size)), "not X.509");
  says(world.problem(Bytes(kMaxEndorsementCertificate + 1, 0)), "larger than");
  Bytes longer = der;
  longer.push_back(0);
  says(world.problem(longer), "behind it");

  const EndorsementAuthorities good = world.authorities;
  world.authorities.anchors.clear();
  says(world.problem(der), "no anchor");
  world.authorities.anchors = World::bytes("hello");
  says(world.problem(der), "no anchor");
  const std::string half = world.root.pem().substr(0, 200);
  world.authorities.anchors = World::bytes(world.root.pem() + half);
  says(world.problem(der), "certificate 2 of the anchors cannot be read");
  world.authorities = good;
  world.authorities.intermediates = Bytes(kMaxAnchorFile + 1, 'x');
  says(world.problem(der), "larger than 1 MiB");
  world.authorities.intermediates.clear();
  says(world.problem(der), "unable to get");
}
