// SPDX-License-Identifier: Apache-2.0
// Random lives of a daemon and its kernel, against a model that only counts: nothing is ever used
// more often than granted, and uses are lost only by the documented rule.
#include <algorithm>
#include <set>

#include "daemon/ledger.h"
#include "state_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::state_test;

namespace {

constexpr int64_t kNow = 1'795'255'200;
constexpr int kNone = -1;
constexpr int kParents[] = {kNone, kNone, 0, 0, 1, 2, 2};
constexpr int kArtifacts = std::size(kParents);

/// What the artifacts should be able to do, kept in the plainest way.
struct Model {
  int64_t granted = 0;
  int64_t left = 0;     ///< uses of its own, without those of its children
  int64_t execs = 0;    ///< its own and its descendants'
  bool is_seen = false; ///< durably
  bool is_out = false;  ///< handed out in this era, durably
  int payer = kNone;    ///< whose counter still holds its uses
};

class World {
 public:
  explicit World(uint64_t seed) : random_(seed) {
    for (int i = 0; i < kArtifacts; ++i)
      models_[i].granted = static_cast<int64_t>(1 + random_() % (kParents[i] == kNone ? 12 : 4));
  }

  void step() {
    switch (random_() % 12) {
      case 0:
        return crash();
      case 1:
        return random_() % 2 == 0 ? power_loss() : crash();
      case 2:
        return random_() % 3 == 0 ? orderly_reboot() : reload();
      case 3:
        return random_() % 6 == 0 ? close_cut_short() : reload();
      case 4:
      case 5:
        return reload();
      default:
        return use(static_cast<int>(random_() % kArtifacts), 1 + random_() % 3);
    }
  }

  int64_t execs() const { return execs_; }
  int64_t lost() const { return lost_; }

 private:
  Presented presented(int i) const {
    Presented artifact;
    artifact.id = id_of(static_cast<uint8_t>(i + 1));
    artifact.payload = payload_of(static_cast<uint8_t>(i + 1));
    artifact.not_after = kNow + 1000;
    artifact.max_uses = models_[i].granted;
    if (kParents[i] != kNone)
      artifact.parent = id_of(static_cast<uint8_t>(kParents[i] + 1));
    for (int p = kParents[i]; p != kNone; p = kParents[p])
      artifact.ancestors.push_back(payload_of(static_cast<uint8_t>(p + 1)));
    return artifact;
  }
  static int index(const ArtifactId &id) { return id[0] - 1; }
  static ArtifactId id(int i) { return id_of(static_cast<uint8_t>(i + 1)); }

  /// As the kernel does it: only what is in force, only while its counter is above 0.
  void use(int i, uint64_t times) {
    for (; times > 0 && in_force_.contains(i); --times) {
      const auto counter = kernel_.find(id(i));
      if (counter == kernel_.end() || counter->second <= 0)
        return;
      counter->second--;
      execs_++;
      charge(i);
      for (int p = i; p != kNone; p = kParents[p]) {
        models_[p].execs++;
        REQUIRE(models_[p].execs <= models_[p].granted);
      }
    }
  }

  /// A counter that has not paid yet for a child also holds the child's uses.
  void charge(int i) {
    if (models_[i].left > 0) {
      models_[i].left--;
      return;
    }
    for (Model &other : models_)
      if (other.payer == i && other.left > 0) {
        other.left--;
        return;
      }
    FAIL("a use that nobody had left");
  }

  std::vector<Presented> some_artifacts(std::set<int> &chosen) {
    std::vector<Presented> artifacts;
    for (int i = 0; i < kArtifacts; ++i)
      if (random_() % 4 != 0 && (kParents[i] == kNone || chosen.contains(kParents[i]))) {
        chosen.insert(i);
        artifacts.push_back(presented(i));
      }
    for (int i = 0; i < kArtifacts; ++i)
      if (models_[i].is_seen && random_() % 8 == 0) {
        artifacts.push_back(presented(i));
        artifacts.back().payload = payload_of(static_cast<uint8_t>(0x80 + i));
        artifacts.back().ancestors.clear();
        artifacts.back().parent.reset();
      }
    std::shuffle(artifacts.begin(), artifacts.end(), random_);
    return artifacts;
  }

  /// Reads the kernel, plans, saves, hands out; may be killed between any two of these, while the
  /// kernel goes on.
  void reload() {
    std::set<int> chosen;
    const std::vector<Presented> artifacts = some_artifacts(chosen);
    const Plan plan = warrant::plan(state_, kernel_, artifacts, era_, kNow);
    const bool is_disturbed = use_meanwhile();
    if (random_() % 10 == 0)
      return crash(); // before the save
    save(plan.after);
    note(plan, chosen);
    for (const Handout &entry : plan.hand_out) {
      use_meanwhile();
      if (random_() % 10 == 0)
        return crash();
      make_entry(entry);
    }
    in_force_.clear();
    for (const int i : chosen)
      if (!refused_.contains(payload_of(static_cast<uint8_t>(i + 1))))
        in_force_.insert(i);
    if (!is_disturbed)
      compare();
  }

  bool use_meanwhile() {
    if (random_() % 4 != 0)
      return false;
    use(static_cast<int>(random_() % kArtifacts), 1 + random_() % 2);
    return true;
  }

  void note(const Plan &plan, const std::set<int> &chosen) {
    refused_.clear();
    for (const auto &[payload, rejection] : plan.refused) {
      refused_.insert(payload);
      REQUIRE(rejection.reason == (rejection.field == "predicate.lineage.parentArtifact"
                                       ? W_REASON_LINEAGE_DISCONTINUITY
                                       : W_REASON_REPLAY));
    }
    for (int i = 0; i < kArtifacts; ++i) { // parents come first
      Model &model = models_[i];
      const bool is_refused = refused_.contains(payload_of(static_cast<uint8_t>(i + 1)));
      if (model.is_seen)
        REQUIRE_FALSE(is_refused);
      if (!chosen.contains(i) || is_refused)
        continue;
      if (!model.is_seen)
        enter(i);
      model.is_out = true;
    }
    for (int i = 0; i < kArtifacts; ++i)
      if (models_[i].is_seen && chosen.contains(i))
        REQUIRE(state_.artifacts.contains(id(i)));
  }

  void enter(int i) {
    Model &model = models_[i];
    model.is_seen = true;
    model.left = model.granted;
    if (kParents[i] == kNone)
      return;
    Model &parent = models_[kParents[i]];
    model.payer = kernel_.contains(id(kParents[i])) ? kParents[i] : parent.payer;
    // What the parent used since the kernel was read, its children do not get.
    const int64_t taken = std::min(parent.left, model.granted);
    parent.left -= taken;
    if (model.payer == kNone)
      REQUIRE(taken == model.granted);
    model.left = taken;
  }

  void make_entry(const Handout &entry) {
    REQUIRE(entry.uses > 0);
    REQUIRE_FALSE(kernel_.contains(entry.id));
    if (entry.from) {
      const auto payer = kernel_.find(*entry.from);
      REQUIRE(payer != kernel_.end());
      if (payer->second < entry.uses)
        return; // the next plan gives what is left
      payer->second -= entry.uses;
    }
    kernel_[entry.id] = entry.uses;
    settle(index(entry.id), entry.uses);
  }

  /// Which of those that one counter still pays for bears what its owner used meanwhile is not in
  /// the rule; what they have together is.
  void settle(int made, int64_t uses) {
    Model &model = models_[made];
    const int payer = std::exchange(model.payer, kNone);
    int64_t more = uses - std::exchange(model.left, uses);
    for (int i = kArtifacts - 1; i >= 0 && more != 0; --i)
      if (payer != kNone && (models_[i].payer == payer || i == payer)) {
        const int64_t borne = std::min(more, models_[i].left);
        models_[i].left -= borne;
        more -= borne;
      }
    REQUIRE(more == 0);
  }

  /// Nothing is lost: all that the model has is in the kernel, or will be.
  void compare() {
    for (int i = 0; i < kArtifacts; ++i) {
      if (!in_force_.contains(i))
        continue;
      const auto counter = kernel_.find(id(i));
      int64_t expected = models_[i].left;
      for (const Model &other : models_)
        if (other.payer == i)
          expected += other.left;
      if (counter != kernel_.end())
        REQUIRE(counter->second == expected);
      else if (models_[i].payer == kNone)
        REQUIRE(expected == 0);
    }
  }

  void save(const State &state) {
    const auto text = serialize_state(state);
    REQUIRE(text.ok());
    State written = state;
    written.serial = state_.serial + 1;
    REQUIRE(parse_state(view(serialize_state(written).value())).value() == written);
    state_ = written;
  }

  void crash() {} // what is in memory is what was saved; the kernel stays as it is

  void end_era() {
    era_ = make_era("boot", ++eras_);
    kernel_.clear();
    in_force_.clear();
    for (Model &model : models_) {
      model.is_out = false;
      model.payer = kNone;
    }
  }

  void power_loss() {
    for (Model &model : models_)
      if (model.is_out) {
        lost_ += model.left;
        model.left = 0;
      }
    end_era();
  }

  void orderly_reboot() {
    State closed = state_;
    close_era(closed, kernel_, era_, kNow);
    save(closed);
    end_era();
  }

  /// Killed after the counters were set to 0 and before that was written down.
  void close_cut_short() {
    for (auto &[id, left] : kernel_)
      left = 0;
    for (int i = 0; i < kArtifacts; ++i)
      if (kernel_.contains(id(i)) ||
          (models_[i].payer != kNone && kernel_.contains(id(models_[i].payer)))) {
        lost_ += models_[i].left;
        models_[i].left = 0;
      }
  }

  Random random_;
  Model models_[kArtifacts];
  State state_; ///< on disk
  Counters kernel_;
  std::set<int> in_force_;
  std::set<Digest> refused_;
  uint64_t eras_ = 1;
  Era era_ = make_era("boot", 1);
  int64_t execs_ = 0;
  int64_t lost_ = 0;
};

} // namespace

TEST_CASE("no sequence of uses, crashes and reboots gives a use twice or loses one silently") {
  int64_t execs = 0;
  int64_t lost = 0;
  for (uint64_t seed = 0; seed < 800; ++seed) {
    INFO("seed " << seed);
    World world(seed);
    for (int i = 0; i < 80; ++i)
      world.step();
    execs += world.execs();
    lost += world.lost();
  }
  // The test must have done something.
  CHECK(execs > 2000);
  CHECK(lost > 1000);
}
