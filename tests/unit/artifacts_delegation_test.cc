// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "artifacts/delegation.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_chain_fixture.h"

using namespace warrant;

namespace {

using Change = std::function<void(Authorization &)>;

/// A parent with every restriction, and a child that keeps them all.
Authorization restricted_parent() {
  Authorization parent = test::delegating(3);
  parent.actions = W_ACTION_EXEC | W_ACTION_MAP | W_ACTION_UPDATE;
  parent.jit = true;
  parent.interpreter = {Entry::kScriptOnly, Reads::kSuffixes};
  parent.recovery = true;
  parent.max_uses = 10;
  parent.kill_on_expiry = true;
  parent.kill_on_revoke = true;
  parent.initiator = {};
  parent.initiator.uid = 1000;
  parent.initiator.gid = 100;
  parent.initiator.cgroup = "/agents.slice";
  parent.initiator.parent_sha256 = test::digest(0x51);
  parent.initiator.session = 7;
  parent.environment.host = "host-a";
  parent.environment.key.emplace().fill(11);
  parent.environment.group = "workers";
  parent.environment.profile = "good";
  parent.environment.pcrs = {{7, test::digest(1)}};
  parent.parent = test::digest(0x77);
  parent.requires_parent = true;
  parent.subjects = {{"a", test::digest(1), test::digest(2)}, {"b", test::digest(3), std::nullopt}};
  return parent;
}

Authorization kept(const Authorization &parent) {
  Authorization child = parent;
  child.id.fill(0x22);
  child.delegation = test::delegation(2);
  return child;
}

std::string wider_field(const Authorization &child, const Authorization &parent) {
  const auto wider = find_wider({child, {}}, {parent, {}});
  if (wider)
    CHECK_FALSE(wider->detail.empty());
  return wider ? wider->field : "";
}

} // namespace

TEST_CASE("a child that grants as much or less is not wider") {
  const Authorization parent = restricted_parent();
  CHECK(wider_field(kept(parent), parent).empty());
  const Change narrower[] = {
      [](Authorization &a) { a.actions = W_ACTION_MAP; },
      [](Authorization &a) { a.not_before++; },
      [](Authorization &a) { a.not_after--; },
      [](Authorization &a) { a.issued_at += 100; },
      [](Authorization &a) { a.jit = false; },
      [](Authorization &a) { a.recovery = false; },
      [](Authorization &a) { a.interpreter.reads = Reads::kListed; },
      [](Authorization &a) { a.max_uses = 1; },
      [](Authorization &a) { a.delegation.reset(); },
      [](Authorization &a) { a.delegation->max_depth = 1; },
      [](Authorization &a) {
        a.delegation->role = make_role({test::key(test::kOtherDelegateKey).public_key()}, 1);
      },
      [](Authorization &a) { a.governance["ticket"] = "another"; },
      [](Authorization &a) { a.initiator.cgroup = "/agents.slice/agent-7.service"; },
      [](Authorization &a) { a.subjects.pop_back(); },
      [](Authorization &a) { a.subjects[0].name = "renamed"; },
      [](Authorization &a) { a.subjects[0].verity.reset(); },
      [](Authorization &a) {
        a.subjects = {a.subjects[1], a.subjects[1]};
      },
  };
  for (const Change &change : narrower) {
    Authorization child = kept(parent);
    change(child);
    CHECK(wider_field(child, parent).empty());
  }
}

TEST_CASE("a child that grants more is refused by the name of the member") {
  const struct {
    const char *field;
    Change change;
  } cases[] = {
      {"predicate.kind", [](Authorization &a) { a.kind = ArtifactKind::kBaseline; }},
      {"predicate.kind", [](Authorization &a) { a.kind = ArtifactKind::kBreakglass; }},
      {"predicate.actions", [](Authorization &a) { a.actions |= W_ACTION_LOAD; }},
      {"predicate.actions", [](Authorization &a) { a.actions = W_ACTION_INTERPRET; }},
      {"predicate.actions", [](Authorization &a) { a.actions |= W_ACTION_ADMINISTER; }},
      {"predicate.validity.notBefore", [](Authorization &a) { a.not_before--; }},
      {"predicate.validity.notAfter", [](Authorization &a) { a.not_after++; }},
      {"predicate.initiator.uid", [](Authorization &a) { a.initiator.uid = 0; }},
      {"predicate.initiator.uid", [](Authorization &a) { a.initiator.uid.reset(); }},
      {"predicate.initiator.gid", [](Authorization &a) { a.initiator.gid.reset(); }},
      {"predicate.initiator.cgroup", [](Authorization &a) { a.initiator.cgroup.reset(); }},
      {"predicate.initiator.cgroup", [](Authorization &a) { a.initiator.cgroup = "/agents"; }},
      {"predicate.initiator.cgroup",
       [](Authorization &a) { a.initiator.cgroup = "/agents.slice2"; }},
      {"predicate.initiator.parentSha256",
       [](Authorization &a) { a.initiator.parent_sha256.reset(); }},
      {"predicate.initiator.session", [](Authorization &a) { a.initiator.session = 8; }},
      {"predicate.initiator.uid",
       [](Authorization &a) {
         a.initiator = {};
         a.initiator.any = true;
       }},
      {"predicate.environment.host", [](Authorization &a) { a.environment.host.reset(); }},
      {"predicate.environment.host", [](Authorization &a) { a.environment.host = "host-b"; }},
      {"predicate.environment.key", [](Authorization &a) { a.environment.key.reset(); }},
      {"predicate.environment.key", [](Authorization &a) { a.environment.key->fill(12); }},
      {"predicate.environment.group", [](Authorization &a) { a.environment.group.reset(); }},
      {"predicate.environment.group", [](Authorization &a) { a.environment.group = "others"; }},
      {"predicate.environment.profile", [](Authorization &a) { a.environment.profile.reset(); }},
      {"predicate.environment.profile", [](Authorization &a) { a.environment.profile = "bad"; }},
      {"predicate.environment.pcrs", [](Authorization &a) { a.environment.pcrs.clear(); }},
      {"predicate.environment.pcrs",
       [](Authorization &a) { a.environment.pcrs[7] = test::digest(2); }},
      {"predicate.policy.sha256", [](Authorization &a) { a.policy_sha256[31] ^= 1; }},
      {"predicate.constraints.maxUses", [](Authorization &a) { a.max_uses.reset(); }},
      {"predicate.constraints.maxUses", [](Authorization &a) { a.max_uses = 11; }},
      {"predicate.constraints.onExpiry", [](Authorization &a) { a.kill_on_expiry = false; }},
      {"predicate.constraints.onRevoke", [](Authorization &a) { a.kill_on_revoke = false; }},
      {"predicate.constraints.interpreter.entry",
       [](Authorization &a) { a.interpreter.entry = Entry::kAny; }},
      {"predicate.constraints.interpreter.reads",
       [](Authorization &a) { a.interpreter.reads = Reads::kAny; }},
      {"predicate.lineage.requires", [](Authorization &a) { a.requires_parent = false; }},
      {"predicate.delegation.maxDepth", [](Authorization &a) { a.delegation->max_depth = 3; }},
      {"predicate.covers", [](Authorization &a) { a.covers = Covers::kAll; }},
      {"subject[1].digest.sha256", [](Authorization &a) { a.subjects[1].sha256[0] ^= 1; }},
      {"subject[1].digest.sha256",
       [](Authorization &a) { a.subjects[1].sha256 = test::digest(2); }},
      {"subject[0].digest.fsverity-sha256",
       [](Authorization &a) { a.subjects[0].verity = test::digest(3); }},
      {"subject[1].digest.fsverity-sha256",
       [](Authorization &a) { a.subjects[1].verity = test::digest(4); }},
      {"subject[2].digest.sha256",
       [](Authorization &a) {
         a.subjects.push_back({"c", test::digest(9), std::nullopt});
       }},
  };
  const Authorization parent = restricted_parent();
  for (const auto &c : cases) {
    INFO(c.field);
    Authorization child = kept(parent);
    c.change(child);
    CHECK(wider_field(child, parent) == c.field);
  }

  Authorization plain = restricted_parent();
  plain.jit = plain.recovery = false;
  Authorization child = kept(plain);
  child.jit = true;
  CHECK(wider_field(child, plain) == "predicate.constraints.jit");
  child.jit = false;
  child.recovery = true;
  CHECK(wider_field(child, plain) == "predicate.recovery");
}

TEST_CASE("some parents have no children") {
  Authorization parent = test::authorization();
  CHECK(wider_field(test::authorization(), parent) == "predicate.lineage.parentArtifact");
  parent = test::delegating(1);
  Authorization child = kept(parent);
  CHECK(wider_field(child, parent) == "predicate.delegation");
  child.delegation.reset();
  CHECK(wider_field(child, parent).empty());
  parent.kind = ArtifactKind::kBreakglass;
  CHECK(wider_field(child, parent) == "predicate.lineage.parentArtifact");
  parent.kind = ArtifactKind::kBaseline;
  CHECK(wider_field(child, parent).empty());
}

TEST_CASE("records of manifests count by their own actions") {
  const std::vector<ManifestRecord> given = {
      {test::digest(1), test::digest(2), W_ACTION_EXEC},
      {test::digest(3), std::nullopt, W_ACTION_MAP},
      {test::digest(5), test::digest(2), W_ACTION_MAP},
  };
  Authorization parent = test::delegating();
  parent.subjects.clear();
  const Contents from = {parent, given};
  Authorization child = parent;
  child.delegation.reset();
  const auto field = [&](const std::vector<ManifestRecord> &records) {
    const auto wider = find_wider({child, records}, from);
    return wider ? wider->field : "";
  };
  CHECK(field(given).empty());
  CHECK(field({{test::digest(1), std::nullopt, W_ACTION_EXEC}}).empty());
  CHECK(field({{test::digest(1), std::nullopt, W_ACTION_MAP}}) == "manifest[0].sha256");
  CHECK(field({{test::digest(1), std::nullopt, W_ACTION_EXEC | W_ACTION_ADMINISTER}}) ==
        "manifest[0].sha256");
  CHECK(field({given[1], {test::digest(4), std::nullopt, W_ACTION_MAP}}) == "manifest[1].sha256");
  // A verity digest goes with its sha256, else a list that revokes one would leave the other.
  CHECK(field({{test::digest(5), test::digest(2), W_ACTION_MAP}}).empty());
  CHECK(field({{test::digest(5), test::digest(2), W_ACTION_EXEC}}) == "manifest[0].sha256");
  CHECK(field({{test::digest(3), test::digest(2), W_ACTION_MAP}}) == "manifest[0].verity");
  CHECK(field({{test::digest(3), test::digest(3), W_ACTION_MAP}}) == "manifest[0].verity");

  child.subjects = {{"x", test::digest(1), std::nullopt}}; // with all actions of the artifact
  CHECK(field({}) == "subject[0].digest.sha256");
  child.actions = W_ACTION_EXEC;
  CHECK(field({}).empty());
}

TEST_CASE("a child is signed by whom the parent names") {
  const std::vector<VerifiedAuthorization> parents = {test::verified(test::delegating())};
  const Authorization child = test::child_of(parents[0]);
  const auto verify = [&](std::string_view envelope) {
    return test::verify(envelope, test::trust(), test::parents_in(parents));
  };
  const auto verified = verify(test::by_delegate(child));
  REQUIRE(verified.ok());
  CHECK(verified.value().ancestors() == std::vector<Digest>{parents[0].sha256()});
  CHECK(verified.value().parent_id() == parents[0].authorization().id);
  CHECK(verified.value().issuers() ==
        std::vector<std::string>{test::fingerprint(test::kDelegateKey)});
  CHECK_FALSE(verified.value().blocked());
  CHECK(verified.value().is_derived());
  for (const uint8_t signer : {test::kOtherDelegateKey, test::kStrangerKey})
    CHECK(verify(test::envelope(test::payload(child), signer)).error().reason ==
          W_REASON_INVALID_SIGNATURE);
  CHECK(test::verify(test::by_delegate(child)).error().reason == W_REASON_LINEAGE_DISCONTINUITY);

  Authorization wider = child;
  wider.not_after++;
  const auto refused = verify(test::by_delegate(wider));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().reason == W_REASON_POLICY_MISMATCH);
  CHECK(refused.error().field == "predicate.validity.notAfter");

  Authorization again = test::child_of(verified.value());
  const std::vector<VerifiedAuthorization> childless = {verified.value()};
  const auto grandchild =
      test::verify(test::by_delegate(again), test::trust(), test::parents_in(childless));
  REQUIRE_FALSE(grandchild.ok());
  CHECK(grandchild.error().reason == W_REASON_POLICY_MISMATCH);
  CHECK(grandchild.error().field == "predicate.lineage.parentArtifact");
}

TEST_CASE("whom the trust root names derives nothing: the child has the issuer's own authority") {
  const std::vector<VerifiedAuthorization> parents = {test::verified(test::delegating())};
  const std::string child =
      test::envelope(test::payload(test::child_of(parents[0])), test::kIssuerKey);
  const auto verified = test::verify(child, test::trust(), test::parents_in(parents));
  REQUIRE(verified.ok());
  CHECK_FALSE(verified.value().is_derived());
}

TEST_CASE("a delegation's threshold counts distinct delegates") {
  Authorization parent = test::delegating();
  parent.delegation->role = make_role(
      {test::key(test::kDelegateKey).public_key(), test::key(test::kOtherDelegateKey).public_key()},
      2);
  const std::vector<VerifiedAuthorization> parents = {test::verified(parent)};
  const std::string payload = test::payload(test::child_of(parents[0]));
  const auto verify = [&](const std::vector<uint8_t> &signers) {
    return test::verify(test::envelope(payload, signers), test::trust(), test::parents_in(parents));
  };
  CHECK(verify({test::kDelegateKey, test::kOtherDelegateKey}).ok());
  CHECK(verify({test::kDelegateKey}).error().reason == W_REASON_INVALID_SIGNATURE);
  CHECK(verify({test::kDelegateKey, test::kStrangerKey}).error().reason ==
        W_REASON_INVALID_SIGNATURE);
}

TEST_CASE("a chain is as good as its links") {
  const std::vector<VerifiedAuthorization> links = test::chain(4);
  CHECK(links[3].ancestors() ==
        std::vector<Digest>{links[2].sha256(), links[1].sha256(), links[0].sha256()});
  const auto verify_last = [&](const Revocation &revocation,
                               const std::vector<VerifiedAuthorization> &parents) {
    return test::verify(test::by_delegate(links[3].authorization()),
                        test::trust(test::policy(), revocation), test::parents_in(parents));
  };
  CHECK_FALSE(verify_last(test::revocation(), links).value().blocked());
  for (size_t i = 0; i < links.size(); i++) {
    Revocation revocation = test::revocation();
    revocation.artifacts = {links[i].sha256()};
    const auto verified = verify_last(revocation, links);
    REQUIRE(verified.ok());
    REQUIRE(verified.value().blocked());
    CHECK(verified.value().blocked()->reason == W_REASON_REVOKED);
  }
  Revocation revocation = test::revocation();
  revocation.issuers = {test::fingerprint(test::kDelegateKey)};
  CHECK(verify_last(revocation, links).value().blocked()->field == "signatures");
}

TEST_CASE("what blocks a parent blocks its children") {
  Authorization parent = test::delegating();
  parent.policy_sha256[0] ^= 1;
  const std::vector<VerifiedAuthorization> parents = {test::verified(parent)};
  REQUIRE(parents[0].blocked());
  const auto child = test::verify(test::by_delegate(test::child_of(parents[0])), test::trust(),
                                  test::parents_in(parents));
  REQUIRE(child.ok());
  REQUIRE(child.value().blocked());
  CHECK(child.value().blocked()->reason == W_REASON_POLICY_MISMATCH);
  CHECK(child.value().blocked()->field == "predicate.lineage.parentArtifact");
}

TEST_CASE("rules are for those who sign without a parent") {
  Policy policy = test::policy();
  IssuerRule rule;
  rule.keys = {test::fingerprint(test::kIssuerKey)};
  rule.kinds = {ArtifactKind::kTask};
  rule.actions = W_ACTION_ALL;
  rule.delegate = 1;
  policy.issuers = {rule};
  const TrustState trust = test::trust(policy);
  const auto blocked = [&](uint32_t depth) {
    Authorization parent = test::delegating(depth);
    parent.policy_sha256 = trust.policy_sha256;
    const std::vector<VerifiedAuthorization> parents = {
        test::verify(test::artifact(parent), trust).value()};
    const auto child = test::verify(test::by_delegate(test::child_of(parents[0])), trust,
                                    test::parents_in(parents));
    CHECK(child.value().blocked().has_value() == parents[0].blocked().has_value());
    return parents[0].blocked() ? parents[0].blocked()->field : "";
  };
  CHECK(blocked(1).empty());
  CHECK(blocked(2) == "predicate.delegation.maxDepth");
}
