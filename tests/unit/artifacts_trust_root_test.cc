// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "artifacts/envelope.h"
#include "artifacts/time.h"
#include "artifacts/trust_root.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_document.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

namespace {

Role role_of(const std::vector<uint8_t> &numbers, uint32_t threshold) {
  std::vector<PublicKey> keys;
  for (const uint8_t number : numbers)
    keys.push_back(test::key(number).public_key());
  return make_role(std::move(keys), threshold);
}

std::string payload(const TrustRoot &root = test::trust_root()) {
  return serialize_trust_root(root).value();
}

TrustRoot root_of(int64_t version, const std::vector<uint8_t> &keys, uint32_t threshold) {
  TrustRoot root = test::trust_root();
  root.version = version;
  root.role(RoleName::kRoot) = role_of(keys, threshold);
  return root;
}

std::string signed_by(const TrustRoot &root, const std::vector<uint8_t> &signers) {
  return test::envelope(payload(root), signers);
}

SignedTrustRoot load(const std::string &envelope) {
  return load_trust_root(view(envelope)).value();
}

} // namespace

TEST_CASE("roles have names") {
  for (size_t i = 0; i < kRoleCount; i++)
    CHECK(role_from_name(role_name(static_cast<RoleName>(i))) == static_cast<RoleName>(i));
  CHECK_FALSE(role_from_name("issuer"));
  CHECK_FALSE(role_from_name("Root"));
}

TEST_CASE("trust roots survive the way through JSON") {
  CHECK(parse_trust_root(view(payload())).value() == test::trust_root());
  TrustRoot wide = root_of(kMaxVersion, {5, 6, 5}, 2);
  CHECK(wide.role(RoleName::kRoot).keys.size() == 2);
  CHECK(parse_trust_root(view(payload(wide))).value() == wide);
}

TEST_CASE("a role that is left out is nobody's") {
  TrustRoot bare;
  bare.version = 1;
  bare.expires = test::kNow;
  bare.role(RoleName::kRoot) = role_of({1}, 1);
  bare.role(RoleName::kPolicy) = role_of({1}, 1); // one key may have several roles
  const TrustRoot parsed = parse_trust_root(view(payload(bare))).value();
  CHECK(parsed == bare);
  CHECK(parsed.role(RoleName::kTask) == Role{});
  CHECK(verify_envelope(view(test::envelope("x", 1)), parsed.role(RoleName::kTask).keys, 0)
            .error()
            .reason == W_REASON_INVALID_SIGNATURE);
  for (const RoleName required : {RoleName::kRoot, RoleName::kPolicy}) {
    TrustRoot without = test::trust_root();
    without.role(required) = {};
    CHECK(serialize_trust_root(without).error().detail == "missing");
  }
}

TEST_CASE("a trust root is broken at every field and refused by name") {
  test::check_broken_texts(parse_trust_root, payload());
  test::check_flipped_bits(parse_trust_root, payload());
  const std::string roles = "predicate.roles.";
  // Task and baseline share their keys; without another role, a key is left that none uses.
  test::check_broken_documents(parse_trust_root, payload(),
                               {{roles + "task", roles + "baseline"},
                                {{roles + "revocation", "predicate.keys"},
                                 {roles + "enrollment", "predicate.keys"},
                                 {roles + "breakglass", "predicate.keys"}},
                                {},
                                {}});
  const test::FieldCase cases[] = {
      {R"([{"op":"replace","path":"/predicateType","value":"urn:warrant:trust-root:v2"}])",
       "predicateType"},
      {R"([{"op":"replace","path":"/predicate/version","value":0}])", "predicate.version", "1 to"},
      {R"([{"op":"replace","path":"/predicate/version","value":9007199254740992}])",
       "predicate.version", "1 to"},
      {R"([{"op":"replace","path":"/predicate/expires","value":"never"}])", "predicate.expires"},
      {R"([{"op":"replace","path":"/predicate/keys/0","value":"AAAA"}])", "predicate.keys[0]"},
      {R"([{"op":"replace","path":"/predicate/keys/0",
           "value":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}])",
       "predicate.keys[0]", "prime-order"},
      {R"([{"op":"add","path":"/predicate/keys/-",
           "value":"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}])",
       "predicate.keys", "no role uses key SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8"},
      {R"([{"op":"add","path":"/predicate/roles/issuer","value":{}}])", "predicate.roles.issuer",
       "unknown member"},
      {R"([{"op":"replace","path":"/predicate/roles/task/keys/0","value":"SHA256:x"}])",
       "predicate.roles.task.keys[0]", "one of predicate.keys"},
      {R"([{"op":"replace","path":"/predicate/roles/task/keys/0",
           "value":"SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8"}])",
       "predicate.roles.task.keys[0]", "one of predicate.keys"},
      {R"([{"op":"replace","path":"/predicate/roles/task/threshold","value":0}])",
       "predicate.roles.task.threshold", "1 to 2"},
      {R"([{"op":"replace","path":"/predicate/roles/task/threshold","value":3}])",
       "predicate.roles.task.threshold", "1 to 2"},
      {R"([{"op":"replace","path":"/predicate/roles/root/threshold","value":2}])",
       "predicate.roles.root.threshold", "1 to 1"},
      {R"([{"op":"replace","path":"/subject/0/name","value":"policy"}])", "subject"},
      {R"([{"op":"add","path":"/subject/-","value":{}}])", "subject"},
  };
  test::check_field_cases(parse_trust_root, payload(), cases);
}

TEST_CASE("what is no trust root could not be written") {
  const auto refused = [](const std::function<void(TrustRoot &)> &change) {
    TrustRoot root = test::trust_root();
    change(root);
    return !serialize_trust_root(root).ok();
  };
  CHECK_FALSE(refused([](TrustRoot &) {}));
  CHECK(refused([](TrustRoot &r) { r.version = 0; }));
  CHECK(refused([](TrustRoot &r) { r.version = kMaxVersion + 1; }));
  CHECK(refused([](TrustRoot &r) { r.expires = kMaxTime + 1; }));
  CHECK(refused([](TrustRoot &r) { r.role(RoleName::kTask).threshold = 3; }));
  CHECK(refused([](TrustRoot &r) { r.role(RoleName::kTask).threshold = 0; }));
  CHECK(refused([](TrustRoot &r) { r.role(RoleName::kTask).keys.clear(); }));
  CHECK(refused([](TrustRoot &r) {
    std::vector<PublicKey> &keys = r.role(RoleName::kTask).keys;
    std::swap(keys[0], keys[1]);
  }));
  // No envelope holds 17 signatures.
  const std::vector<uint8_t> many = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
  CHECK_FALSE(refused([&](TrustRoot &r) { r.role(RoleName::kTask) = role_of(many, 16); }));
  CHECK(refused([&](TrustRoot &r) { r.role(RoleName::kTask) = role_of(many, 17); }));
}

TEST_CASE("a root role of two needs two different keys") {
  const TrustRoot root = root_of(1, {5, 6}, 2);
  CHECK(load(signed_by(root, {5, 6})).root == root);
  CHECK(load(signed_by(root, {5, 6})).sha256 == sha256(view(payload(root))));
  const auto refusal = [](const std::string &envelope) {
    return load_trust_root(view(envelope)).error();
  };
  CHECK(refusal(signed_by(root, {5})).reason == W_REASON_INVALID_SIGNATURE);
  CHECK(refusal(signed_by(root, {5, 7})).reason == W_REASON_INVALID_SIGNATURE);
  // The same signature once more, under another keyid.
  Json twice = Json::parse(signed_by(root, {5}));
  twice["signatures"].push_back(twice["signatures"][0]);
  twice["signatures"][1]["keyid"] = test::fingerprint(6);
  CHECK(refusal(twice.dump()).reason == W_REASON_INVALID_SIGNATURE);
  CHECK(refusal(twice.dump()).detail.starts_with("1 of 2 "));
}

TEST_CASE("no flipped bit of an envelope is trusted") {
  const std::string valid = test::trust_root_envelope();
  for (size_t bit = 0; bit < valid.size() * 8; bit += 11) {
    std::string flipped = valid;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const auto loaded = load_trust_root(view(flipped));
    CHECK((!loaded.ok() || loaded.value().root == test::trust_root()));
  }
}

TEST_CASE("roots follow one another, each signed by the one before and by itself") {
  const TrustRoot one = root_of(1, {10, 11}, 2);
  const TrustRoot two = root_of(2, {11, 12, 13}, 2);
  const TrustRoot three = root_of(3, {14}, 1);
  const SignedTrustRoot first = load(signed_by(one, {10, 11}));
  const auto second = update_trust_root(first, view(signed_by(two, {10, 11, 12})));
  REQUIRE(second.ok());
  CHECK(second.value().root == two);
  CHECK(second.value().sha256 == sha256(view(payload(two))));
  const auto third = update_trust_root(second.value(), view(signed_by(three, {12, 13, 14})));
  REQUIRE(third.ok());
  CHECK(third.value().root == three);
  // The one in force again changes nothing, whoever of its signers is left in the envelope.
  CHECK(update_trust_root(first, view(signed_by(one, {10, 11}))).value().root == one);
  CHECK(update_trust_root(third.value(), view(signed_by(three, {14}))).value().root == three);
}

TEST_CASE("an expired root in between is only a step") {
  TrustRoot two = root_of(2, {1}, 1);
  two.expires = test::kNow - 1;
  const TrustRoot three = root_of(3, {1}, 1);
  const SignedTrustRoot first = load(test::trust_root_envelope());
  const auto second = update_trust_root(first, view(signed_by(two, {1})));
  REQUIRE(second.ok());
  CHECK(update_trust_root(second.value(), view(signed_by(three, {1}))).value().root == three);
}

TEST_CASE("no other root takes over") {
  const TrustRoot current = root_of(2, {10, 11}, 2);
  const SignedTrustRoot in_force = load(signed_by(current, {10, 11}));
  const TrustRoot next = root_of(3, {12, 13}, 2);
  TrustRoot other = current;
  other.expires++;
  Json one_twice = Json::parse(signed_by(next, {10, 12, 13}));
  for (Json &signature : one_twice["signatures"]) {
    if (signature["keyid"] != test::fingerprint(10))
      continue;
    Json again = signature;
    again["keyid"] = test::fingerprint(11);
    one_twice["signatures"].push_back(again);
    break;
  }
  struct Case {
    const char *name;
    std::string envelope;
    w_reason reason;
    const char *field, *detail;
  };
  const Case cases[] = {
      {"signed by the new keys only", signed_by(next, {12, 13}), W_REASON_INVALID_SIGNATURE,
       "signatures", "root role of version 2, which is in force: 0 of 2"},
      {"signed by the old keys only", signed_by(next, {10, 11}), W_REASON_INVALID_SIGNATURE,
       "signatures", "0 of 2"},
      {"one old key short", signed_by(next, {10, 12, 13}), W_REASON_INVALID_SIGNATURE, "signatures",
       "root role of version 2, which is in force: 1 of 2"},
      {"one new key short", signed_by(next, {10, 11, 12}), W_REASON_INVALID_SIGNATURE, "signatures",
       "1 of 2"},
      {"one old key twice", one_twice.dump(), W_REASON_INVALID_SIGNATURE, "signatures",
       "root role of version 2, which is in force: 1 of 2"},
      {"rollback, by the keys of then", signed_by(root_of(1, {1}, 1), {1}), W_REASON_REPLAY,
       "predicate.version", "older than version 2"},
      {"rollback, by the keys of now", signed_by(root_of(1, {10, 11}, 2), {10, 11}),
       W_REASON_REPLAY, "predicate.version", "older than version 2"},
      {"same version, other content", signed_by(other, {10, 11}), W_REASON_REPLAY,
       "predicate.version", "same version"},
      {"same version, by strangers", signed_by(root_of(2, {8, 9}, 2), {8, 9}),
       W_REASON_INVALID_SIGNATURE, "signatures", "0 of 2"},
      {"a version left out", signed_by(root_of(4, {10, 11}, 2), {10, 11}), W_REASON_MALFORMED,
       "predicate.version", "does not follow version 2"},
      {"the last version", signed_by(root_of(kMaxVersion, {10, 11}, 2), {10, 11}),
       W_REASON_MALFORMED, "predicate.version", "does not follow"},
      {"a policy", test::policy_envelope(), W_REASON_MALFORMED, "predicateType", ""},
      {"nothing", "", W_REASON_MALFORMED, "", ""},
  };
  for (const Case &c : cases) {
    INFO(c.name);
    const auto updated = update_trust_root(in_force, view(c.envelope));
    REQUIRE_FALSE(updated.ok());
    CHECK(updated.error().reason == c.reason);
    CHECK(updated.error().field == c.field);
    CHECK(updated.error().detail.find(c.detail) != std::string::npos);
  }
  CHECK(update_trust_root(in_force, view(signed_by(next, {10, 11, 12, 13}))).value().root == next);
}
