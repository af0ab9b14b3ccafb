// SPDX-License-Identifier: Apache-2.0
#include "artifacts/revocation.h"
#include "artifacts/statement.h"
#include "artifacts/time.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_document.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

namespace {

/// Everything that a list may say at once.
Revocation rich() {
  Revocation rich = test::revocation();
  rich.epoch = 7;
  rich.artifacts = {test::digest(1), test::digest(2)};
  rich.issuers = {test::fingerprint(test::kOtherIssuerKey), test::fingerprint(test::kStrangerKey)};
  std::sort(rich.issuers.begin(), rich.issuers.end());
  rich.digests = {test::digest(3), test::digest(4)};
  rich.hosts = {"host-a", "host-z"};
  return rich;
}

std::string payload(const Revocation &revocation) {
  return serialize_revocation(revocation).value();
}

} // namespace

TEST_CASE("revocation lists survive the way through JSON") {
  for (const Revocation &revocation : {test::revocation(), rich()})
    CHECK(parse_revocation(view(payload(revocation))).value() == revocation);
  CHECK(payload(test::revocation()).find("hosts") == std::string::npos);
}

TEST_CASE("a revocation list is broken at every field and refused by name") {
  test::check_broken_texts(parse_revocation, payload(rich()));
  test::check_flipped_bits(parse_revocation, payload(rich()));
  test::check_broken_documents(
      parse_revocation, payload(rich()),
      {{"predicate.artifacts", "predicate.issuers", "predicate.digests", "predicate.hosts"},
       {},
       {},
       {}});
  const test::FieldCase cases[] = {
      {R"([{"op":"replace","path":"/predicateType","value":"urn:warrant:revocation:v2"}])",
       "predicateType"},
      {R"([{"op":"replace","path":"/predicate/epoch","value":0}])", "predicate.epoch", "1 to"},
      {R"([{"op":"replace","path":"/predicate/epoch","value":9007199254740992}])",
       "predicate.epoch", "1 to"},
      {R"([{"op":"replace","path":"/predicate/issuedAt","value":"2026-11-21"}])",
       "predicate.issuedAt"},
      {R"([{"op":"replace","path":"/predicate/artifacts/1","value":"0202"}])",
       "predicate.artifacts[1]", "64 lower-case hex"},
      {R"([{"op":"replace","path":"/predicate/digests/0",
           "value":"AA03030303030303030303030303030303030303030303030303030303030303"}])",
       "predicate.digests[0]", "lower-case"},
      {R"([{"op":"replace","path":"/predicate/issuers/0","value":"SHA256:x"}])",
       "predicate.issuers[0]", "fingerprint"},
      {R"([{"op":"replace","path":"/predicate/issuers/0",
           "value":"SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU9"}])",
       "predicate.issuers[0]", "fingerprint"}, // one spelling: unused bits are zero
      {R"([{"op":"replace","path":"/predicate/issuers/0",
           "value":"sha256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8"}])",
       "predicate.issuers[0]", "fingerprint"},
      {R"([{"op":"replace","path":"/predicate/issuers/0",
           "value":"SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8="}])",
       "predicate.issuers[0]", "fingerprint"},
      {R"([{"op":"replace","path":"/subject/0/name","value":"policy"}])", "subject"},
  };
  test::check_field_cases(parse_revocation, payload(rich()), cases);
}

TEST_CASE("what is no list could not be written") {
  const auto refused = [](const std::function<void(Revocation &)> &change) {
    Revocation revocation = rich();
    change(revocation);
    return !serialize_revocation(revocation).ok();
  };
  CHECK_FALSE(refused([](Revocation &) {}));
  CHECK(refused([](Revocation &r) { r.epoch = 0; }));
  CHECK(refused([](Revocation &r) { r.issued_at = -1; }));
  CHECK(refused([](Revocation &r) { r.issued_at = kMaxTime + 1; }));
  CHECK(refused([](Revocation &r) { std::swap(r.artifacts[0], r.artifacts[1]); }));
  CHECK(refused([](Revocation &r) { std::swap(r.issuers[0], r.issuers[1]); }));
  CHECK(refused([](Revocation &r) { std::swap(r.digests[0], r.digests[1]); }));
  CHECK(refused([](Revocation &r) { std::swap(r.hosts[0], r.hosts[1]); }));
  CHECK(refused([](Revocation &r) { r.hosts[0] = ""; }));
  CHECK(refused([](Revocation &r) { r.hosts[0] = "\xff"; }));
  CHECK(refused([](Revocation &r) { r.hosts[0] = std::string(kMaxHostName + 1, 'a'); }));
  CHECK_FALSE(refused([](Revocation &r) { r.hosts[0] = std::string(kMaxHostName, 'a'); }));
}

TEST_CASE("only what is listed is revoked, each in its own list") {
  const Revocation list = rich();
  CHECK(revokes_artifact(list, test::digest(1)));
  CHECK(revokes_artifact(list, test::digest(2)));
  CHECK_FALSE(revokes_artifact(list, test::digest(3)));
  CHECK(revokes_digest(list, test::digest(3)));
  CHECK_FALSE(revokes_digest(list, test::digest(1)));
  CHECK(revokes_issuer(list, test::fingerprint(test::kOtherIssuerKey)));
  CHECK_FALSE(revokes_issuer(list, test::fingerprint(test::kIssuerKey)));
  CHECK(revokes_host(list, "host-z"));
  CHECK_FALSE(revokes_host(list, "host-"));
  CHECK_FALSE(revokes_host(list, "HOST-A"));
  CHECK_FALSE(revokes_artifact(test::revocation(), test::digest(1)));
}

TEST_CASE("a list of the longest kind is read") {
  Revocation longest = test::revocation();
  for (size_t i = 0; i < kMaxRevoked; i++) {
    Digest digest{};
    digest[0] = static_cast<uint8_t>(i >> 8);
    digest[1] = static_cast<uint8_t>(i);
    longest.digests.push_back(digest);
  }
  CHECK(parse_revocation(view(payload(longest))).value() == longest);
  longest.digests.push_back(test::digest(0xff));
  CHECK(serialize_revocation(longest).error().field == "predicate.digests");
}

TEST_CASE("only the revocation role revokes") {
  const Role role = test::trust_root().role(RoleName::kRevocation);
  const std::string text = payload(rich());
  const SignedRevocation loaded =
      load_revocation(view(test::envelope(text, test::kRevocationKey)), role).value();
  CHECK(loaded.revocation == rich());
  CHECK(loaded.sha256 == sha256(view(text)));
  for (const uint8_t other :
       {test::kRootKey, test::kPolicyKey, test::kIssuerKey, test::kStrangerKey})
    CHECK(load_revocation(view(test::envelope(text, other)), role).error().reason ==
          W_REASON_INVALID_SIGNATURE);
  CHECK(load_revocation(view(test::envelope(text, test::kRevocationKey)), Role{}).error().reason ==
        W_REASON_INVALID_SIGNATURE);
}
