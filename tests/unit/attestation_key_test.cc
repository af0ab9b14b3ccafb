// SPDX-License-Identifier: Apache-2.0
#include "artifacts/attestation_key.h"

#include <string>

#include "tests/catch.h"
#include "tests/unit/wire_writer.h"

using namespace warrant;

namespace {

// fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign
constexpr uint32_t kGood = 0x00050072;

struct Shape {
  uint16_t type = 0x0023;
  uint16_t name = kTpmSha256;
  uint32_t attributes = kGood;
  uint16_t symmetric = 0x0010;
  uint16_t scheme = 0x0018;
  uint16_t hash = kTpmSha256;
  uint16_t curve = 0x0003;
  size_t x = 32;
};

Bytes area(const Shape &shape = {}) {
  WireWriter out(ByteOrder::kBig);
  out.number(shape.type).number(shape.name).number(shape.attributes).sized<uint16_t>(Bytes{});
  out.number(shape.symmetric).number(shape.scheme).number(shape.hash);
  out.number(shape.curve).number(uint16_t{0x0010});
  out.sized<uint16_t>(Bytes(shape.x, 0x44)).sized<uint16_t>(Bytes(32, 0x55));
  return out.done();
}

std::string problem(ByteView bytes) {
  const Result<AttestationKey> key = parse_attestation_key(bytes);
  return key.ok() ? "" : key.error().message;
}

} // namespace

TEST_CASE("an attestation key has a point, and a name of all that it is") {
  const AttestationKey key = parse_attestation_key(area()).value();
  CHECK(key.point.x[0] == 0x44);
  CHECK(key.point.y[31] == 0x55);
  CHECK(to_hex(key.name) == "000b" + to_hex(sha256(area())));
  const AttestationKey shorter = parse_attestation_key(area({.x = 31})).value();
  CHECK(shorter.point.x[0] == 0);
  CHECK(shorter.point.x[1] == 0x44);
  CHECK(shorter.name != key.name);
}

TEST_CASE("a key that may do more or less than attest is refused by what it may") {
  const auto with = [](uint32_t bit) { return problem(area({.attributes = kGood ^ bit})); };
  CHECK(with(1u << 1).find("fixedTPM") != std::string::npos);
  CHECK(with(1u << 2).find("stClear") != std::string::npos);
  CHECK(with(1u << 4).find("fixedParent") != std::string::npos);
  CHECK(with(1u << 5).find("sensitiveDataOrigin") != std::string::npos);
  CHECK(with(1u << 16).find("restricted") != std::string::npos);
  CHECK(with(1u << 17).find("decrypt") != std::string::npos);
  CHECK(with(1u << 18).find("sign") != std::string::npos);
  CHECK(with(1u << 6).empty());
}

TEST_CASE("keys of other kinds are refused") {
  CHECK(problem(area({.type = 0x0001})).find("elliptic") != std::string::npos);
  CHECK(problem(area({.name = 0x0004})).find("name") != std::string::npos);
  CHECK(problem(area({.symmetric = 0x0006})).find("ECDSA") != std::string::npos);
  CHECK(problem(area({.scheme = 0x001a})).find("ECDSA") != std::string::npos);
  CHECK(problem(area({.hash = 0x0004})).find("ECDSA") != std::string::npos);
  CHECK(problem(area({.curve = 0x0004})).find("P-256") != std::string::npos);
  CHECK(problem(area({.x = 33})).find("point") != std::string::npos);
  CHECK(problem(area({.x = 0})).find("point") != std::string::npos);
  CHECK(problem(Bytes(kMaxTpmPublic + 1, 0)).find("larger") != std::string::npos);
}

TEST_CASE("a key that is cut or goes on is none") {
  const Bytes whole = area();
  for (size_t size = 0; size < whole.size(); size++)
    CHECK(!problem(ByteView(whole).first(size)).empty());
  Bytes longer = whole;
  longer.push_back(0);
  CHECK(problem(longer).find("behind it") != std::string::npos);
}
