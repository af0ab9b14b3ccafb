// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "artifacts/verify.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

TEST_CASE("an artifact that trusted issuers signed is verified") {
  const Authorization authorization = test::authorization();
  const auto verified = test::verify(test::artifact(authorization));
  REQUIRE(verified.ok());
  CHECK(verified.value().authorization() == authorization);
  CHECK(verified.value().sha256() == sha256(view(test::payload(authorization))));
  CHECK(verified.value().issuers() ==
        std::vector<std::string>{test::key(test::kIssuerKey).public_key().fingerprint()});
  CHECK(verified.value().records().empty());
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
  struct Case {
    const char *name;
    std::function<std::string()> artifact;
    w_reason reason;
    const char *field;
  };
  const auto changed = [](const std::function<void(Authorization &)> &change) {
    return [change] {
      Authorization authorization = test::authorization();
      change(authorization);
      return test::artifact(authorization);
    };
  };
  const auto by = [](uint8_t signer) {
    return [signer] { return test::envelope(test::payload(test::authorization()), signer); };
  };
  const Case cases[] = {
      {"empty", [] { return std::string(); }, W_REASON_MALFORMED, ""},
      {"oversized", [] { return std::string(kMaxEnvelopeSize + 1, ' '); }, W_REASON_MALFORMED, ""},
      {"stranger", by(test::kStrangerKey), W_REASON_INVALID_SIGNATURE, "signatures"},
      {"policy key", by(test::kPolicyKey), W_REASON_INVALID_SIGNATURE, "signatures"},
      {"root key", by(test::kRootKey), W_REASON_INVALID_SIGNATURE, "signatures"},
      {"not JSON within", [] { return test::envelope("x", test::kIssuerKey); }, W_REASON_MALFORMED,
       ""},
      {"a policy signed by an issuer",
       [] { return test::envelope(serialize_policy(test::policy()).value(), test::kIssuerKey); },
       W_REASON_MALFORMED, "predicateType"},
      {"other policy", changed([](Authorization &a) { a.policy_sha256[0] ^= 1; }),
       W_REASON_POLICY_MISMATCH, "predicate.policy.sha256"},
      {"other host", changed([](Authorization &a) { a.host = "host-b"; }),
       W_REASON_IDENTITY_MISMATCH, "predicate.environment.host"},
      {"host in other case", changed([](Authorization &a) { a.host = "HOST-A"; }),
       W_REASON_IDENTITY_MISMATCH, "predicate.environment.host"},
      {"manifest that is not there", changed([](Authorization &a) {
         a.subjects.clear();
         a.manifest = ManifestRef{test::digest(1), 1};
       }),
       W_REASON_MISSING, "predicate.manifest"},
  };
  for (const Case &c : cases) {
    INFO(c.name);
    const auto verified = test::verify(c.artifact());
    REQUIRE_FALSE(verified.ok());
    CHECK(verified.error().reason == c.reason);
    CHECK(verified.error().field == c.field);
    CHECK_FALSE(verified.error().detail.empty());
  }
  CHECK(test::verify(changed([](Authorization &a) { a.host = std::string(test::kHost); })()).ok());
}

TEST_CASE("of several faults the earlier stage speaks") {
  Authorization authorization = test::authorization();
  authorization.policy_sha256[0] ^= 1;
  authorization.host = "host-b";
  const std::string payload = test::payload(authorization);
  const auto reason = [](std::string_view artifact, int64_t now) {
    return verify_artifact(view(artifact), no_manifests(), test::trust(), now).error().reason;
  };
  const int64_t late = test::trust().root.expires;
  CHECK(reason(test::envelope(payload, test::kStrangerKey), late) == W_REASON_INVALID_SIGNATURE);
  CHECK(reason(test::envelope(payload, test::kIssuerKey), late) == W_REASON_EXPIRED);
  CHECK(reason(test::envelope(payload, test::kIssuerKey), test::kNow) == W_REASON_POLICY_MISMATCH);
}

TEST_CASE("an issuer threshold of two needs two") {
  TrustState trust = test::trust();
  trust.root.issuer.threshold = 2;
  const std::string one = test::artifact(test::authorization());
  const auto verify = [&](std::string_view artifact) {
    return verify_artifact(view(artifact), no_manifests(), trust, test::kNow);
  };
  CHECK(verify(one).error().reason == W_REASON_INVALID_SIGNATURE);
  const auto two = verify(add_signature(view(one), test::key(test::kOtherIssuerKey)).value());
  REQUIRE(two.ok());
  CHECK(two.value().issuers().size() == 2);
  CHECK_FALSE(verify(add_signature(view(one), test::key(test::kStrangerKey)).value()).ok());
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
  const auto refused =
      verify_artifact(view(test::artifact(authorization)), wrong, test::trust(), test::kNow);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().reason == W_REASON_CONTENT_MISMATCH);

  SECTION("a manifest is not even opened for an artifact that nobody signed") {
    bool opened = false;
    const ManifestOpener opener = [&](const ManifestRef &) -> Result<ByteSource> {
      opened = true;
      return source_of_bytes(signed_for.file);
    };
    const std::string stranger = test::envelope(test::payload(authorization), test::kStrangerKey);
    CHECK_FALSE(verify_artifact(view(stranger), opener, test::trust(), test::kNow).ok());
    CHECK_FALSE(opened);
  }
  SECTION("an action beyond the artifact's is refused") {
    const Manifest wide = write_manifest({{test::digest(1), std::nullopt, W_ACTION_LOAD}}).value();
    authorization.manifest = wide.ref;
    const ManifestOpener opener = [&](const ManifestRef &) -> Result<ByteSource> {
      return source_of_bytes(wide.file);
    };
    const auto result =
        verify_artifact(view(test::artifact(authorization)), opener, test::trust(), test::kNow);
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
