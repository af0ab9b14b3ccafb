// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "artifacts/key.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

namespace {

template <size_t N>
std::array<uint8_t, N> hex(std::string_view text) {
  std::array<uint8_t, N> bytes{};
  REQUIRE(from_hex(text, bytes));
  return bytes;
}

struct SigningVector {
  const char *seed, *key, *message, *signature;
};

// RFC 8032 section 7.1, TEST 1 to 3 and TEST SHA(abc)
constexpr SigningVector kRfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "46b"
     "d25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d8c"
     "387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "659"
     "4a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fee"
     "bbd"
     "454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e"
     "030"
     "3dca179c138ac17ad9bef1177331a704"}};

std::string printed_by(const std::string &command) {
  const std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen(command.c_str(), "r"), pclose);
  std::string output;
  char line[512];
  while (pipe && std::fgets(line, sizeof line, pipe.get()))
    output += line;
  return output;
}

} // namespace

TEST_CASE("Ed25519 agrees with RFC 8032") {
  for (const SigningVector &vector : kRfc8032) {
    const SecretKey secret = SecretKey::from_seed(hex<kSeedSize>(vector.seed));
    const PublicKey key = secret.public_key();
    CHECK(to_hex(key.bytes()) == vector.key);
    Bytes message(std::string_view(vector.message).size() / 2);
    REQUIRE(from_hex(vector.message, message));
    const Signature signature = secret.sign(message);
    CHECK(to_hex(signature) == vector.signature);
    CHECK(key.verify(message, signature));
    message.push_back(0);
    CHECK_FALSE(key.verify(message, signature));
  }
}

TEST_CASE("a fingerprint is what ssh-keygen prints") {
  const PublicKey key = SecretKey::from_seed(hex<kSeedSize>(kRfc8032[0].seed)).public_key();
  CHECK(key.fingerprint() == "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8");
  CHECK(key.fingerprint().size() == 7 + 43);

  if (printed_by("command -v ssh-keygen").empty()) {
    WARN("absent: ssh-keygen; only the fixed fingerprint was compared");
    return;
  }
  const test::TemporaryDirectory directory;
  for (uint8_t number = 1; number <= 5; number++) {
    const PublicKey other = test::key(number).public_key();
    Bytes blob = {0, 0, 0, 11, 's', 's', 'h', '-', 'e', 'd', '2', '5', '5', '1', '9', 0, 0, 0, 32};
    blob.insert(blob.end(), other.bytes().begin(), other.bytes().end());
    const std::string path = directory.file("key.pub");
    REQUIRE(write_file_atomic(path, view("ssh-ed25519 " + to_base64(blob) + " test\n"), 0600).ok());
    CHECK(printed_by("ssh-keygen -l -f " + path).find(" " + other.fingerprint() + " ") !=
          std::string::npos);
  }
}

TEST_CASE("only honest points become public keys") {
  CHECK(PublicKey::from_bytes(test::key(1).public_key().bytes()).ok());
  CHECK_FALSE(PublicKey::from_bytes(Bytes(31)).ok());
  CHECK_FALSE(PublicKey::from_bytes(Bytes(33)).ok());
  for (const char *bad : {
           "0000000000000000000000000000000000000000000000000000000000000000", // order 4
           "0100000000000000000000000000000000000000000000000000000000000000", // order 1
           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 2
           "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // order 8
           "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // not canonical
           "0200000000000000000000000000000000000000000000000000000000000000", // not on the curve
       })
    CHECK_FALSE(PublicKey::from_bytes(hex<kPublicKeySize>(bad)).ok());
}

TEST_CASE("a moved-from key is empty") {
  SecretKey first = test::key(1);
  const PublicKey expected = first.public_key();
  SecretKey second = std::move(first);
  CHECK(second.public_key() == expected);
  SecretKey third = test::key(2);
  third = std::move(second);
  CHECK(third.public_key() == expected);
  CHECK_FALSE(SecretKey::generate().public_key() == SecretKey::generate().public_key());
}

TEST_CASE("private keys go through files") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.file("key.json");
  const SecretKey key = SecretKey::generate();
  REQUIRE(key.save(path).ok());
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777u) == 0600);
  const auto loaded = SecretKey::load(path);
  REQUIRE(loaded.ok());
  CHECK(loaded.value().public_key() == key.public_key());

  SECTION("an existing file is never replaced") {
    const Status saved = test::key(1).save(path);
    REQUIRE_FALSE(saved.ok());
    CHECK(saved.error().message.find(path + ": exists already") == 0);
    CHECK(SecretKey::load(path).value().public_key() == key.public_key());
  }
  SECTION("group and others must be shut out") {
    for (const mode_t mode : {0640u, 0604u, 0620u, 0602u, 0610u, 0777u}) {
      REQUIRE(chmod(path.c_str(), mode) == 0);
      const auto refused = SecretKey::load(path);
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error().message.find("accessible to group or others") != std::string::npos);
    }
    REQUIRE(chmod(path.c_str(), 0400) == 0);
    CHECK(SecretKey::load(path).ok());
  }
  SECTION("somebody else's file is refused") {
    if (geteuid() != 0) {
      WARN("absent: root; ownership of private keys was not tried");
      return;
    }
    REQUIRE(chown(path.c_str(), 12345, 12345) == 0);
    const auto refused = SecretKey::load(path);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().message.find("belongs to uid 12345") != std::string::npos);
  }
  SECTION("too large, no file, a public key") {
    CHECK_FALSE(SecretKey::load(directory.file("absent")).ok());
    CHECK_FALSE(SecretKey::load(directory.file("")).ok());
    const std::string large = directory.file("large");
    REQUIRE(write_file_atomic(large, Bytes(4097, ' '), 0600).ok());
    CHECK(SecretKey::load(large).error().message.find("larger than 4096") != std::string::npos);
    const std::string other = directory.file("other");
    REQUIRE(write_file_atomic(other, view(serialize_public_key(key.public_key())), 0600).ok());
    CHECK(SecretKey::load(other).error().message.find("type: exactly \"warrant-private-key-v1\"") !=
          std::string::npos);
  }
}

TEST_CASE("a broken private key file is refused by name") {
  const std::string seed = to_base64(Bytes(32, 1));
  const std::string valid = "{\"type\":\"warrant-private-key-v1\",\"seed\":\"" + seed + "\"}\n";
  REQUIRE(SecretKey::parse(view(valid)).ok());
  CHECK(SecretKey::parse(view(valid)).value().public_key() == test::key(1).public_key());
  for (const test::BrokenText &broken : test::broken_texts(valid, "type")) {
    INFO(broken.name);
    const auto parsed = SecretKey::parse(view(broken.text));
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().message.find(broken.detail) != std::string::npos);
  }
  const std::pair<std::string, const char *> cases[] = {
      {"{\"type\":\"warrant-private-key-v2\",\"seed\":\"" + seed + "\"}\n", "type: exactly"},
      {"{\"seed\":\"" + seed + "\"}\n", "type: missing"},
      {"{\"type\":\"warrant-private-key-v1\"}\n", "seed: missing"},
      {"{\"type\":\"warrant-private-key-v1\",\"seed\":7}\n", "seed: string expected"},
      {"{\"type\":\"warrant-private-key-v1\",\"seed\":\"" + to_base64(Bytes(31)) + "\"}\n",
       "seed: 32 bytes"},
      {"{\"type\":\"warrant-private-key-v1\",\"seed\":\"" + to_base64(Bytes(33)) + "\"}\n",
       "seed: 32 bytes"},
      {"{\"type\":\"warrant-private-key-v1\",\"seed\":\"" + std::string(44, '!') + "\"}\n",
       "base64"},
      {"{\"seed\":\"" + seed + "\",\"type\":\"warrant-private-key-v1\"}\n", "not the one line"}};
  for (const auto &[text, expected] : cases) {
    const auto parsed = SecretKey::parse(view(text));
    REQUIRE_FALSE(parsed.ok());
    INFO(parsed.error().message);
    CHECK(parsed.error().message.find(expected) != std::string::npos);
    CHECK(parsed.error().message.find(seed) == std::string::npos);
  }
}

TEST_CASE("public keys go through files") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.file("key.pub.json");
  const PublicKey key = test::key(1).public_key();
  REQUIRE(save_public_key(key, path).ok());
  REQUIRE(load_public_key(path).ok());
  CHECK(load_public_key(path).value() == key);
  CHECK_FALSE(save_public_key(key, path).ok());

  const std::string valid = serialize_public_key(key);
  for (const test::BrokenText &broken : test::broken_texts(valid, "type")) {
    INFO(broken.name);
    const auto parsed = parse_public_key(view(broken.text));
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().message.find(broken.detail) != std::string::npos);
  }
  const std::pair<std::string, const char *> cases[] = {
      {R"({"type":"warrant-public-key-v2","key":""})", "type: exactly"},
      {R"({"type":"warrant-public-key-v1"})", "key: missing"},
      {R"({"type":"warrant-public-key-v1","key":[]})", "key: string expected"},
      {R"({"type":"warrant-public-key-v1","key":"AA=="})", "key: Ed25519 public key of 32 bytes"},
      {R"({"type":"warrant-public-key-v1","key":")" + to_base64(Bytes(32)) + "\"}", "prime-order"}};
  for (const auto &[text, expected] : cases) {
    const auto parsed = parse_public_key(view(text));
    REQUIRE_FALSE(parsed.ok());
    INFO(parsed.error().message);
    CHECK(parsed.error().message.find(expected) != std::string::npos);
  }
  for (size_t bit = 0; bit < valid.size() * 8; bit++) {
    std::string flipped = valid;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const auto parsed = parse_public_key(view(flipped));
    // White space behind the document is all that may change without changing the key.
    CHECK((!parsed.ok() || !(parsed.value() == key) || bit / 8 == valid.size() - 1));
  }
}
