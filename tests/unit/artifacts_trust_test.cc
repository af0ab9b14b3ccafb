// SPDX-License-Identifier: Apache-2.0
#include <functional>

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
std::string revocation_payload() {
  return serialize_revocation(test::revocation()).value();
}

Role role_of(uint8_t number) {
  return make_role({test::key(number).public_key()}, 1);
}

/// Documents with these numbers; each number has content of its own. Epoch 0: no list.
TrustState state(int64_t root, int64_t policy, int64_t epoch) {
  TrustState trust = test::trust();
  trust.root.version = root;
  trust.root_sha256 = test::digest(static_cast<uint8_t>(root));
  trust.policy.version = policy;
  trust.policy_sha256 = test::digest(static_cast<uint8_t>(policy));
  if (epoch != 0) {
    Revocation list = test::revocation();
    list.epoch = epoch;
    trust.revocation = SignedRevocation{list, test::digest(static_cast<uint8_t>(epoch))};
  }
  return trust;
}

} // namespace

TEST_CASE("each document must be signed by its role") {
  const std::string root = test::trust_root_envelope();
  const std::string policy = test::policy_envelope();
  const std::string revocation = test::revocation_envelope();
  const TrustState trust = load_trust(view(root), view(policy), view(revocation), "h").value();
  CHECK(trust.root == test::trust_root());
  CHECK(trust.root_sha256 == sha256(view(root_payload())));
  CHECK(trust.policy == test::policy());
  CHECK(trust.policy_sha256 == sha256(view(policy_payload())));
  REQUIRE(trust.revocation);
  CHECK(trust.revocation->revocation == test::revocation());
  CHECK(trust.revocation->sha256 == sha256(view(revocation_payload())));
  CHECK(trust.host == "h");
  CHECK_FALSE(load_trust(view(root), view(policy), {}, "h").value().revocation);

  TrustRoot without = test::trust_root();
  without.role(RoleName::kRevocation) = {};
  struct Case {
    const char *name;
    std::string root, policy, revocation;
    w_reason reason;
    const char *field;
  };
  const auto invalid = W_REASON_INVALID_SIGNATURE;
  const Case cases[] = {
      {"root by a stranger", test::envelope(root_payload(), test::kStrangerKey), policy, revocation,
       invalid, "trust root: signatures"},
      {"root by the policy role", test::envelope(root_payload(), test::kPolicyKey), policy,
       revocation, invalid, "trust root: signatures"},
      {"policy by a stranger", root, test::envelope(policy_payload(), test::kStrangerKey),
       revocation, invalid, "policy: signatures"},
      {"policy by an issuer", root, test::envelope(policy_payload(), test::kIssuerKey), revocation,
       invalid, "policy: signatures"},
      {"policy by the root role", root, test::envelope(policy_payload(), test::kRootKey),
       revocation, invalid, "policy: signatures"},
      {"revocation by the policy role", root, policy,
       test::envelope(revocation_payload(), test::kPolicyKey), invalid, "revocation: signatures"},
      {"revocation, but nobody has the role", test::trust_root_envelope(without), policy,
       revocation, invalid, "revocation: signatures"},
      {"root in place of policy", root, test::envelope(root_payload(), test::kPolicyKey),
       revocation, W_REASON_MALFORMED, "policy: predicateType"},
      {"policy in place of root", policy, policy, revocation, W_REASON_MALFORMED,
       "trust root: predicateType"},
      {"policy in place of revocation", root, policy,
       test::envelope(policy_payload(), test::kRevocationKey), W_REASON_MALFORMED,
       "revocation: predicateType"},
      {"empty root", "", policy, revocation, W_REASON_MALFORMED, "trust root"},
      {"empty policy", root, "", revocation, W_REASON_MALFORMED, "policy"},
      {"blank revocation", root, policy, " ", W_REASON_MALFORMED, "revocation"},
  };
  for (const Case &c : cases) {
    INFO(c.name);
    const auto loaded = load_trust(view(c.root), view(c.policy), view(c.revocation), "h");
    REQUIRE_FALSE(loaded.ok());
    CHECK(loaded.error().reason == c.reason);
    CHECK(loaded.error().field == c.field);
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

TEST_CASE("a list is demanded and grows old only where the policy says so") {
  CHECK(check_freshness(test::trust(), test::kNow).ok());
  CHECK_FALSE(fresh_until(test::trust()));
  CHECK_FALSE(fresh_until(test::trust(test::policy(), test::revocation())));

  Policy demanding = test::policy();
  demanding.revocation_max_age = 100;
  const TrustState without = test::trust(demanding);
  CHECK(check_freshness(without, test::kNow).error().reason == W_REASON_ENVIRONMENT_FAILURE);
  CHECK(check_freshness(without, 0).error().field == "revocation");
  CHECK(fresh_until(without) == 0);

  const TrustState with = test::trust(demanding, test::revocation()); // 60 seconds old
  const int64_t until = test::kNow - 60 + 100;
  CHECK(fresh_until(with) == until);
  CHECK(check_freshness(with, test::kNow).ok());
  CHECK(check_freshness(with, until - 1).ok());
  CHECK(check_freshness(with, until).error().reason == W_REASON_ENVIRONMENT_FAILURE);
  CHECK(check_freshness(with, until).error().field == "revocation: predicate.issuedAt");
  CHECK(check_freshness(with, INT64_MAX).error().reason == W_REASON_ENVIRONMENT_FAILURE);
}

TEST_CASE("nothing is remembered at the first start") {
  CHECK(check_not_older(state(1, 1, 0), HighWater{}, nullptr).ok());
  CHECK(check_not_older(state(200, 200, 200), HighWater{}, nullptr).ok());
  CHECK(high_water_of(state(1, 2, 0)) ==
        HighWater{1, test::digest(1), 2, test::digest(2), 0, Digest{}});
  CHECK(high_water_of(state(1, 2, 3)) ==
        HighWater{1, test::digest(1), 2, test::digest(2), 3, test::digest(3)});
}

TEST_CASE("no document goes back") {
  const TrustState before = state(2, 5, 7);
  const HighWater mark = high_water_of(before);
  struct Case {
    const char *name;
    std::function<void(TrustState &)> change;
    const char *field; ///< empty: accepted
  };
  const Case cases[] = {
      {"the same", [](TrustState &) {}, ""},
      {"all newer", [](TrustState &t) { t = state(3, 6, 8); }, ""},
      {"far newer", [](TrustState &t) { t = state(2, 100, 100); }, ""},
      {"older root", [](TrustState &t) { t = state(1, 5, 7); }, "trust root: predicate.version"},
      {"other root", [](TrustState &t) { t.root_sha256[0] ^= 1; }, "trust root: predicate.version"},
      {"older policy", [](TrustState &t) { t = state(2, 4, 7); }, "policy: predicate.version"},
      {"other policy", [](TrustState &t) { t.policy_sha256[31] ^= 1; },
       "policy: predicate.version"},
      {"older policy under a newer root", [](TrustState &t) { t = state(3, 4, 7); },
       "policy: predicate.version"},
      {"older list", [](TrustState &t) { t = state(2, 5, 6); }, "revocation: predicate.epoch"},
      {"other list", [](TrustState &t) { t.revocation->sha256[0] ^= 1; },
       "revocation: predicate.epoch"},
      {"no list any more", [](TrustState &t) { t.revocation.reset(); }, "revocation"},
  };
  for (const Case &c : cases) {
    INFO(c.name);
    TrustState trust = before;
    c.change(trust);
    for (const TrustRoot *mark_root : {&before.root, static_cast<const TrustRoot *>(nullptr)}) {
      const auto checked = check_not_older(trust, mark, mark_root);
      CHECK(checked.ok() == std::string(c.field).empty());
      if (checked.ok())
        continue;
      CHECK(checked.error().reason == W_REASON_REPLAY);
      CHECK(checked.error().field == c.field);
    }
  }
}

TEST_CASE("a new root that takes a stolen key away undoes a fast-forward") {
  // Whoever stole the keys signed the highest numbers there are.
  TrustState stolen = state(2, kMaxVersion, 0);
  stolen.revocation = SignedRevocation{test::revocation(), test::digest(9)};
  stolen.revocation->revocation.epoch = kMaxVersion;
  const HighWater mark = high_water_of(stolen);
  const TrustState next = state(3, 6, 8);

  SECTION("with the same keys nothing starts anew") {
    CHECK(check_not_older(next, mark, &stolen.root).error().field == "policy: predicate.version");
  }
  SECTION("other keys for one role leave the other's mark") {
    TrustState recovered = next;
    recovered.root.role(RoleName::kPolicy) = role_of(20);
    CHECK(check_not_older(recovered, mark, &stolen.root).error().field ==
          "revocation: predicate.epoch");
    recovered = next;
    recovered.root.role(RoleName::kRevocation) = role_of(21);
    CHECK(check_not_older(recovered, mark, &stolen.root).error().field ==
          "policy: predicate.version");
  }
  SECTION("other keys for both roles start both anew, once") {
    TrustState recovered = next;
    recovered.root.role(RoleName::kPolicy) = role_of(20);
    recovered.root.role(RoleName::kRevocation) = role_of(21);
    CHECK(check_not_older(recovered, mark, &stolen.root).ok());
    CHECK(check_not_older(recovered, mark, nullptr).error().reason == W_REASON_REPLAY);
    TrustState without = recovered;
    without.revocation.reset();
    CHECK(check_not_older(without, mark, &stolen.root).error().detail ==
          "missing although epoch " + std::to_string(kMaxVersion) + " was in force already");
    const HighWater anew = high_water_of(recovered);
    TrustState back = recovered;
    back.policy.version--;
    CHECK(check_not_older(back, anew, &recovered.root).error().reason == W_REASON_REPLAY);
    back = recovered;
    back.revocation.reset();
    CHECK(check_not_older(back, anew, &recovered.root).error().reason == W_REASON_REPLAY);
  }
  SECTION("a role that nobody has any more needs no list") {
    TrustState recovered = state(3, kMaxVersion, 0);
    recovered.policy_sha256 = stolen.policy_sha256;
    recovered.root.role(RoleName::kRevocation) = {};
    CHECK(check_not_older(recovered, mark, &stolen.root).ok());
  }
  SECTION("one more key or another threshold is no recovery: the stolen key is still believed") {
    TrustState widened = next;
    widened.root.role(RoleName::kPolicy) =
        make_role({test::key(test::kPolicyKey).public_key(), test::key(20).public_key()}, 2);
    CHECK(check_not_older(widened, mark, &stolen.root).error().field ==
          "policy: predicate.version");
  }
  SECTION("the root's own number never starts anew") {
    TrustState recovered = state(1, 6, 8);
    recovered.root.role(RoleName::kRoot) = role_of(22);
    recovered.root.role(RoleName::kPolicy) = role_of(20);
    CHECK(check_not_older(recovered, mark, &stolen.root).error().field ==
          "trust root: predicate.version");
  }
}
