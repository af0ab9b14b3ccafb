// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "artifacts/verify.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_chain_fixture.h"

using namespace warrant;

namespace {

/// Blocked for this reason, at this field; the value is there all the same.
void check_blocked(const Checked<VerifiedAuthorization> &verified, w_reason reason,
                   const std::string &field, const std::string &detail = {}) {
  if (!verified.ok())
    FAIL(verified.error().text());
  REQUIRE(verified.value().blocked());
  CHECK(verified.value().blocked()->reason == reason);
  CHECK(verified.value().blocked()->field == field);
  INFO(verified.value().blocked()->detail);
  CHECK(verified.value().blocked()->detail.find(detail) != std::string::npos);
}

void check_refused(const Checked<VerifiedAuthorization> &verified, w_reason reason,
                   const std::string &field) {
  REQUIRE_FALSE(verified.ok());
  INFO(verified.error().text());
  CHECK(verified.error().reason == reason);
  CHECK(verified.error().field == field);
  CHECK_FALSE(verified.error().detail.empty());
}

Authorization changed(const std::function<void(Authorization &)> &change) {
  Authorization authorization = test::authorization();
  change(authorization);
  return authorization;
}

} // namespace

TEST_CASE("an artifact that trusted issuers signed is verified") {
  const Authorization authorization = test::authorization();
  const auto verified = test::verify(test::artifact(authorization));
  REQUIRE(verified.ok());
  CHECK(verified.value().authorization() == authorization);
  CHECK(verified.value().sha256() == sha256(view(test::payload(authorization))));
  CHECK(verified.value().issuers() ==
        std::vector<std::string>{test::key(test::kIssuerKey).public_key().fingerprint()});
  CHECK(verified.value().records().empty());
  CHECK(verified.value().ancestors().empty());
  CHECK_FALSE(verified.value().parent_id());
  CHECK_FALSE(verified.value().blocked());
  CHECK(test::verify(test::envelope(test::payload(authorization), test::kOtherIssuerKey)).ok());
}

TEST_CASE("the artifact's own window is the kernel's to judge") {
  Authorization authorization = test::authorization();
  authorization.not_before = test::kNow - 20;
  authorization.not_after = test::kNow - 10;
  CHECK(test::verify(test::artifact(authorization)).ok());
  authorization.not_before = test::kNow + 10;
  authorization.not_after = test::kNow + 20;
  CHECK(test::verify(test::artifact(authorization)).ok());
}

TEST_CASE("each stage refuses with its own reason") {
  const auto by = [](uint8_t signer) {
    return test::envelope(test::payload(test::authorization()), signer);
  };
  const std::string policy = serialize_policy(test::policy()).value();
  struct Case {
    const char *name;
    std::string artifact;
    w_reason reason;
    const char *field;
  };
  const Case cases[] = {
      {"empty", "", W_REASON_MALFORMED, ""},
      {"oversized", std::string(kMaxEnvelopeSize + 1, ' '), W_REASON_MALFORMED, ""},
      {"stranger", by(test::kStrangerKey), W_REASON_INVALID_SIGNATURE, "signatures"},
      {"policy key", by(test::kPolicyKey), W_REASON_INVALID_SIGNATURE, "signatures"},
      {"root key", by(test::kRootKey), W_REASON_INVALID_SIGNATURE, "signatures"},
      {"break-glass key for a task", by(test::kBreakglassKey), W_REASON_INVALID_SIGNATURE,
       "signatures"},
      {"issuer key for break-glass",
       test::envelope(test::payload(test::breakglass()), test::kIssuerKey),
       W_REASON_INVALID_SIGNATURE, "signatures"},
      {"delegate key without a parent", by(test::kDelegateKey), W_REASON_INVALID_SIGNATURE,
       "signatures"},
      {"not JSON within", test::envelope("x", test::kIssuerKey), W_REASON_MALFORMED, ""},
      {"not JSON within, by a stranger", test::envelope("x", test::kStrangerKey),
       W_REASON_INVALID_SIGNATURE, "signatures"},
      {"a policy signed by an issuer", test::envelope(policy, test::kIssuerKey), W_REASON_MALFORMED,
       "predicateType"},
      {"a policy", test::envelope(policy, test::kPolicyKey), W_REASON_INVALID_SIGNATURE,
       "signatures"},
      {"manifest that is not there", test::artifact(changed([](Authorization &a) {
         a.subjects.clear();
         a.manifest = ManifestRef{test::digest(1), 1};
       })),
       W_REASON_MISSING, "predicate.manifest"},
      {"parent that is not there",
       test::artifact(changed([](Authorization &a) { a.parent = test::digest(1); })),
       W_REASON_LINEAGE_DISCONTINUITY, "predicate.lineage.parentArtifact"},
  };
  for (const Case &c : cases) {
    INFO(c.name);
    check_refused(test::verify(c.artifact), c.reason, c.field);
  }
}

TEST_CASE("what cannot be told whose it is needs some issuer's signature all the same") {
  const auto with = [](const char *patch, uint8_t signer) {
    const Json payload = Json::parse(test::payload(test::authorization()));
    return test::verify(test::envelope(payload.patch(Json::parse(patch)).dump(), signer));
  };
  const struct {
    const char *patch;
    const char *field;
  } cases[] = {
      {R"([{"op":"replace","path":"/predicate/kind","value":"king"}])", "predicate.kind"},
      {R"([{"op":"replace","path":"/predicate/kind","value":1}])", "predicate.kind"},
      {R"([{"op":"remove","path":"/predicate/kind"}])", "predicate.kind"},
      {R"([{"op":"replace","path":"/predicate","value":[]}])", "predicate"},
      {R"([{"op":"remove","path":"/predicate"}])", "predicate"},
      {R"([{"op":"add","path":"/predicate/lineage","value":1}])", "predicate.lineage"},
      {R"([{"op":"add","path":"/predicate/lineage","value":{"parentArtifact":"x"}}])",
       "predicate.lineage.parentArtifact"},
      {R"([{"op":"add","path":"/predicate/lineage","value":{}}])",
       "predicate.lineage.parentArtifact"},
  };
  for (const auto &c : cases) {
    INFO(c.patch);
    for (const uint8_t signer : {test::kIssuerKey, test::kOtherIssuerKey, test::kBreakglassKey})
      check_refused(with(c.patch, signer), W_REASON_MALFORMED, c.field);
    for (const uint8_t signer : {test::kStrangerKey, test::kPolicyKey, test::kRevocationKey})
      check_refused(with(c.patch, signer), W_REASON_INVALID_SIGNATURE, "signatures");
  }
}

TEST_CASE("one flipped bit and nobody signed it") {
  const std::vector<VerifiedAuthorization> parents = {test::verified(test::delegating())};
  const std::string payload = test::payload(test::child_of(parents[0]));
  Json document = Json::parse(test::by_delegate(test::child_of(parents[0])));
  const TrustState trust = test::trust();
  for (size_t i = 0; i < payload.size(); i++) {
    std::string flipped = payload;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 7)));
    document["payload"] = to_base64(view(flipped));
    const auto verified = test::verify(document.dump(), trust, test::parents_in(parents));
    REQUIRE_FALSE(verified.ok());
    const w_reason reason = verified.error().reason;
    CHECK((reason == W_REASON_INVALID_SIGNATURE || reason == W_REASON_LINEAGE_DISCONTINUITY));
  }
}

TEST_CASE("what is genuine but does not count here is kept with its reason") {
  const auto other_policy = [](Authorization &a) { a.policy_sha256[0] ^= 1; };
  const auto host = [](const char *name) {
    return [name](Authorization &a) { a.environment.host = name; };
  };
  check_blocked(test::verify(test::artifact(changed(other_policy))), W_REASON_POLICY_MISMATCH,
                "predicate.policy.sha256", "in force is");
  for (const char *name : {"host-b", "HOST-A", "host-a.", "host"})
    check_blocked(test::verify(test::artifact(changed(host(name)))), W_REASON_IDENTITY_MISMATCH,
                  "predicate.environment.host", "this is host-a");
  CHECK_FALSE(test::verify(test::artifact(changed(host("host-a")))).value().blocked());

  Policy next = test::policy();
  next.version = 2;
  check_blocked(test::verify(test::artifact(test::authorization()), test::trust(next)),
                W_REASON_POLICY_MISMATCH, "predicate.policy.sha256");
  next.honours = {test::trust().policy_sha256};
  CHECK_FALSE(
      test::verify(test::artifact(test::authorization()), test::trust(next)).value().blocked());
}

TEST_CASE("of several faults the earlier stage speaks") {
  const Authorization faulty = changed([](Authorization &a) {
    a.policy_sha256[0] ^= 1;
    a.environment.host = "host-b";
    a.subjects.clear();
    a.manifest = ManifestRef{test::digest(1), 1};
  });
  const std::string payload = test::payload(faulty);
  const auto reason = [](std::string_view artifact, int64_t now) {
    return verify_artifact(view(artifact), no_manifests(), no_parents, test::trust(), now)
        .error()
        .reason;
  };
  const int64_t late = test::trust().root.expires;
  CHECK(reason(test::envelope(payload, test::kStrangerKey), late) == W_REASON_INVALID_SIGNATURE);
  CHECK(reason(test::envelope(payload, test::kIssuerKey), late) == W_REASON_EXPIRED);
  CHECK(reason(test::envelope(payload, test::kIssuerKey), test::kNow) == W_REASON_MISSING);

  const Authorization elsewhere = changed([](Authorization &a) {
    a.policy_sha256[0] ^= 1;
    a.environment.host = "host-b";
  });
  check_blocked(test::verify(test::artifact(elsewhere)), W_REASON_POLICY_MISMATCH,
                "predicate.policy.sha256");
  Revocation revocation = test::revocation();
  revocation.artifacts = {sha256(view(test::payload(elsewhere)))};
  check_blocked(test::verify(test::artifact(elsewhere), test::trust(test::policy(), revocation)),
                W_REASON_REVOKED, "");
}

TEST_CASE("a threshold of two needs two distinct keys") {
  TrustState trust = test::trust();
  trust.root.role(RoleName::kTask).threshold = 2;
  const std::string one = test::artifact(test::authorization());
  check_refused(test::verify(one, trust), W_REASON_INVALID_SIGNATURE, "signatures");
  const std::string both = add_signature(view(one), test::key(test::kOtherIssuerKey)).value();
  const auto two = test::verify(both, trust);
  REQUIRE(two.ok());
  CHECK(two.value().issuers().size() == 2);
  check_refused(
      test::verify(add_signature(view(one), test::key(test::kStrangerKey)).value(), trust),
      W_REASON_INVALID_SIGNATURE, "signatures");

  Json twice = Json::parse(one);
  twice["signatures"].push_back(twice["signatures"][0]);
  twice["signatures"][1]["keyid"] = test::fingerprint(test::kOtherIssuerKey);
  check_refused(test::verify(twice.dump(), trust), W_REASON_INVALID_SIGNATURE, "signatures");

  Json swapped = Json::parse(both); // keyids that lie about which is which
  swapped["signatures"][0]["keyid"].swap(swapped["signatures"][1]["keyid"]);
  CHECK(test::verify(swapped.dump(), trust).value().issuers() == two.value().issuers());
}

TEST_CASE("each kind has a role of its own") {
  TrustState trust = test::trust();
  trust.root.role(RoleName::kBaseline) = {};
  const Authorization baseline =
      changed([](Authorization &a) { a.kind = ArtifactKind::kBaseline; });
  CHECK(test::verify(test::artifact(baseline)).ok());
  check_refused(test::verify(test::artifact(baseline), trust), W_REASON_INVALID_SIGNATURE,
                "signatures");
  CHECK(test::verify(test::artifact(test::authorization()), trust).ok());
}

TEST_CASE("what is revoked is kept with that reason") {
  const std::string artifact = test::artifact(test::authorization());
  Revocation revocation = test::revocation();
  const auto verify = [&](std::string_view envelope) {
    return test::verify(envelope, test::trust(test::policy(), revocation));
  };
  CHECK_FALSE(verify(artifact).value().blocked());

  SECTION("artifact") {
    revocation.artifacts = {sha256(view(test::payload(test::authorization())))};
    check_blocked(verify(artifact), W_REASON_REVOKED, "", "epoch 1");
    CHECK_FALSE(
        verify(test::artifact(changed([](Authorization &a) { a.id[0] = 0; }))).value().blocked());
  }
  SECTION("issuer") {
    revocation.issuers = {test::fingerprint(test::kIssuerKey)};
    check_blocked(verify(artifact), W_REASON_REVOKED, "signatures", "0 of 1");
    // Another issuer who says the same is enough.
    const std::string both =
        add_signature(view(artifact), test::key(test::kOtherIssuerKey)).value();
    CHECK_FALSE(verify(both).value().blocked());
  }
  SECTION("host, except what repairs it") {
    revocation.hosts = {"host-a"};
    check_blocked(verify(artifact), W_REASON_REVOKED, "", "host-a");
    CHECK_FALSE(verify(test::artifact(changed([](Authorization &a) { a.recovery = true; })))
                    .value()
                    .blocked());
    revocation.hosts = {"host-b"};
    CHECK_FALSE(verify(artifact).value().blocked());
  }
}

TEST_CASE("break-glass needs a policy that accepts it, for as long") {
  Authorization opened = test::breakglass();
  opened.not_before = test::kNow;
  opened.not_after = test::kNow + 86400;
  CHECK_FALSE(test::verify(test::artifact(opened)).value().blocked());
  opened.not_after++;
  check_blocked(test::verify(test::artifact(opened)), W_REASON_POLICY_MISMATCH,
                "predicate.validity", "86401 s");

  Policy none = test::policy();
  none.breakglass_max_window.reset();
  const TrustState trust = test::trust(none);
  opened = test::breakglass();
  opened.policy_sha256 = trust.policy_sha256;
  check_blocked(test::verify(test::artifact(opened), trust), W_REASON_POLICY_MISMATCH,
                "predicate.kind", "no break-glass");
}

TEST_CASE("issuers grant only what the policy's rules let them") {
  Policy policy = test::policy();
  IssuerRule rule;
  rule.keys = {test::fingerprint(test::kIssuerKey)};
  rule.kinds = {ArtifactKind::kTask};
  rule.actions = W_ACTION_EXEC | W_ACTION_MAP;
  policy.issuers = {rule};
  TrustState trust = test::trust(policy);
  Authorization authorization = test::authorization();
  authorization.policy_sha256 = trust.policy_sha256;
  const auto verify = [&](uint8_t signer) {
    return test::verify(test::envelope(test::payload(authorization), signer), trust);
  };
  CHECK_FALSE(verify(test::kIssuerKey).value().blocked());
  check_blocked(verify(test::kOtherIssuerKey), W_REASON_POLICY_MISMATCH, "signatures", "no rule");
  authorization.actions |= W_ACTION_UPDATE;
  check_blocked(verify(test::kIssuerKey), W_REASON_POLICY_MISMATCH, "predicate.actions",
                "issuers[0].actions: not for update");

  SECTION("to the role's threshold") {
    authorization.actions = W_ACTION_EXEC;
    trust.root.role(RoleName::kTask).threshold = 2;
    const std::string both =
        test::envelope(test::payload(authorization), {test::kIssuerKey, test::kOtherIssuerKey});
    check_blocked(test::verify(both, trust), W_REASON_POLICY_MISMATCH, "signatures");
    trust.policy.issuers->at(0).keys = {test::fingerprint(test::kIssuerKey),
                                        test::fingerprint(test::kOtherIssuerKey)};
    std::sort(trust.policy.issuers->at(0).keys.begin(), trust.policy.issuers->at(0).keys.end());
    CHECK_FALSE(test::verify(both, trust).value().blocked());
  }
  SECTION("a revoked key's rule opens nothing") {
    authorization.actions = W_ACTION_EXEC;
    trust.revocation = SignedRevocation{test::revocation(), {}};
    trust.revocation->revocation.issuers = {test::fingerprint(test::kIssuerKey)};
    const std::string both =
        test::envelope(test::payload(authorization), {test::kIssuerKey, test::kOtherIssuerKey});
    check_blocked(test::verify(both, trust), W_REASON_POLICY_MISMATCH, "signatures");
  }
}

TEST_CASE("the manifest belongs to the artifact") {
  const std::vector<ManifestRecord> records = {{test::digest(1), std::nullopt, W_ACTION_EXEC},
                                               {test::digest(2), test::digest(3), W_ACTION_MAP}};
  CHECK(test::verified(test::authorization(), records).records() == records);

  Authorization authorization = test::authorization();
  const Manifest signed_for = write_manifest(records).value();
  const Manifest other = write_manifest({records[0]}).value();
  authorization.subjects.clear();
  authorization.manifest = signed_for.ref;
  const ManifestOpener wrong = [&](const ManifestRef &) -> Result<ByteSource> {
    return source_of_bytes(other.file);
  };
  const auto refused = verify_artifact(view(test::artifact(authorization)), wrong, no_parents,
                                       test::trust(), test::kNow);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().reason == W_REASON_CONTENT_MISMATCH);

  SECTION("a manifest is not even opened for an artifact that nobody signed") {
    bool opened = false;
    const ManifestOpener opener = [&](const ManifestRef &) -> Result<ByteSource> {
      opened = true;
      return source_of_bytes(signed_for.file);
    };
    const std::string stranger = test::envelope(test::payload(authorization), test::kStrangerKey);
    CHECK_FALSE(
        verify_artifact(view(stranger), opener, no_parents, test::trust(), test::kNow).ok());
    CHECK_FALSE(opened);
  }
  SECTION("an action beyond the artifact's is refused") {
    const Manifest wide = write_manifest({{test::digest(1), std::nullopt, W_ACTION_LOAD}}).value();
    authorization.manifest = wide.ref;
    const ManifestOpener opener = [&](const ManifestRef &) -> Result<ByteSource> {
      return source_of_bytes(wide.file);
    };
    const auto result = verify_artifact(view(test::artifact(authorization)), opener, no_parents,
                                        test::trust(), test::kNow);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().field == "manifest[0].actions");
  }
}

TEST_CASE("a rejection reads as one line") {
  const Rejection rejection = {W_REASON_EXPIRED, "a.b", "too late", "be earlier"};
  CHECK(rejection.text() == "expired: a.b: too late (fix: be earlier)");
  CHECK(malformed("", "empty").text() == "malformed: empty");
  CHECK(malformed("x", "empty").to_error().message == "malformed: x: empty");
}
