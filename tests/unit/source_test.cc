// SPDX-License-Identifier: Apache-2.0
#include "daemon/source.h"

#include <algorithm>
#include <string>

#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

namespace warrant {
namespace {

class ListSource final : public EnvelopeSource {
 public:
  void add(const std::string &name, const Authorization &authorization) {
    add_envelope(name, test::artifact(authorization));
  }
  void add_envelope(const std::string &name, const std::string &envelope) {
    listing_.envelopes.push_back({name, Bytes(envelope.begin(), envelope.end())});
  }
  Result<Listing> list() const override { return listing_; }
  ManifestOpener manifests() const override { return manifests_in("/nonexistent"); }

 private:
  Listing listing_;
};

// One of many artifacts for the same content.
Authorization nth(uint8_t number, int64_t issued_at) {
  Authorization authorization = test::authorization();
  authorization.id.fill(number);
  authorization.issued_at = issued_at;
  return authorization;
}

Collection collected(const EnvelopeSource &source, const std::set<Digest> &in_force) {
  Result<Collection> collection = verify_all(source, test::trust(), test::kNow);
  REQUIRE(collection.ok());
  REQUIRE(compile_what_fits(collection.value(), Circumstances{}, in_force).ok());
  return std::move(collection).value();
}

// Four that fit, the first of them the newest by its own word.
ListSource full_source() {
  ListSource source;
  source.add("first", nth(1, test::kNow - 1));
  for (uint8_t i = 2; i <= W_GRANTS_PER_VERDICT; i++)
    source.add("more-" + std::to_string(i), nth(i, test::kNow - 100));
  return source;
}

} // namespace

TEST_CASE("as many artifacts as a verdict holds stand together") {
  const Collection collection = collected(full_source(), {});
  CHECK(collection.accepted.size() == W_GRANTS_PER_VERDICT);
  CHECK(collection.refused.empty());
}

TEST_CASE("among artifacts that clash, the newest by its own word is refused") {
  ListSource source = full_source();
  source.add("newcomer", nth(9, test::kNow - 1000));
  const Collection collection = collected(source, {});
  REQUIRE(collection.refused.size() == 1);
  CHECK(collection.refused[0].source == "first");
}

TEST_CASE("a newcomer that says it is older throws out nothing that is in force") {
  ListSource source = full_source();
  std::set<Digest> in_force;
  for (const AcceptedArtifact &accepted : collected(source, {}).accepted)
    in_force.insert(accepted.artifact.sha256());
  source.add("newcomer", nth(9, test::kNow - 1000));
  const Collection collection = collected(source, in_force);
  REQUIRE(collection.refused.size() == 1);
  CHECK(collection.refused[0].source == "newcomer");
}

TEST_CASE("one id with another content: what is in force stays") {
  ListSource source;
  source.add("baseline", nth(1, test::kNow - 1));
  std::set<Digest> in_force = {collected(source, {}).accepted[0].artifact.sha256()};
  source.add("twin", nth(1, test::kNow - 1000));
  const Collection collection = collected(source, in_force);
  REQUIRE(collection.refused.size() == 1);
  CHECK(collection.refused[0].source == "twin");
}

TEST_CASE("nobody with less authority throws out a baseline that nothing remembers") {
  Authorization baseline = nth(1, test::kNow - 1);
  baseline.kind = ArtifactKind::kBaseline;
  Authorization elsewhere = nth(1, 0);
  elsewhere.environment.host = "nowhere";
  Authorization task = nth(1, 0);
  for (const Authorization &twin : {elsewhere, task}) {
    ListSource source;
    source.add("0", twin);
    source.add("baseline", baseline);
    const Collection collection = collected(source, {});
    REQUIRE(collection.refused.size() == 1);
    CHECK(collection.refused[0].source == "0");
  }
}

TEST_CASE("a copy that a revoked key signed does not stand for the good one") {
  Revocation revocation = test::revocation();
  revocation.issuers = {test::fingerprint(test::kOtherIssuerKey)};
  const TrustState trust = test::trust(test::policy(), revocation);
  const std::string payload = test::payload(nth(1, test::kNow - 1));
  for (const bool is_first : {true, false}) {
    ListSource source;
    source.add_envelope(is_first ? "0" : "2", test::envelope(payload, test::kOtherIssuerKey));
    source.add_envelope("1", test::envelope(payload, test::kIssuerKey));
    const Result<Collection> collection = verify_all(source, trust, test::kNow);
    REQUIRE(collection.ok());
    REQUIRE(collection.value().accepted.size() == 1);
    CHECK(collection.value().accepted[0].source == "1");
    CHECK_FALSE(collection.value().accepted[0].artifact.blocked());
  }
}

} // namespace warrant
