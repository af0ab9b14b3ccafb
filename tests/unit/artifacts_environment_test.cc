// SPDX-License-Identifier: Apache-2.0
// What artifacts ask of the machine: verification, compilation, and what they come to under a
// policy.
#include <set>

#include "artifacts/compile.h"
#include "artifacts/environment.h"
#include "artifacts/judgement.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

namespace {

TpmName key(uint8_t number) {
  TpmName name{};
  name.fill(number);
  return name;
}

Policy asking() {
  Policy policy = test::policy();
  policy.attestation.emplace();
  policy.environments["calm"].pcrs[14] = {Digest{}};
  policy.environments["base"].secure_boot = true;
  return policy;
}

TrustState enrolled(const Policy &policy = asking()) {
  TrustState trust = test::trust(policy);
  trust.enrolled.emplace();
  trust.enrolled->enrollment.ak_name = key(1);
  trust.enrolled->enrollment.groups = {"b", "workers"};
  return trust;
}

Authorization with(const std::function<void(EnvironmentDemand &)> &change, const Policy &policy) {
  Authorization authorization = test::authorization();
  authorization.policy_sha256 = test::trust(policy).policy_sha256;
  change(authorization.environment);
  return authorization;
}

struct Blocked {
  w_reason reason = W_REASON_INVALID;
  std::string text;
};

Blocked blocked(const std::function<void(EnvironmentDemand &)> &change, const TrustState &trust,
                const Policy &policy = asking()) {
  const auto verified = test::verify(test::artifact(with(change, policy)), trust);
  REQUIRE(verified.ok());
  if (!verified.value().blocked())
    return {};
  return {verified.value().blocked()->reason, verified.value().blocked()->text()};
}

bool has(const std::string &text, const std::string &part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("an artifact for enrolled machines is blocked on others") {
  const auto wants_key = [](EnvironmentDemand &d) { d.key = key(1); };
  const auto wants_other = [](EnvironmentDemand &d) { d.key = key(2); };
  const auto wants_group = [](EnvironmentDemand &d) { d.group = "workers"; };
  const auto wants_stranger = [](EnvironmentDemand &d) { d.group = "masters"; };
  CHECK(blocked(wants_key, enrolled()).reason == W_REASON_INVALID);
  CHECK(blocked(wants_group, enrolled()).reason == W_REASON_INVALID);
  const Blocked other = blocked(wants_other, enrolled());
  CHECK(other.reason == W_REASON_IDENTITY_MISMATCH);
  CHECK(has(other.text, "this machine has 0101"));
  const Blocked stranger = blocked(wants_stranger, enrolled());
  CHECK(stranger.reason == W_REASON_IDENTITY_MISMATCH);
  CHECK(has(stranger.text, "group masters, which this machine is not enrolled in"));

  for (const auto &wants : {std::function(wants_key), std::function(wants_group)}) {
    const Blocked alone = blocked(wants, test::trust(asking()));
    CHECK(alone.reason == W_REASON_IDENTITY_MISMATCH);
    CHECK(has(alone.text, "warrant host enroll"));
    TrustState clone = enrolled();
    clone.enrolled->mismatch = "the TPM at hand does not hold the enrolled key";
    CHECK(blocked(wants, clone).reason == W_REASON_IDENTITY_MISMATCH);
    CHECK(has(blocked(wants, clone).text, "does not hold the enrolled key"));
  }
}

TEST_CASE("a proof that the policy knows nothing of is never given") {
  const auto wants_profile = [](EnvironmentDemand &d) { d.profile = "calm"; };
  const auto wants_unknown = [](EnvironmentDemand &d) { d.profile = "storm"; };
  const auto wants_pcr = [](EnvironmentDemand &d) { d.pcrs[7] = Digest{}; };
  CHECK(blocked(wants_profile, enrolled()).reason == W_REASON_INVALID);
  CHECK(blocked(wants_pcr, enrolled()).reason == W_REASON_INVALID);
  const Blocked unknown = blocked(wants_unknown, enrolled());
  CHECK(unknown.reason == W_REASON_POLICY_MISMATCH);
  CHECK(has(unknown.text, "no environment storm"));
  const Policy silent = test::policy();
  for (const auto &wants : {std::function<void(EnvironmentDemand &)>(wants_profile),
                            std::function<void(EnvironmentDemand &)>(wants_pcr)}) {
    const Blocked refused = blocked(wants, enrolled(silent), silent);
    CHECK(refused.reason == W_REASON_POLICY_MISMATCH);
    CHECK(has(refused.text, "and the policy for none"));
  }
}

TEST_CASE("whatever asks for a proof gets a slot, or one that never opens") {
  const auto slot = [](const std::function<void(EnvironmentDemand &)> &change,
                       const Circumstances &circumstances) {
    const auto verified = test::verify(test::artifact(with(change, asking())), enrolled());
    REQUIRE(verified.ok());
    const auto entries = compile({verified.value()}, circumstances);
    REQUIRE(entries.ok());
    REQUIRE(entries.value().artifacts.size() == 2);
    return entries.value().artifacts[1].environment;
  };
  Circumstances given;
  given.slots = [](const EnvironmentDemand &demand) { return demand.profile ? 7u : 8u; };
  for (const auto &change : std::vector<std::function<void(EnvironmentDemand &)>>{
           [](EnvironmentDemand &d) { d.key = key(1); },
           [](EnvironmentDemand &d) { d.group = "b"; },
           [](EnvironmentDemand &d) { d.pcrs[3] = Digest{}; }}) {
    CHECK(slot(change, given) == 8);
    CHECK(slot(change, Circumstances{}) == 0);
  }
  CHECK(slot([](EnvironmentDemand &d) { d.profile = "calm"; }, given) == 7);
  CHECK(slot([](EnvironmentDemand &) {}, given) == W_ENVIRONMENT_OPEN);
  CHECK(slot([](EnvironmentDemand &d) { d.host = test::kHost; }, given) == W_ENVIRONMENT_OPEN);
}

TEST_CASE("the policy's own profile is asked of everything, once") {
  Policy policy = asking();
  EnvironmentDemand demand;
  CHECK(requirement_of(demand, policy).is_empty());
  demand.profile = "calm";
  CHECK(requirement_of(demand, policy).names == std::vector<std::string>{"calm"});
  policy.attestation->profile = "base";
  CHECK(requirement_of(demand, policy).names == std::vector<std::string>{"base", "calm"});
  demand.profile = "base";
  CHECK(requirement_of(demand, policy).names == std::vector<std::string>{"base"});
  demand.profile.reset();
  CHECK(requirement_of(demand, policy).names == std::vector<std::string>{"base"});
  CHECK(pcrs_of(requirement_of(demand, policy)) == PcrMask{1} << 7);
}

TEST_CASE("what means another thing has another id") {
  const Policy policy = asking();
  std::set<Digest> ids;
  const auto add = [&](const EnvironmentDemand &demand, const Policy &under, uint8_t of) {
    CHECK(ids.insert(requirement_id(requirement_of(demand, under), key(of))).second);
  };
  EnvironmentDemand demand;
  add(demand, policy, 1);
  add(demand, policy, 2);
  demand.profile = "calm";
  add(demand, policy, 1);
  Policy changed = policy;
  changed.environments["calm"].pcrs[14].push_back(test::digest(1));
  add(demand, changed, 1);
  demand.pcrs[7] = test::digest(1);
  add(demand, policy, 1);
  demand.pcrs[7] = test::digest(2);
  add(demand, policy, 1);
  // The name is for people.
  changed = policy;
  changed.environments["still"] = policy.environments.at("calm");
  EnvironmentDemand renamed;
  renamed.profile = "still";
  CHECK(ids.contains(requirement_id(requirement_of(renamed, changed), key(1))));
}
