// SPDX-License-Identifier: Apache-2.0
#include "artifacts/policy.h"
#include "artifacts/statement.h"
#include "artifacts/time.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_document.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

namespace {

std::vector<Initiator> initiators() {
  std::vector<Initiator> initiators(3);
  initiators[0].uid = 1000;
  initiators[0].gid = 100;
  initiators[0].cgroup = "/agents.slice";
  initiators[0].parent_sha256 = test::digest(1);
  initiators[0].session = 3;
  initiators[1].unit = "nginx.service";
  initiators[2].any = true;
  return initiators;
}

/// Everything that a policy may say at once, but of machines: those members have free names and
/// depend on each other, and get cases of their own.
Policy rich_but_machines() {
  Policy rich = test::policy();
  rich.version = 7;
  rich.mode = W_MODE_OBSERVE;
  rich.audit = W_AUDIT_REQUIRED;
  rich.scopes.resize(3);
  rich.scopes[0].initiator.uid = 0;
  rich.scopes[0].mode = W_MODE_ENFORCE;
  rich.scopes[1].initiator.cgroup = "/a/b";
  rich.scopes[1].mode = W_MODE_OBSERVE;
  rich.scopes[2].initiator.unit = "nginx.service";
  rich.scopes[2].mode = W_MODE_ENFORCE;
  rich.filesystems.resize(2);
  IssuerRule rule;
  rule.keys = {test::fingerprint(test::kIssuerKey), test::fingerprint(test::kOtherIssuerKey)};
  std::sort(rule.keys.begin(), rule.keys.end());
  rule.kinds = {ArtifactKind::kTask, ArtifactKind::kBreakglass};
  rule.actions = W_ACTION_EXEC | W_ACTION_LOAD;
  rule.initiators = initiators();
  rule.digests = {test::digest(1), test::digest(2)};
  rule.paths = {"/opt/**", "/usr/bin/*"};
  rule.max_window = 3600;
  rule.max_uses = 10;
  rule.jit = true;
  rule.recovery = true;
  rule.delegate = kMaxDelegationDepth;
  rich.issuers = {rule};
  rich.honours = {test::digest(5), test::digest(6)};
  rich.revocation_max_age = 3600;
  rich.breakglass_max_window = 600;
  rich.expires = test::kNow;
  return rich;
}

std::string payload(const Policy &policy) {
  return serialize_policy(policy).value();
}

Policy rich() {
  Policy rich = rich_but_machines();
  EnvironmentProfile good;
  good.pcrs[7] = {test::digest(1), test::digest(2)};
  good.secure_boot = true;
  good.boot_loaders = {test::digest(3)};
  good.command_line = {{"lsm=**bpf**"}, {"lsm=**"}, {"lsm=**bpf**"}};
  good.releases = {"6.1.*"};
  good.lockdown = Lockdown::kIntegrity;
  good.ima_log = true;
  rich.environments = {{"good", good}};
  rich.attestation = Attestation{120, 30, "good", 13};
  return rich;
}

const test::FieldRules &field_rules() {
  static const std::string rule = "predicate.issuers[0]";
  static const std::string first = rule + ".initiators[0]";
  static const test::FieldRules rules = {
      {"predicate.scopes",      "predicate.filesystems", "predicate.issuers",
       "predicate.honours",     "predicate.revocation",  "predicate.breakglass",
       "predicate.expires",     rule + ".initiators",    rule + ".digests",
       rule + ".paths",         rule + ".maxWindow",     rule + ".maxUses",
       rule + ".jit",           rule + ".recovery",      rule + ".delegate",
       first + ".uid",          first + ".gid",          first + ".cgroup",
       first + ".parentSha256", first + ".session"},
      {{rule + ".initiators[1].unit", rule + ".initiators[1].any"},
       {rule + ".initiators[2].any", rule + ".initiators[2].any"},
       {"predicate.scopes[0].initiator.uid", "predicate.scopes[0].initiator.any"},
       {"predicate.scopes[1].initiator.cgroup", "predicate.scopes[1].initiator.any"},
       {"predicate.scopes[2].initiator.unit", "predicate.scopes[2].initiator.any"}},
      {"predicate.issuers"},
      {{"predicate.issuers", ""}, {"predicate.scopes", "predicate.scopes[3].initiator"}}};
  return rules;
}

} // namespace

TEST_CASE("policies survive the way through JSON") {
  Policy locked = test::policy();
  locked.issuers.emplace(); // rules that let nobody grant anything are not "no rules"
  for (const Policy &policy : {test::policy(), rich_but_machines(), rich(), locked})
    CHECK(parse_policy(view(payload(policy))).value() == policy);
  CHECK(payload(locked) != payload(test::policy()));
}

TEST_CASE("a policy that names no file systems means all that are known") {
  const std::string text = test::repaired(payload(test::policy()),
                                          R"([{"op":"remove","path":"/predicate/filesystems"}])");
  CHECK(parse_policy(view(text)).value() == test::policy());
  CHECK(test::policy().filesystems.size() == 7);
  CHECK(test::policy().filesystems[0] == Filesystem{"ext4", 0xef53});
}

TEST_CASE("a policy is broken at every field and refused by name") {
  test::check_broken_texts(parse_policy, payload(rich()));
  test::check_flipped_bits(parse_policy, payload(rich()));
  test::check_broken_documents(parse_policy, payload(rich_but_machines()), field_rules());
}

TEST_CASE("a policy with a value that means nothing is refused by name") {
  const test::FieldCase cases[] = {
#include "tests/unit/artifacts_policy_cases.inc"
  };
  test::check_field_cases(parse_policy, payload(rich()), cases);
}

TEST_CASE("what is no policy could not be written") {
  const auto refused = [](const std::function<void(Policy &)> &change) {
    Policy policy = rich();
    change(policy);
    return !serialize_policy(policy).ok();
  };
  CHECK_FALSE(refused([](Policy &) {}));
  CHECK(refused([](Policy &p) { p.version = 0; }));
  CHECK(refused([](Policy &p) { p.version = kMaxVersion + 1; }));
  CHECK_FALSE(refused([](Policy &p) { p.version = kMaxVersion; }));
  CHECK(refused([](Policy &p) { p.mode = W_MODE_INVALID; }));
  CHECK(refused([](Policy &p) { p.audit = W_AUDIT_UNAVAILABLE; }));
  CHECK(refused([](Policy &p) { p.filesystems.clear(); }));
  CHECK(refused([](Policy &p) { p.filesystems[0].magic = 1; }));
  CHECK(refused([](Policy &p) { p.scopes[0].mode = W_MODE_INVALID; }));
  CHECK(refused([](Policy &p) { p.scopes[0].initiator.gid = 1; }));
  CHECK(refused([](Policy &p) { p.scopes[0].initiator = {}; }));
  CHECK(refused([](Policy &p) { (*p.issuers)[0].actions = 0; }));
  CHECK(refused([](Policy &p) { (*p.issuers)[0].actions |= W_ACTION_SCRIPT; }));
  CHECK(refused([](Policy &p) { (*p.issuers)[0].kinds.clear(); }));
  CHECK(refused([](Policy &p) { (*p.issuers)[0].keys.clear(); }));
  CHECK(refused([](Policy &p) { (*p.issuers)[0].delegate = kMaxDelegationDepth + 1; }));
  CHECK(refused([](Policy &p) { (*p.issuers)[0].max_uses = 0; }));
  CHECK(refused([](Policy &p) { (*p.issuers)[0].max_uses = kMaxUses + 1; }));
  CHECK(refused([](Policy &p) { (*p.issuers)[0].paths[0] = "\xff"; }));
  CHECK(refused([](Policy &p) { std::swap(p.honours[0], p.honours[1]); }));
  CHECK(refused([](Policy &p) { p.honours.resize(kMaxHonoured + 1); }));
  CHECK(refused([](Policy &p) { p.revocation_max_age = 0; }));
  CHECK(refused([](Policy &p) { p.breakglass_max_window = -1; }));
  CHECK(refused([](Policy &p) { p.expires = p.issued_at; }));
}

TEST_CASE("only the policy role makes policy") {
  const Role role = test::trust_root().role(RoleName::kPolicy);
  const std::string text = payload(rich());
  const SignedPolicy loaded =
      load_policy(view(test::envelope(text, test::kPolicyKey)), role).value();
  CHECK(loaded.policy == rich());
  CHECK(loaded.sha256 == sha256(view(text)));
  for (const uint8_t other : {test::kRootKey, test::kIssuerKey, test::kStrangerKey})
    CHECK(load_policy(view(test::envelope(text, other)), role).error().reason ==
          W_REASON_INVALID_SIGNATURE);
}
