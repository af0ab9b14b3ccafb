// SPDX-License-Identifier: Apache-2.0
// Each rule of the ledger by itself; ledger_property_test.cc mixes them.
#include "daemon/ledger.h"

#include "state_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::state_test;
using Catch::Matchers::Contains;

namespace {

constexpr int64_t kNow = 1'795'255'200;
constexpr int64_t kDay = 24 * 60 * 60;
const Era kEra = make_era("3f2a9c1d-0b1c-4d2e-8f30-a1b2c3d4e5f6", 5);
const Era kNextEra = make_era("3f2a9c1d-0b1c-4d2e-8f30-a1b2c3d4e5f6", 6);

Presented artifact(uint8_t number, int64_t max_uses = 0) {
  Presented artifact;
  artifact.payload = payload_of(number);
  artifact.id = id_of(number);
  artifact.not_after = kNow + 100;
  artifact.max_uses = max_uses;
  return artifact;
}

Presented child(uint8_t number, const Presented &parent, int64_t max_uses = 0) {
  Presented child = artifact(number, max_uses);
  child.parent = parent.id;
  child.ancestors = parent.ancestors;
  child.ancestors.insert(child.ancestors.begin(), parent.payload);
  return child;
}

Presented breakglass(uint8_t number) {
  Presented glass = artifact(number);
  glass.kind = ArtifactKind::kBreakglass;
  return glass;
}

/// Whatever a plan leads to can be saved.
Plan planned(const State &before, const Counters &kernel, const std::vector<Presented> &artifacts,
             const Era &era = kEra, int64_t now = kNow) {
  Plan result = plan(before, kernel, artifacts, era, now);
  const auto text = serialize_state(result.after);
  if (!text.ok())
    FAIL(text.error().message);
  CHECK(result.after.wall >= before.wall);
  CHECK(result.after.era == era);
  return result;
}

Counters counters(const std::vector<Handout> &entries) {
  Counters kernel;
  for (const Handout &entry : entries)
    kernel[entry.id] = entry.uses;
  return kernel;
}

w_reason only_reason(const Plan &plan) {
  REQUIRE(plan.refused.size() == 1);
  return plan.refused[0].second.reason;
}

} // namespace

TEST_CASE("an id with another payload is a replay; the same payload twice counts once") {
  const Plan first = planned({}, {}, {artifact(1), artifact(1)});
  CHECK(first.refused.empty());
  CHECK(first.after.artifacts.size() == 1);
  CHECK(first.hand_out.empty());
  Presented changed = artifact(1);
  changed.payload = payload_of(99);
  const Plan second = planned(first.after, {}, {changed});
  CHECK(only_reason(second) == W_REASON_REPLAY);
  CHECK(second.refused[0].second.field == "predicate.id");
  CHECK(second.after.artifacts == first.after.artifacts);
  // What was seen first wins, also when both are there.
  changed.payload = payload_of(0);
  const Plan both = planned(first.after, {}, {changed, artifact(1)});
  CHECK(only_reason(both) == W_REASON_REPLAY);
  CHECK(both.refused[0].first == changed.payload);
}

TEST_CASE("uses are handed out once an era, and again only when the kernel lacks them") {
  const Plan first = planned({}, {}, {artifact(1, 10)});
  CHECK(first.hand_out == std::vector<Handout>{{id_of(1), 10, std::nullopt}});
  CHECK(planned(first.after, {}, {artifact(1, 10)}).hand_out == first.hand_out);
  const Plan used = planned(first.after, {{id_of(1), 4}}, {artifact(1, 10)});
  CHECK(used.hand_out.empty());
  CHECK(used.after.artifacts.at(id_of(1)).spent == 6);
  CHECK(used.after.artifacts.at(id_of(1)).handed_out == 4);
  // An exec that was denied in the end gets its use back.
  const Plan back = planned(used.after, {{id_of(1), 5}}, {artifact(1, 10)});
  CHECK(back.after.artifacts.at(id_of(1)).handed_out == 5);
  CHECK(back.after.artifacts.at(id_of(1)).spent == 5);
}

TEST_CASE("an era that ends without a close takes all that was handed out in it") {
  const Plan first = planned({}, {}, {artifact(1, 10)});
  const Plan used = planned(first.after, {{id_of(1), 4}}, {artifact(1, 10)});
  for (const State *state : {&first.after, &used.after}) {
    const Plan next = planned(*state, {}, {artifact(1, 10)}, kNextEra);
    CHECK(next.refused.empty());
    CHECK(next.hand_out.empty());
    CHECK(next.after.artifacts.at(id_of(1)).spent == 10);
  }
}

TEST_CASE("an orderly close keeps exactly what was left, for the next era, once") {
  State state = planned({}, {}, {artifact(1, 10), artifact(2, 3)}).after;
  close_era(state, {{id_of(1), 4}}, kEra, kNow + 7); // 2 was never given to the kernel
  CHECK(state.wall == kNow + 7);
  REQUIRE(serialize_state(state).ok());
  const Plan next = planned(state, {}, {artifact(1, 10)}, kNextEra);
  CHECK(next.hand_out == std::vector<Handout>{{id_of(1), 4, std::nullopt}});
  // 2 was not presented in that era: its uses were kept.
  const Plan third = planned(next.after, {}, {artifact(1, 10), artifact(2, 3)}, "third");
  CHECK(third.hand_out == std::vector<Handout>{{id_of(2), 3, std::nullopt}});
}

TEST_CASE("closing an era gives back nothing that an earlier one lost") {
  State state = planned({}, {}, {artifact(1, 10)}).after;
  refresh(state, {{id_of(1), 3}}, kNextEra); // the kernel of another era has no say
  CHECK(state.artifacts.at(id_of(1)).handed_out == 10);
  close_era(state, {}, kNextEra, kNow);
  CHECK(state.artifacts.at(id_of(1)).spent == 10);
  CHECK(planned(state, {}, {artifact(1, 10)}, "third").hand_out.empty());
}

TEST_CASE("counters that an older state does not know are believed") {
  const Plan plan = planned({}, {{id_of(1), 2}, {id_of(2), 50}, {id_of(3), -1}},
                            {artifact(1, 10), artifact(2, 10), artifact(3, 10)});
  CHECK(plan.hand_out.empty());
  CHECK(plan.after.artifacts.at(id_of(1)).handed_out == 2);
  CHECK(plan.after.artifacts.at(id_of(1)).spent == 8);
  CHECK(plan.after.artifacts.at(id_of(2)).handed_out == 10);
  CHECK(plan.after.artifacts.at(id_of(3)).handed_out == 0);
}

TEST_CASE("a child takes its uses from what its parent has left") {
  const Presented parent = artifact(9, 10);
  const Presented heir = child(1, parent, 4);
  SECTION("both new: the parent gets less to begin with") {
    const Plan plan = planned({}, {}, {heir, parent});
    CHECK(plan.hand_out ==
          std::vector<Handout>{{id_of(9), 6, std::nullopt}, {id_of(1), 4, std::nullopt}});
  }
  SECTION("the parent has them in the kernel already") {
    const Plan first = planned({}, {}, {parent});
    const Plan second = planned(first.after, {{id_of(9), 7}}, {parent, heir});
    CHECK(second.hand_out == std::vector<Handout>{{id_of(1), 4, id_of(9)}});
    CHECK(second.after.artifacts.at(id_of(9)).handed_out == 3);
    // Nothing was done yet, and the parent used 2 more.
    const Plan again = planned(second.after, {{id_of(9), 5}}, {parent, heir});
    CHECK(again.hand_out == second.hand_out);
    CHECK(again.after.artifacts.at(id_of(9)).handed_out == 1);
    // And 3 more: only 2 are left for the child.
    const Plan late = planned(again.after, {{id_of(9), 2}}, {parent, heir});
    CHECK(late.hand_out == std::vector<Handout>{{id_of(1), 2, id_of(9)}});
    CHECK(late.after.artifacts.at(id_of(9)).handed_out == 0);
    // Done.
    const Plan done = planned(late.after, {{id_of(9), 0}, {id_of(1), 2}}, {parent, heir});
    CHECK(done.hand_out.empty());
    CHECK(done.after.artifacts.at(id_of(1)).take_from == ArtifactId{});
  }
  SECTION("too many are refused, and nothing is taken") {
    const Plan first = planned({}, {}, {parent});
    const Plan second = planned(first.after, {{id_of(9), 3}}, {parent, heir});
    CHECK(only_reason(second) == W_REASON_REPLAY);
    CHECK(second.refused[0].second.field == "predicate.constraints.maxUses");
    CHECK(second.after.artifacts.at(id_of(9)).handed_out == 3);
    CHECK_FALSE(second.after.artifacts.contains(id_of(1)));
  }
  SECTION("a grandchild in the same plan is paid by the one counter that exists") {
    const Presented grandchild = child(5, heir, 1);
    const Plan first = planned({}, {}, {parent});
    const Plan second = planned(first.after, counters(first.hand_out), {parent, heir, grandchild});
    CHECK(second.hand_out ==
          std::vector<Handout>{{id_of(1), 3, id_of(9)}, {id_of(5), 1, id_of(9)}});
    CHECK(second.after.artifacts.at(id_of(9)).handed_out == 6);
  }
  SECTION("an uncounted child of a counted parent is refused") {
    CHECK(only_reason(planned({}, {}, {parent, child(1, parent)})) == W_REASON_REPLAY);
  }
}

TEST_CASE("what derives from a refused artifact is refused too") {
  const State seen = planned({}, {}, {artifact(1)}).after;
  Presented changed = artifact(1);
  changed.payload = payload_of(50);
  const Presented heir = child(2, changed);
  const Plan plan = planned(seen, {}, {child(3, heir), heir, changed});
  REQUIRE(plan.refused.size() == 3);
  CHECK(plan.refused[0].second.reason == W_REASON_REPLAY);
  CHECK(plan.refused[1].second.reason == W_REASON_LINEAGE_DISCONTINUITY);
  CHECK(plan.refused[2].second.reason == W_REASON_LINEAGE_DISCONTINUITY);
  CHECK(plan.after.artifacts.size() == 1);
}

TEST_CASE("break-glass cannot be used twice") {
  const Plan opened = planned({}, {}, {breakglass(1)});
  CHECK(opened.refused.empty());
  CHECK(opened.after.artifacts.at(id_of(1)).opened == kNow);
  const Plan still = planned(opened.after, {}, {breakglass(1)}, kEra, kNow + 50);
  CHECK(still.refused.empty());
  CHECK(still.after.artifacts.at(id_of(1)).closed == 0);

  SECTION("withdrawn") {
    const State gone = planned(opened.after, {}, {}, kEra, kNow + 1).after;
    CHECK(gone.artifacts.at(id_of(1)).closed == kNow + 1);
    CHECK(only_reason(planned(gone, {}, {breakglass(1)}, kEra, kNow + 2)) == W_REASON_REPLAY);
  }
  SECTION("blocked for a while") {
    Presented blocked = breakglass(1);
    blocked.is_blocked = true;
    const Plan gone = planned(opened.after, {}, {blocked}, kEra, kNow + 1);
    CHECK(gone.refused.empty()); // it has a reason of its own
    CHECK(only_reason(planned(gone.after, {}, {breakglass(1)})) == W_REASON_REPLAY);
  }
  SECTION("another era") {
    CHECK(only_reason(planned(opened.after, {}, {breakglass(1)}, kNextEra)) == W_REASON_REPLAY);
  }
  SECTION("used up before its time, within the same era") {
    State spent = opened.after;
    spend(spent, id_of(1), kNow + 1);
    CHECK(spent.artifacts.at(id_of(1)).closed == kNow + 1);
    CHECK(only_reason(planned(spent, {}, {breakglass(1)}, kEra, kNow + 2)) == W_REASON_REPLAY);
    State twice = spent;
    spend(twice, id_of(1), kNow + 5);
    spend(twice, id_of(9), kNow + 5); // nobody
    CHECK(twice == spent);
    State other = planned({}, {}, {artifact(1)}).after;
    const State before = other;
    spend(other, id_of(1), kNow + 1); // no break-glass
    CHECK(other == before);
  }
  SECTION("an orderly close") {
    State closed = opened.after;
    close_era(closed, {}, kEra, kNow);
    CHECK(only_reason(planned(closed, {}, {breakglass(1)}, kNextEra)) == W_REASON_REPLAY);
    CHECK(only_reason(planned(closed, {}, {breakglass(1)}, kEra)) == W_REASON_REPLAY);
  }
  SECTION("expired: the kernel says so, and a clock that is set back opens nothing") {
    const Plan expired = planned(opened.after, {}, {breakglass(1)}, kEra, kNow + 100);
    CHECK(expired.refused.empty());
    CHECK(expired.after.artifacts.at(id_of(1)).closed == kNow + 100);
    const Plan back = planned(expired.after, {}, {breakglass(1)}, kEra, kNow);
    CHECK(back.after.wall == kNow + 100);
    CHECK(back.after.artifacts.at(id_of(1)).closed == kNow + 100);
  }
}

TEST_CASE("blocked artifacts are neither entered nor refused, but keep what they have") {
  Presented blocked = artifact(1, 10);
  blocked.is_blocked = true;
  const Plan nothing = planned({}, {}, {blocked});
  CHECK(nothing.refused.empty());
  CHECK(nothing.hand_out.empty());
  CHECK(nothing.after.artifacts.empty());

  Presented bound = artifact(2);
  bound.wants_bond = true;
  const Plan first = planned({}, {}, {bound});
  bound.is_blocked = true;
  CHECK(planned(first.after, {}, {bound}).bonds == first.bonds);
}

TEST_CASE("what expired more than a day ago is forgotten and not entered again") {
  const State seen = planned({}, {}, {artifact(1, 10), artifact(2, 10)}).after;
  const Counters kernel = {{id_of(1), 10}};
  const int64_t last = kNow + 100 + kDay;
  CHECK(planned(seen, kernel, {}, kEra, last).after.artifacts.size() == 2);
  const Plan later = planned(seen, kernel, {artifact(1, 10)}, kEra, last + 1);
  CHECK(later.after.artifacts.empty());
  CHECK(later.refused.empty());
  CHECK(later.hand_out.empty());
  CHECK(later.forget == std::vector<ArtifactId>{id_of(1)});
}

TEST_CASE("bonds are the smallest free numbers and stay until the era ends") {
  std::vector<Presented> all;
  for (uint8_t i = 0; i < W_MAX_BONDS; ++i) {
    all.push_back(artifact(i));
    all.back().wants_bond = true;
  }
  const Plan first = planned({}, {}, all);
  CHECK(first.refused.empty());
  REQUIRE(first.bonds.size() == W_MAX_BONDS);
  for (uint8_t i = 0; i < W_MAX_BONDS; ++i)
    CHECK(first.bonds.at(id_of(i)) == i + 1u);

  Presented late = artifact(200);
  late.wants_bond = true;
  const Plan full = planned(first.after, {}, {late});
  CHECK(only_reason(full) == W_REASON_NOT_READY);
  CHECK(full.refused[0].first == late.payload);
  CHECK_THAT(full.refused[0].second.text(), Contains("128"));
  CHECK_FALSE(full.after.artifacts.contains(late.id));
  CHECK(full.after.bonds == first.after.bonds);
  CHECK(full.bonds.empty());

  State freed = full.after;
  release_bonds(freed, {7, 100});
  CHECK(planned(freed, {}, {late}).bonds == std::map<ArtifactId, uint32_t>{{late.id, 7}});
  const Plan next = planned(full.after, {}, {late}, kNextEra);
  CHECK(next.after.bonds == std::map<ArtifactId, uint32_t>{{late.id, 1}});
}

TEST_CASE("more counted artifacts than the kernel has counters for are refused by name") {
  std::vector<Presented> all;
  for (uint32_t i = 0; i <= W_MAX_COUNTED; ++i) {
    Presented one = artifact(1, 1);
    one.payload[0] = one.id[0] = static_cast<uint8_t>(i);
    one.payload[1] = one.id[1] = static_cast<uint8_t>(i >> 8);
    one.payload[2] = one.id[2] = static_cast<uint8_t>(i >> 16);
    all.push_back(one);
  }
  const Plan plan = planned({}, {}, all);
  CHECK(only_reason(plan) == W_REASON_NOT_READY);
  CHECK(plan.hand_out.size() == W_MAX_COUNTED);
}

TEST_CASE("the order of what is presented does not matter") {
  const Presented parent = artifact(9, 10);
  std::vector<Presented> all = {
      parent,      child(1, parent, 6), child(2, parent, 6), breakglass(3),
      artifact(4), artifact(5, 2),      child(6, parent, 1)};
  Presented twin = artifact(4);
  twin.payload = payload_of(77);
  all.push_back(twin);
  const Plan first = planned({}, {}, all);
  Random random(1);
  for (int i = 0; i < 50; ++i) {
    std::shuffle(all.begin(), all.end(), random);
    const Plan other = planned({}, {}, all);
    CHECK(other.after == first.after);
    CHECK(other.hand_out == first.hand_out);
    REQUIRE(other.refused.size() == first.refused.size());
    for (size_t k = 0; k < other.refused.size(); ++k)
      CHECK(other.refused[k].first == first.refused[k].first);
  }
}
