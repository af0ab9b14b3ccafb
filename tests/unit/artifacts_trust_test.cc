// SPDX-License-Identifier: Apache-2.0
#include "artifacts/json.h"
#include "artifacts/statement.h"
#include "artifacts/trust.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

namespace {

std::string root_payload() {
  return serialize_trust_root(test::trust_root()).value();
}
std::string policy_payload() {
  return serialize_policy(test::policy()).value();
}

/// Applies a patch to the predicate and makes the subject fit again.
std::string repaired(const std::string &payload, const char *patch) {
  Json document = Json::parse(payload).patch(Json::parse(patch));
  document["subject"][0]["digest"]["sha256"] = to_hex(sha256(view(document["predicate"].dump())));
  return document.dump();
}

struct Case {
  const char *patch;
  const char *field;
  const char *detail = "";
};

template <class Parse>
void check_refused(Parse parse, const std::string &payload, std::span<const Case> cases) {
  for (const Case &c : cases) {
    INFO(c.patch);
    const auto parsed = parse(view(repaired(payload, c.patch)));
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().reason == W_REASON_MALFORMED);
    CHECK(parsed.error().field == c.field);
    CHECK(parsed.error().detail.find(c.detail) != std::string::npos);
  }
}

template <class Parse>
void check_broken_texts(Parse parse, const std::string &payload) {
  REQUIRE(parse(view(payload)).ok());
  for (const test::BrokenText &broken : test::broken_texts(payload, "_type")) {
    INFO(broken.name);
    const auto parsed = parse(view(broken.text));
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().reason == W_REASON_MALFORMED);
    CHECK(parsed.error().detail.find(broken.detail) != std::string::npos);
  }
  for (size_t length = 0; length < payload.size(); length++)
    CHECK_FALSE(parse(view(payload.substr(0, length))).ok());
}

} // namespace

TEST_CASE("trust root and policy survive the way through JSON") {
  CHECK(parse_trust_root(view(root_payload())).value() == test::trust_root());
  CHECK(parse_policy(view(policy_payload())).value() == test::policy());
  Policy narrow = test::policy();
  narrow.mode = W_MODE_OBSERVE;
  narrow.audit = W_AUDIT_REQUIRED;
  narrow.filesystems.resize(2);
  narrow.expires = test::kNow;
  CHECK(parse_policy(view(serialize_policy(narrow).value())).value() == narrow);
  TrustRoot wide = test::trust_root();
  wide.root = make_role(
      {test::key(5).public_key(), test::key(6).public_key(), test::key(5).public_key()}, 2);
  CHECK(wide.root.keys.size() == 2);
  CHECK(parse_trust_root(view(serialize_trust_root(wide).value())).value() == wide);
}

TEST_CASE("a policy that names no file systems means all that are known") {
  const std::string text =
      repaired(policy_payload(), R"([{"op":"remove","path":"/predicate/filesystems"}])");
  CHECK(parse_policy(view(text)).value() == test::policy());
  CHECK(test::policy().filesystems.size() == 7);
  CHECK(test::policy().filesystems[0] == Filesystem{"ext4", 0xef53});
}

TEST_CASE("what could not be read is not written") {
  TrustRoot root = test::trust_root();
  root.version = 0;
  CHECK_FALSE(serialize_trust_root(root).ok());
  root = test::trust_root();
  root.issuer.threshold = 3;
  CHECK_FALSE(serialize_trust_root(root).ok());
  root.issuer = {};
  CHECK_FALSE(serialize_trust_root(root).ok());
  root = test::trust_root();
  std::swap(root.issuer.keys[0], root.issuer.keys[1]);
  CHECK_FALSE(serialize_trust_root(root).ok());
  Policy policy = test::policy();
  policy.mode = W_MODE_INVALID;
  CHECK_FALSE(serialize_policy(policy).ok());
  policy = test::policy();
  policy.audit = W_AUDIT_UNAVAILABLE;
  CHECK_FALSE(serialize_policy(policy).ok());
  policy = test::policy();
  policy.filesystems.clear();
  CHECK_FALSE(serialize_policy(policy).ok());
  policy = test::policy();
  policy.filesystems[0].magic = 1;
  CHECK_FALSE(serialize_policy(policy).ok());
}

TEST_CASE("a broken trust root is refused by name") {
  check_broken_texts(parse_trust_root, root_payload());
  const Case cases[] = {
      {R"([{"op":"replace","path":"/predicateType","value":"urn:warrant:trust-root:v2"}])",
       "predicateType"},
      {R"([{"op":"remove","path":"/predicate/version"}])", "predicate.version", "missing"},
      {R"([{"op":"replace","path":"/predicate/version","value":0}])", "predicate.version"},
      {R"([{"op":"replace","path":"/predicate/version","value":-1}])", "predicate.version"},
      {R"([{"op":"replace","path":"/predicate/version","value":"1"}])", "predicate.version"},
      {R"([{"op":"remove","path":"/predicate/expires"}])", "predicate.expires", "missing"},
      {R"([{"op":"replace","path":"/predicate/expires","value":"never"}])", "predicate.expires"},
      {R"([{"op":"remove","path":"/predicate/keys"}])", "predicate.keys", "missing"},
      {R"([{"op":"replace","path":"/predicate/keys","value":[]}])", "predicate.keys"},
      {R"([{"op":"replace","path":"/predicate/keys","value":{}}])", "predicate.keys"},
      {R"([{"op":"replace","path":"/predicate/keys/0","value":1}])", "predicate.keys[0]"},
      {R"([{"op":"replace","path":"/predicate/keys/0","value":"AAAA"}])", "predicate.keys[0]"},
      {R"([{"op":"replace","path":"/predicate/keys/0",
           "value":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}])",
       "predicate.keys[0]", "prime-order"},
      {R"([{"op":"copy","from":"/predicate/keys/0","path":"/predicate/keys/1"}])",
       "predicate.keys[1]", "twice"},
      {R"([{"op":"add","path":"/predicate/keys/-",
           "value":"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}])",
       "predicate.keys", "no role uses key SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8"},
      {R"([{"op":"remove","path":"/predicate/roles"}])", "predicate.roles", "missing"},
      {R"([{"op":"remove","path":"/predicate/roles/root"}])", "predicate.roles.root", "missing"},
      {R"([{"op":"remove","path":"/predicate/roles/policy"}])", "predicate.roles.policy"},
      {R"([{"op":"remove","path":"/predicate/roles/issuer"}])", "predicate.roles.issuer"},
      {R"([{"op":"add","path":"/predicate/roles/king","value":{}}])", "predicate.roles.king",
       "unknown member"},
      {R"([{"op":"replace","path":"/predicate/roles/issuer/keys","value":[]}])",
       "predicate.roles.issuer.keys"},
      {R"([{"op":"replace","path":"/predicate/roles/issuer/keys/0","value":"SHA256:x"}])",
       "predicate.roles.issuer.keys[0]"},
      {R"([{"op":"replace","path":"/predicate/roles/issuer/keys/0","value":null}])",
       "predicate.roles.issuer.keys[0]"},
      {R"([{"op":"copy","from":"/predicate/roles/issuer/keys/0",
           "path":"/predicate/roles/issuer/keys/1"}])",
       "predicate.roles.issuer.keys[1]", "twice"},
      {R"([{"op":"replace","path":"/predicate/roles/issuer/threshold","value":0}])",
       "predicate.roles.issuer.threshold"},
      {R"([{"op":"replace","path":"/predicate/roles/issuer/threshold","value":3}])",
       "predicate.roles.issuer.threshold", "1 to 2"},
      {R"([{"op":"remove","path":"/predicate/roles/issuer/threshold"}])",
       "predicate.roles.issuer.threshold", "missing"},
      {R"([{"op":"add","path":"/predicate/roles/issuer/grants","value":[]}])",
       "predicate.roles.issuer.grants", "unknown member"},
      {R"([{"op":"add","path":"/predicate/delegations","value":[]}])", "predicate.delegations",
       "unknown member"},
      {R"([{"op":"replace","path":"/subject/0/name","value":"policy"}])", "subject"},
      {R"([{"op":"add","path":"/subject/-","value":{}}])", "subject"},
  };
  check_refused(parse_trust_root, root_payload(), cases);
}

TEST_CASE("a broken policy is refused by name") {
  check_broken_texts(parse_policy, policy_payload());
  const Case cases[] = {
      {R"([{"op":"replace","path":"/predicateType","value":"urn:warrant:policy:v2"}])",
       "predicateType"},
      {R"([{"op":"remove","path":"/predicate/mode"}])", "predicate.mode", "missing"},
      {R"([{"op":"replace","path":"/predicate/mode","value":"invalid"}])", "predicate.mode"},
      {R"([{"op":"replace","path":"/predicate/mode","value":"permissive"}])", "predicate.mode"},
      {R"([{"op":"replace","path":"/predicate/mode","value":1}])", "predicate.mode"},
      {R"([{"op":"remove","path":"/predicate/audit"}])", "predicate.audit", "missing"},
      {R"([{"op":"replace","path":"/predicate/audit","value":"unavailable"}])", "predicate.audit"},
      {R"([{"op":"replace","path":"/predicate/filesystems","value":[]}])", "predicate.filesystems"},
      {R"([{"op":"replace","path":"/predicate/filesystems","value":"ext4"}])",
       "predicate.filesystems"},
      {R"([{"op":"replace","path":"/predicate/filesystems/1","value":"nfs"}])",
       "predicate.filesystems[1]"},
      {R"([{"op":"replace","path":"/predicate/filesystems/1","value":61267}])",
       "predicate.filesystems[1]"},
      {R"([{"op":"replace","path":"/predicate/filesystems/1","value":"ext4"}])",
       "predicate.filesystems[1]", "twice"},
      {R"([{"op":"remove","path":"/predicate/issuedAt"}])", "predicate.issuedAt", "missing"},
      {R"([{"op":"add","path":"/predicate/expires","value":null}])", "predicate.expires"},
      {R"([{"op":"add","path":"/predicate/issuers","value":[]}])", "predicate.issuers",
       "unknown member"},
      {R"([{"op":"replace","path":"/subject/0/name","value":"trust-root"}])", "subject"},
  };
  check_refused(parse_policy, policy_payload(), cases);
}

TEST_CASE("the subject names the predicate") {
  Json document = Json::parse(policy_payload());
  document["predicate"]["mode"] = "observe";
  CHECK(parse_policy(view(document.dump())).error().field == "subject");
  document = Json::parse(root_payload());
  document["predicate"]["version"] = 2;
  CHECK(parse_trust_root(view(document.dump())).error().field == "subject");
}

TEST_CASE("each document must be signed by its role") {
  const std::string root = test::trust_root_envelope();
  const std::string policy = test::policy_envelope();
  REQUIRE(load_trust(view(root), view(policy), "h").ok());
  const TrustState trust = load_trust(view(root), view(policy), "h").value();
  CHECK(trust.root == test::trust_root());
  CHECK(trust.policy == test::policy());
  CHECK(trust.policy_sha256 == sha256(view(policy_payload())));
  CHECK(trust.host == "h");

  struct Case {
    const char *name;
    std::string root, policy;
    w_reason reason;
    const char *field;
  };
  const Case cases[] = {
      {"root signed by a stranger", test::envelope(root_payload(), test::kStrangerKey), policy,
       W_REASON_INVALID_SIGNATURE, "trust root: signatures"},
      {"root signed by the policy role", test::envelope(root_payload(), test::kPolicyKey), policy,
       W_REASON_INVALID_SIGNATURE, "trust root: signatures"},
      {"policy signed by a stranger", root, test::envelope(policy_payload(), test::kStrangerKey),
       W_REASON_INVALID_SIGNATURE, "policy: signatures"},
      {"policy signed by an issuer", root, test::envelope(policy_payload(), test::kIssuerKey),
       W_REASON_INVALID_SIGNATURE, "policy: signatures"},
      {"policy signed by the root role", root, test::envelope(policy_payload(), test::kRootKey),
       W_REASON_INVALID_SIGNATURE, "policy: signatures"},
      {"root in place of policy", root, test::envelope(root_payload(), test::kPolicyKey),
       W_REASON_MALFORMED, "policy: predicateType"},
      {"policy in place of root", policy, policy, W_REASON_MALFORMED, "trust root: predicateType"},
      {"empty root", "", policy, W_REASON_MALFORMED, "trust root"},
      {"empty policy", root, "", W_REASON_MALFORMED, "policy"},
  };
  for (const Case &c : cases) {
    INFO(c.name);
    const auto loaded = load_trust(view(c.root), view(c.policy), "h");
    REQUIRE_FALSE(loaded.ok());
    CHECK(loaded.error().reason == c.reason);
    CHECK(loaded.error().field == c.field);
  }
}

TEST_CASE("a root role of two needs two") {
  TrustRoot root = test::trust_root();
  root.root = make_role({test::key(5).public_key(), test::key(6).public_key()}, 2);
  const std::string payload = serialize_trust_root(root).value();
  const std::string one = test::envelope(payload, 5);
  CHECK(load_trust_root(view(one)).error().reason == W_REASON_INVALID_SIGNATURE);
  const std::string two = add_signature(view(one), test::key(6)).value();
  CHECK(load_trust_root(view(two)).ok());
  const std::string wrong = add_signature(view(one), test::key(7)).value();
  CHECK_FALSE(load_trust_root(view(wrong)).ok());
}

TEST_CASE("no flipped bit is trusted") {
  const std::string valid = test::trust_root_envelope();
  for (size_t bit = 0; bit < valid.size() * 8; bit += 3) {
    std::string flipped = valid;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const auto loaded = load_trust_root(view(flipped));
    CHECK((!loaded.ok() || loaded.value() == test::trust_root()));
  }
}

TEST_CASE("trust ends with its documents") {
  TrustState trust = test::trust();
  CHECK(check_expiry(trust, trust.root.expires - 1).ok());
  CHECK(check_expiry(trust, trust.root.expires).error().reason == W_REASON_EXPIRED);
  CHECK(check_expiry(trust, trust.root.expires).error().field == "trust root: predicate.expires");
  trust.policy.expires = test::kNow;
  CHECK(check_expiry(trust, test::kNow - 1).ok());
  CHECK(check_expiry(trust, test::kNow).error().field == "policy: predicate.expires");
}
