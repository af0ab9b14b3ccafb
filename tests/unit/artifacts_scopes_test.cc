// SPDX-License-Identifier: Apache-2.0
#include "artifacts/compile.h"
#include "artifacts/scopes.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

TEST_CASE("modes bind places with and without artifacts") {
  const auto word = [](std::optional<uint32_t> uid, const char *cgroup, w_mode mode) {
    ScopeMode scope;
    scope.initiator.uid = uid;
    if (cgroup)
      scope.initiator.cgroup = cgroup;
    scope.mode = mode;
    return scope;
  };
  Circumstances under;
  under.modes = {word(1000, nullptr, W_MODE_OBSERVE), word(1001, nullptr, W_MODE_ENFORCE),
                 word({}, "/a/b", W_MODE_OBSERVE), word({}, "/a/b/c", W_MODE_ENFORCE)};
  under.modes.emplace_back();
  under.modes.back().initiator.unit = "x.service";
  under.modes.back().mode = W_MODE_OBSERVE;
  under.modes.push_back(word({}, "/system.slice/x.service", W_MODE_ENFORCE));

  Authorization by_uid = test::authorization();
  by_uid.initiator = {};
  by_uid.initiator.uid = 1000;
  Authorization by_cgroup = test::authorization();
  by_cgroup.initiator = {};
  by_cgroup.initiator.cgroup = "/a";
  by_cgroup.id.fill(0x12);
  const auto compiled = compile({test::verified(by_uid), test::verified(by_cgroup)}, under);
  REQUIRE(compiled.ok());
  const Entries &entries = compiled.value();
  CHECK(entries.flags == (W_GENERATION_HAS_UIDS | W_GENERATION_HAS_CGROUPS));
  REQUIRE(entries.uids.size() == 2);
  CHECK(entries.uids[0].second.scope == W_SCOPE_FIRST_FREE);
  CHECK(entries.uids[0].second.mode == W_MODE_OBSERVE);
  CHECK(entries.uids[1].second.scope == 0);
  CHECK(entries.uids[1].second.mode == W_MODE_ENFORCE);

  const auto named = [&](const std::string &name) {
    for (const auto &[key, node] : entries.cgroups)
      if (name == key.name)
        return node;
    FAIL("no node " << name);
    return w_cgroup_node{};
  };
  CHECK(entries.cgroups.size() == 5);
  CHECK(named("a").scope == W_SCOPE_FIRST_FREE + 1);
  CHECK(named("a").mode == W_MODE_INVALID);
  CHECK(named("b").scope == 0); // what /a grants is found there
  CHECK(named("b").mode == W_MODE_OBSERVE);
  CHECK(named("c").mode == W_MODE_ENFORCE);
  CHECK(named("system.slice").mode == W_MODE_INVALID);
  CHECK(named("x.service").mode == W_MODE_ENFORCE); // of two words the stricter
  CHECK(entries.verdicts.size() == 3);
}

TEST_CASE("scopes are numbered the same whatever the order") {
  Initiator uid;
  uid.uid = 5;
  Initiator above;
  above.cgroup = "/a";
  Initiator below;
  below.cgroup = "/a/b";
  Initiator everybody;
  everybody.any = true;
  Scopes one;
  Scopes other;
  for (const Initiator *initiator : {&uid, &above, &below, &everybody})
    one.add(*initiator);
  for (const Initiator *initiator : {&below, &everybody, &above, &uid, &below})
    other.add(*initiator);
  one.number();
  other.number();
  for (const Initiator *initiator : {&uid, &above, &below, &everybody})
    CHECK(one.of(*initiator) == other.of(*initiator));
  CHECK(one.of(everybody) == std::vector<uint32_t>{W_SCOPE_HOST});
  CHECK(one.of(above) == std::vector<uint32_t>{17, 18});
  CHECK(one.of(below) == std::vector<uint32_t>{18});
  CHECK(one.name(16) == "uid 5");
  CHECK(one.name(18) == "cgroup /a/b");
  CHECK(one.name(W_SCOPE_HOST) == "the host");
}
