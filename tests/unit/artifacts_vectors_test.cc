// SPDX-License-Identifier: Apache-2.0
// Published conformance vectors, where they are at hand: WARRANT_VECTORS, of the environment or of
// CMake, names their folder.
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "artifacts/envelope.h"
#include "artifacts/json.h"
#include "artifacts/key.h"
#include "tests/catch.h"

using namespace warrant;

namespace {

/// The parsed file; nullopt, said aloud, when it is not there.
std::optional<Json> vectors(const std::string &name) {
  const char *folder = std::getenv("WARRANT_VECTORS");
  const std::string path = std::string(folder ? folder : WARRANT_VECTORS_FOLDER) + "/" + name;
  if (path == "/" + name) {
    WARN("absent: " << name << "; WARRANT_VECTORS names no folder, nothing was compared");
    return std::nullopt;
  }
  if (!std::filesystem::exists(path)) {
    WARN("absent: " << path << "; nothing was compared");
    return std::nullopt;
  }
  const auto text = read_file(path, 16u << 20);
  REQUIRE(text.ok());
  return Json::parse(text.value());
}

Bytes bytes_of(const Json &hex) {
  const auto text = hex.get<std::string>();
  Bytes bytes(text.size() / 2);
  REQUIRE(from_hex(text, bytes));
  return bytes;
}

bool verifies(const Bytes &key, ByteView message, const Bytes &signature) {
  return key.size() == kPublicKeySize && signature.size() == kSignatureSize &&
         verify_ed25519(std::span<const uint8_t, kPublicKeySize>(key.data(), kPublicKeySize),
                        message,
                        std::span<const uint8_t, kSignatureSize>(signature.data(), kSignatureSize));
}

} // namespace

TEST_CASE("Wycheproof Ed25519") {
  const auto document = vectors("wycheproof/ed25519_test.json");
  if (!document)
    return;
  size_t agreed = 0;
  for (const Json &group : document->at("testGroups"))
    for (const Json &test : group.at("tests")) {
      const bool expected = test.at("result") == "valid";
      agreed += verifies(bytes_of(group.at("publicKey").at("pk")), bytes_of(test.at("msg")),
                         bytes_of(test.at("sig"))) == expected;
    }
  CHECK(agreed == 151);
  CHECK(agreed == document->at("numberOfTests"));
}

TEST_CASE("CCTV Ed25519") {
  const auto document = vectors("cctv/ed25519vectors.json");
  if (!document)
    return;
  size_t accepted = 0;
  size_t wrong = 0;
  size_t wrong_keys = 0;
  for (const Json &vector : *document) {
    bool expected = true;
    bool prime_order = true;
    for (const Json &flag : vector.value("flags", Json::array())) {
      expected &= flag != "low_order_A" && flag != "low_order_R" && flag != "low_order_residue";
      prime_order &=
          flag != "low_order_A" && flag != "low_order_component_A" && flag != "non_canonical_A";
    }
    const Bytes key = bytes_of(vector.at("key"));
    const bool verified =
        verifies(key, view(vector.at("msg").get<std::string>()), bytes_of(vector.at("sig")));
    accepted += verified;
    wrong += verified != expected;
    wrong_keys += PublicKey::from_bytes(key).ok() != prime_order;
  }
  CHECK(document->size() == 914);
  CHECK(accepted == 43);
  CHECK(wrong == 0);
  CHECK(wrong_keys == 0);
}

TEST_CASE("DSSE pre-authentication encoding") {
  const auto document = vectors("dsse/dsse_spec_vector.json");
  if (!document)
    return;
  const Bytes encoded = pae(document->at("payloadType").get<std::string>(),
                            view(document->at("serializedBody").get<std::string>()));
  CHECK(text_of(encoded) == document->at("pae").get<std::string>());
}

TEST_CASE("DSSE envelopes of other implementations") {
  const auto document = vectors("dsse/cross_lang_signing.json");
  if (!document)
    return;
  std::array<uint8_t, kSeedSize> seed{};
  REQUIRE(from_hex(document->at("test_seed_hex").get<std::string>(), seed));
  const SecretKey secret = SecretKey::from_seed(seed);
  const std::vector<PublicKey> keys = {secret.public_key()};
  size_t verified = 0;
  for (const Json &fixture : document->at("fixtures")) {
    INFO(fixture.at("name"));
    const auto type = fixture.at("payload_type").get<std::string>();
    const Bytes payload = from_base64(fixture.at("canonical_b64").get<std::string>()).value();
    const Bytes message = pae(type, payload);
    CHECK(to_base64(message) == fixture.at("pae_b64"));
    CHECK(to_base64(secret.sign(message)) == fixture.at("signature_b64"));
    Signature signature{};
    const Bytes given = from_base64(fixture.at("signature_b64").get<std::string>()).value();
    REQUIRE(given.size() == signature.size());
    std::copy(given.begin(), given.end(), signature.begin());
    verified += keys[0].verify(message, signature);

    // As an envelope only those of our one payload type, with a payload, are for us.
    const auto opened = verify_envelope(view(fixture.at("envelope").dump()), keys, 1);
    CHECK(opened.ok() == (type == kPayloadType && !payload.empty()));
    if (opened.ok())
      CHECK(opened.value().payload() == payload);
  }
  CHECK(verified == 11);
}
