// SPDX-License-Identifier: Apache-2.0
// The form of bundles, and that nothing in one can be changed: with quotes of a real TPM.
#include "artifacts/attestation_bundle.h"

#include <nlohmann/json.hpp>

#include "artifacts/attestation_report.h"
#include "artifacts/time.h"
#include "tests/catch.h"
#include "tests/unit/attestation_host.h"
#include "tests/unit/wire_writer.h"

using namespace warrant;
using test::AttestingHost;

namespace {

/// Everything that a bundle may tell, at once.
AttestationBundle rich(AttestingHost &host, const Bytes &challenge = test::challenge()) {
  AttestationClaims claims = host.bundle(challenge).claims;
  claims.checkpoint = "host-a/log\n7\nq83vq83vq83vq83vq83vq83vq83vq83vq83vq83vq80=\n";
  return host.claiming(std::move(claims));
}

std::string text_of(const AttestationBundle &bundle) {
  return serialize_bundle(bundle).value();
}

bool is_accepted(std::string_view text) {
  const Checked<AttestationBundle> bundle = parse_bundle(view(text));
  return bundle.ok() && test::verify(bundle.value()).is_proven();
}

std::string problem(const std::string &text) {
  const Checked<AttestationBundle> bundle = parse_bundle(view(text));
  return bundle.ok() ? "" : bundle.error().text();
}

/// s of (r, s) becomes n - s: SEC 1, 4.1.4, holds for both.
Bytes twin_of(const Bytes &signature) {
  constexpr std::array<uint8_t, 32> kOrder = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
                                              0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                              0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                              0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
  Cursor cursor(signature, ByteOrder::kBig);
  cursor.take(4);
  const ByteView r = cursor.sized<uint16_t>(32).value();
  const ByteView s = cursor.sized<uint16_t>(32).value();
  Bytes twin(32);
  int borrow = 0;
  for (size_t i = 0; i < 32; i++) {
    const int digit = kOrder[31 - i] - (i < s.size() ? s[s.size() - 1 - i] : 0) - borrow;
    borrow = digit < 0 ? 1 : 0;
    twin[31 - i] = static_cast<uint8_t>(digit + 256 * borrow);
  }
  WireWriter out(ByteOrder::kBig);
  out.bytes(ByteView(signature).first(4)).sized<uint16_t>(r).sized<uint16_t>(twin);
  return out.done();
}

} // namespace

TEST_CASE("a bundle survives the way through JSON") {
  AttestingHost host;
  host.measure(1);
  AttestationBundle bundle = rich(host);
  CHECK(parse_bundle(view(text_of(bundle))).value() == bundle);
  REQUIRE(is_accepted(text_of(bundle)));

  AttestationBundle plain;
  plain.claims.challenge = test::challenge();
  plain.claims.enrollment = {1};
  plain.quote = {{1}, {1}};
  plain.pcrs[0] = {};
  const std::string text = text_of(plain);
  CHECK(parse_bundle(view(text)).value() == plain);
  for (const char *name : {"bootLog", "imaLog", "lockdown", "checkpoint"})
    CHECK(text.find(name) == std::string::npos);
  plain.claims.command_line = std::string("\xff\0\x80", 3); // any bytes
  CHECK(parse_bundle(view(text_of(plain))).value() == plain);
  plain.claims.release = "\xff";
  CHECK_FALSE(serialize_bundle(plain).ok());
  plain.claims.release = "6.12";
  plain.claims.time = -1;
  CHECK_FALSE(serialize_bundle(plain).ok());
}

TEST_CASE("the nonce is what the header says") {
  AttestingHost host;
  const AttestationBundle bundle = rich(host);
  const std::string text = text_of(bundle);
  const size_t from = text.find("{\"bootLog\"");
  const size_t to = text.find(",\"pcrs\"");
  REQUIRE(from == std::string("{\"claims\":").size());
  const std::string domain("warrant-attest-v1\0", 18);
  const Digest nonce = sha256(view(domain + text.substr(from, to - from)));
  CHECK(attestation_nonce(bundle.claims) == nonce);
  CHECK(parse_quote(bundle.quote.attest).value().nonce == Bytes(nonce.begin(), nonce.end()));
}

TEST_CASE("no byte of a bundle can be changed, left out or put in") {
  AttestingHost host;
  host.measure(1);
  host.measure(2);
  const std::string text = text_of(rich(host));
  REQUIRE(is_accepted(text));
  std::string changed = text;
  for (size_t i = 0; i < text.size(); i++) {
    // A different bit each time, and the one between upper and lower case.
    for (const int bit : {1 << i * 3 % 8, 0x20}) {
      changed[i] = static_cast<char>(text[i] ^ bit);
      if (is_accepted(changed))
        FAIL("byte " << i << ", bit " << bit << ": " << text.substr(i > 40 ? i - 40 : 0, 80));
    }
    changed[i] = text[i];
  }
  for (size_t i = 0; i < text.size(); i += 7) {
    if (is_accepted(text.substr(0, i)) || is_accepted(text.substr(0, i) + text.substr(i + 1)))
      FAIL("without byte " << i);
    for (const char *more : {" ", "\n", "0", "A", "\""})
      if (is_accepted(text.substr(0, i) + more + text.substr(i)))
        FAIL("with " << more << " at byte " << i);
  }
  for (const char *more : {" ", "\n", "{}"})
    CHECK_FALSE(is_accepted(text + more));
}

TEST_CASE("no byte below the encodings can be changed either") {
  AttestingHost host;
  host.measure(1);
  const AttestationBundle bundle = rich(host);
  REQUIRE(test::verify(bundle).is_proven());
  const auto flip = [&](auto member) {
    AttestationBundle changed = bundle;
    auto &bytes = member(changed);
    for (size_t i = 0; i < bytes.size(); i++) {
      bytes[i] = static_cast<uint8_t>(bytes[i] ^ (1 << i * 3 % 8));
      if (is_accepted(text_of(changed)))
        FAIL("byte " << i);
      bytes[i] = static_cast<uint8_t>(bytes[i] ^ (1 << i * 3 % 8));
    }
    REQUIRE(changed == bundle);
  };
  flip([](AttestationBundle &b) -> Bytes & { return b.quote.attest; });
  flip([](AttestationBundle &b) -> Bytes & { return b.quote.signature; });
  flip([](AttestationBundle &b) -> Bytes & { return b.claims.challenge; });
  for (uint32_t pcr = 0; pcr < 16; pcr++)
    flip([=](AttestationBundle &b) -> Digest & { return b.pcrs.at(pcr); });
}

TEST_CASE("the one thing that anybody can change says the same") {
  AttestingHost host;
  AttestationBundle bundle = host.bundle();
  const std::string before = test::text_of(test::verify(bundle));
  bundle.quote.signature = twin_of(bundle.quote.signature);
  REQUIRE(test::verify(bundle).is_proven());
  CHECK(test::text_of(test::verify(bundle)) == before);
}

TEST_CASE("what is no bundle is refused by name") {
  AttestingHost host;
  const Json good = Json::parse(text_of(rich(host)));
  const auto with = [&](const char *path, const Json &value) {
    Json changed = good;
    changed[Json::json_pointer(path)] = value;
    return changed.dump() + "\n";
  };
  REQUIRE(problem(with("/type", "warrant-attestation-v1")).empty());
  const std::tuple<const char *, Json, const char *> cases[] = {
      {"/type", "warrant-attestation-v2", "malformed: type: "},
      {"/more", 1, "malformed: more: "},
      {"/claims/more", 1, "malformed: claims.more: "},
      {"/claims/challenge", std::string(30, 'a'), "malformed: claims.challenge: "},
      {"/claims/challenge", std::string(130, 'a'), "malformed: claims.challenge: "},
      {"/claims/challenge", std::string(33, 'a'), "malformed: claims.challenge: lower-case hex"},
      {"/claims/challenge", std::string(64, 'A'), "malformed: claims.challenge: lower-case hex"},
      {"/claims/lockdown", "high", "malformed: claims.lockdown: "},
      {"/claims/bootLog", "AA=", "malformed: claims.bootLog: "},
      {"/claims/enrollment", "", "malformed: claims.enrollment: "},
      {"/claims/checkpoint", "", "malformed: claims.checkpoint: "},
      {"/claims/release", std::string(65, 'a'), "malformed: claims.release: "},
      {"/claims/time", "yesterday", "malformed: claims.time: "},
      {"/claims/measurements", Json::array({{{"pcr", 24}}}), "malformed: claims.measurements[0]"},
      {"/pcrs", Json::object(), "malformed: pcrs: at least one"},
      {"/pcrs/24", std::string(64, '0'), "malformed: pcrs: numbers of PCRs"},
      {"/pcrs/01", std::string(64, '0'), "malformed: pcrs: numbers of PCRs"},
      {"/pcrs/1", std::string(63, '0'), "malformed: pcrs.1: "},
      {"/quote", to_base64(Bytes(kMaxQuote + 1)), "malformed: quote: "},
      {"/signature", to_base64(Bytes(kMaxQuoteSignature + 1)), "malformed: signature: "},
  };
  for (const auto &[path, value, expected] : cases) {
    INFO(path << " " << value.dump().substr(0, 80));
    CHECK(problem(with(path, value)).find(expected) == 0);
  }
  CHECK(problem(good.dump()).find("canonical") != std::string::npos); // no line feed
  CHECK(problem(good.dump(1) + "\n").find("canonical") != std::string::npos);
  std::string url_safe = with("/quote", "_-8=");
  CHECK(problem(url_safe).find("canonical") != std::string::npos);
  CHECK(problem(std::string(kMaxBundle + 1, ' ')).find("larger than") != std::string::npos);
}
