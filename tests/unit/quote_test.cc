// SPDX-License-Identifier: Apache-2.0
#include "artifacts/quote.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <string>

#include "tests/catch.h"
#include "tests/unit/wire_writer.h"

using namespace warrant;

namespace {

const Digest kPcrDigest = sha256(view("values"));

struct Shape {
  uint32_t magic = 0xff544347;
  uint16_t type = 0x8018;
  uint8_t safe = 1;
  uint32_t banks = 1;
  uint16_t bank = kTpmSha256;
  Bytes select = {0x81, 0x01, 0x00}; // 0, 7, 8
  size_t nonce = 32;
  size_t digest = 32;
};

Bytes attest(const Shape &shape = {}) {
  WireWriter out(ByteOrder::kBig);
  out.number(shape.magic).number(shape.type);
  out.sized<uint16_t>(Bytes(34, 0x22)).sized<uint16_t>(Bytes(shape.nonce, 0x33));
  out.number(uint64_t{123456}).number(uint32_t{4}).number(uint32_t{2}).number(shape.safe);
  out.number(uint64_t{0x20191023});
  out.number(shape.banks).number(shape.bank).sized<uint8_t>(shape.select);
  out.sized<uint16_t>(ByteView(kPcrDigest).first(shape.digest));
  return out.done();
}

std::string problem(ByteView bytes) {
  const Result<Quote> quote = parse_quote(bytes);
  return quote.ok() ? "" : quote.error().message;
}

// A key as a TPM would hold it.
class Signer {
 public:
  Signer() : key_(EVP_EC_gen("P-256")) { REQUIRE(key_ != nullptr); }
  Signer(const Signer &) = delete;
  ~Signer() { EVP_PKEY_free(key_); }

  P256Point point() const {
    std::array<uint8_t, 65> encoded{};
    size_t size = 0;
    REQUIRE(EVP_PKEY_get_octet_string_param(key_, OSSL_PKEY_PARAM_PUB_KEY, encoded.data(),
                                            encoded.size(), &size) == 1);
    REQUIRE(size == encoded.size());
    P256Point point;
    std::copy_n(encoded.begin() + 1, 32, point.x.begin());
    std::copy_n(encoded.begin() + 33, 32, point.y.begin());
    return point;
  }

  // A TPMT_SIGNATURE.
  Bytes sign(ByteView bytes, uint16_t scheme = 0x0018) const {
    std::array<uint8_t, 80> der{};
    size_t size = der.size();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    REQUIRE(EVP_DigestSignInit_ex(context, nullptr, "SHA256", nullptr, nullptr, key_, nullptr) ==
            1);
    REQUIRE(EVP_DigestSign(context, der.data(), &size, bytes.data(), bytes.size()) == 1);
    EVP_MD_CTX_free(context);
    // SEQUENCE { INTEGER r, INTEGER s }, each below 128 bytes; a zero stands before a high bit.
    Cursor cursor(ByteView(der).first(size), ByteOrder::kBig);
    cursor.take(2);
    WireWriter out(ByteOrder::kBig);
    out.number(scheme).number(kTpmSha256);
    for (int i = 0; i < 2; i++) {
      cursor.take(1);
      ByteView number = *cursor.sized<uint8_t>(33);
      out.sized<uint16_t>(number.size() == 33 ? number.subspan(1) : number);
    }
    return out.done();
  }

 private:
  EVP_PKEY *key_;
};

} // namespace

TEST_CASE("a quote is read whole") {
  const Quote quote = parse_quote(attest()).value();
  CHECK(quote.signer == Bytes(34, 0x22));
  CHECK(quote.nonce == Bytes(32, 0x33));
  CHECK(quote.clock == 123456);
  CHECK(quote.resets == 4);
  CHECK(quote.restarts == 2);
  CHECK(quote.is_safe);
  CHECK(quote.firmware == 0x20191023);
  CHECK(quote.pcrs == 0x181);
  CHECK(quote.pcr_digest == kPcrDigest);
}

TEST_CASE("what is no quote over SHA-256 PCRs is refused, and told what it is") {
  CHECK(problem(attest({.magic = 0xff544348})).find("no TPM generated it") != std::string::npos);
  CHECK(problem(attest({.type = 0x8017})).find("not of PCRs") != std::string::npos);
  CHECK(problem(attest({.safe = 2})).find("clock") != std::string::npos);
  CHECK(problem(attest({.banks = 0})).find("0 banks") != std::string::npos);
  CHECK(problem(attest({.banks = 2})).find("2 banks") != std::string::npos);
  CHECK(problem(attest({.bank = 0x0004})).find("another bank") != std::string::npos);
  CHECK(problem(attest({.select = {0, 0, 0}})).find("no PCR") != std::string::npos);
  CHECK(problem(attest({.select = {0, 0, 0, 1}})).find("cannot be") != std::string::npos);
  CHECK(problem(attest({.select = {1, 0, 0, 0, 0}})).find("cannot be read") != std::string::npos);
  CHECK(problem(attest({.nonce = 65})).find("65") == std::string::npos);
  CHECK(!problem(attest({.nonce = 65})).empty());
  CHECK(problem(attest({.nonce = 64})).empty());
  CHECK(problem(attest({.digest = 20})).find("not a SHA-256") != std::string::npos);
  CHECK(problem(Bytes(kMaxQuote + 1, 0)).find("larger than") != std::string::npos);
}

TEST_CASE("a quote that is cut or goes on is none") {
  const Bytes whole = attest();
  for (size_t size = 0; size < whole.size(); size++) {
    CAPTURE(size);
    CHECK(!problem(ByteView(whole).first(size)).empty());
  }
  Bytes longer = whole;
  longer.push_back(0);
  CHECK(problem(longer).find("behind it") != std::string::npos);
}

TEST_CASE("only what the key signed is its quote, byte for byte") {
  const Signer signer;
  const Bytes quote = attest();
  const Bytes signature = signer.sign(quote);
  REQUIRE(verify_quote_signature(quote, signature, signer.point()).ok());

  for (size_t i = 0; i < quote.size(); i++) {
    Bytes other = quote;
    other[i] ^= 1;
    CAPTURE(i);
    CHECK(!verify_quote_signature(other, signature, signer.point()).ok());
  }
  for (size_t i = 0; i < signature.size(); i++) {
    Bytes other = signature;
    other[i] ^= 1;
    CAPTURE(i);
    CHECK(!verify_quote_signature(quote, other, signer.point()).ok());
  }
  CHECK(!verify_quote_signature(quote, signature, Signer().point()).ok());
}

TEST_CASE("signatures of other kinds and points beside the curve are refused") {
  const Signer signer;
  const Bytes quote = attest();
  const auto said = [&](ByteView signature, const P256Point &key) {
    const Status done = verify_quote_signature(quote, signature, key);
    return done.ok() ? "" : done.error().message;
  };
  CHECK(said(signer.sign(quote, 0x0014), signer.point()).find("ECDSA") != std::string::npos);
  CHECK(said({}, signer.point()).find("ECDSA") != std::string::npos);
  Bytes longer = signer.sign(quote);
  longer.push_back(0);
  CHECK(said(longer, signer.point()).find("cannot be read") != std::string::npos);
  P256Point beside = signer.point();
  beside.y[31] ^= 1;
  CHECK(said(signer.sign(quote), beside).find("no point") != std::string::npos);
  CHECK(said(signer.sign(quote), P256Point{}).find("no point") != std::string::npos);
}

TEST_CASE("the digest of PCRs is of their values, lowest first") {
  const PcrValues values = {{0, sha256(view("a"))}, {7, sha256(view("b"))}, {8, sha256(view("c"))}};
  Bytes both;
  for (const uint32_t pcr : {0u, 8u})
    both.insert(both.end(), values.at(pcr).begin(), values.at(pcr).end());
  CHECK(digest_of_pcrs(values, 0x101).value() == sha256(both));
  CHECK(digest_of_pcrs(values, 0x102).error().message.find("PCR 1") != std::string::npos);
}
