// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "artifacts/lineage_token.h"
#include "artifacts/time.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_document.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

namespace {

constexpr uint8_t kCarrierKey = 12; // of the role lineage

LineageToken plain() {
  LineageToken token;
  token.id.fill(0x5a);
  token.parent = {"host-b", "3f2a9c1d-0b1c-4d2e-8f30-a1b2c3d4e5f6", 17, {}, {}};
  token.audience = test::kHost;
  token.not_before = test::kNow - 60;
  token.not_after = test::kNow + 600;
  return token;
}

/// Everything that a token may say at once.
LineageToken rich() {
  LineageToken token = plain();
  token.parent.lineage = UINT64_MAX;
  token.parent.artifact = ArtifactId{};
  token.parent.artifact->fill(0x3c);
  token.parent.log = LogPlace{"host-b/lineage", 5, 9, test::digest(7)};
  token.not_after = token.not_before + kMaxTokenWindow;
  return token;
}

std::string payload(const LineageToken &token) {
  return serialize_lineage_token(token).value();
}

/// Of this host, with somebody who may sign tokens.
TrustState trust() {
  TrustState trust = test::trust();
  trust.root.role(RoleName::kLineage) = make_role({test::key(kCarrierKey).public_key()}, 1);
  return trust;
}

std::string signed_token(const LineageToken &token, uint8_t signer = kCarrierKey) {
  return test::envelope(payload(token), signer);
}

w_reason reason(std::string_view envelope, const TrustState &trust, int64_t now = test::kNow) {
  const Checked<LineageToken> token = verify_lineage_token(view(envelope), trust, now);
  return token.ok() ? W_REASON_AUTHORIZED : token.error().reason;
}

} // namespace

TEST_CASE("tokens survive the way through JSON") {
  for (const LineageToken &token : {plain(), rich()})
    CHECK(parse_lineage_token(view(payload(token))).value() == token);
  for (const char *name : {"artifact", "log"})
    CHECK(payload(plain()).find("\"" + std::string(name) + "\"") == std::string::npos);
}

TEST_CASE("a token is broken at every field and refused by name") {
  test::check_broken_texts(parse_lineage_token, payload(rich()));
  test::check_flipped_bits(parse_lineage_token, payload(rich()));
  test::check_broken_documents(parse_lineage_token, payload(rich()),
                               {{"predicate.parent.artifact", "predicate.parent.log"}, {}, {}, {}});
  const test::FieldCase cases[] = {
      {R"([{"op":"replace","path":"/predicateType","value":"urn:warrant:lineage-token:v2"}])",
       "predicateType"},
      {R"([{"op":"replace","path":"/predicate/id","value":"00000000000000000000000000000000"}])",
       "predicate.id", "not all 0"},
      {R"([{"op":"replace","path":"/predicate/parent/boot",
           "value":"3F2A9C1D-0b1c-4d2e-8f30-a1b2c3d4e5f6"}])",
       "predicate.parent.boot", "boot id"},
      {R"([{"op":"replace","path":"/predicate/parent/lineage","value":"0"}])",
       "predicate.parent.lineage", "no exec"},
      {R"([{"op":"replace","path":"/predicate/parent/lineage","value":"017"}])",
       "predicate.parent.lineage", "decimal"},
      {R"([{"op":"replace","path":"/predicate/parent/lineage","value":"18446744073709551616"}])",
       "predicate.parent.lineage", "decimal"},
      {R"([{"op":"replace","path":"/predicate/parent/log/index","value":"9"}])",
       "predicate.parent.log.index", "size of the tree"},
      {R"([{"op":"replace","path":"/predicate/validity/notAfter","value":"2026-11-21T09:59:00Z"}])",
       "predicate.validity.notAfter", "not later"},
      {R"([{"op":"replace","path":"/predicate/validity/notAfter","value":"2026-11-21T10:59:01Z"}])",
       "predicate.validity.notAfter", "more than 3600 s"},
      {R"([{"op":"replace","path":"/subject/0/name","value":"revocation"}])", "subject"},
  };
  test::check_field_cases(parse_lineage_token, payload(rich()), cases);
}

TEST_CASE("what is no token could not be written") {
  const auto refused = [](const std::function<void(LineageToken &)> &change) {
    LineageToken token = rich();
    change(token);
    return !serialize_lineage_token(token).ok();
  };
  CHECK_FALSE(refused([](LineageToken &) {}));
  CHECK(refused([](LineageToken &t) { t.id = {}; }));
  CHECK(refused([](LineageToken &t) { t.audience = ""; }));
  CHECK(refused([](LineageToken &t) { t.audience = "\xff"; }));
  CHECK(refused([](LineageToken &t) { t.parent.lineage = 0; }));
  CHECK(refused([](LineageToken &t) { t.parent.boot.pop_back(); }));
  CHECK(refused([](LineageToken &t) { t.parent.log->size = 5; }));
  CHECK(refused([](LineageToken &t) { t.not_after++; }));
  CHECK(refused([](LineageToken &t) { t.not_after = kMaxTime + 1; }));
}

TEST_CASE("a token is taken by the host that it is meant for, while it is good") {
  const std::string token = signed_token(plain());
  CHECK(verify_lineage_token(view(token), trust(), test::kNow).value() == plain());
  CHECK(reason(token, trust(), plain().not_before) == W_REASON_AUTHORIZED);
  CHECK(reason(token, trust(), plain().not_before - 1) == W_REASON_NOT_YET_VALID);
  CHECK(reason(token, trust(), plain().not_after - 1) == W_REASON_AUTHORIZED);
  CHECK(reason(token, trust(), plain().not_after) == W_REASON_EXPIRED);
  TrustState other = trust();
  other.host = "host-c";
  CHECK(reason(token, other) == W_REASON_IDENTITY_MISMATCH);
}

TEST_CASE("only the role lineage signs tokens, and by default nobody has it") {
  CHECK(reason(signed_token(plain()), test::trust()) == W_REASON_INVALID_SIGNATURE);
  CHECK(verify_lineage_token(view(signed_token(plain())), test::trust(), test::kNow)
            .error()
            .detail.find("no role lineage") != std::string::npos);
  for (const uint8_t signer : {test::kRootKey, test::kPolicyKey, test::kIssuerKey,
                               test::kEnrollmentKey, test::kBreakglassKey, test::kStrangerKey})
    CHECK(reason(signed_token(plain(), signer), trust()) == W_REASON_INVALID_SIGNATURE);
  TrustState two = trust();
  two.root.role(RoleName::kLineage) =
      make_role({test::key(kCarrierKey).public_key(), test::key(13).public_key()}, 2);
  CHECK(reason(signed_token(plain()), two) == W_REASON_INVALID_SIGNATURE);
  CHECK(reason(test::envelope(payload(plain()), {kCarrierKey, 13}), two) == W_REASON_AUTHORIZED);
}

TEST_CASE("a trust root that is over lets nobody carry anything") {
  TrustState over = trust();
  over.root.expires = test::kNow;
  CHECK(reason(signed_token(plain()), over) == W_REASON_EXPIRED);
}

TEST_CASE("a revoked signer carries nothing") {
  Revocation list = test::revocation();
  list.issuers = {test::fingerprint(kCarrierKey)};
  TrustState revoked = trust();
  revoked.revocation = SignedRevocation{list, {}};
  CHECK(reason(signed_token(plain()), revoked) == W_REASON_REVOKED);
}

TEST_CASE("no changed byte of a token is taken for what it says") {
  const std::string token = signed_token(plain());
  for (size_t at = 0; at < token.size(); at++) {
    std::string changed = token;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const Checked<LineageToken> read = verify_lineage_token(view(changed), trust(), test::kNow);
    INFO(changed);
    if (read.ok()) // a keyid is a hint that nobody believes
      CHECK(read.value() == plain());
    else
      CHECK((read.error().reason == W_REASON_MALFORMED ||
             read.error().reason == W_REASON_INVALID_SIGNATURE));
  }
  CHECK(reason(std::string(kMaxTokenSize + 1, ' '), trust()) == W_REASON_MALFORMED);
  CHECK(reason("", trust()) == W_REASON_MALFORMED);
}

TEST_CASE("another document that the role signed is no token") {
  const std::string artifact = test::payload(test::authorization());
  CHECK(reason(test::envelope(artifact, kCarrierKey), trust()) == W_REASON_MALFORMED);
}
