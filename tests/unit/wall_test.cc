// SPDX-License-Identifier: Apache-2.0
// The clock only errs towards later.
#include "daemon/wall.h"

#include <limits>

#include "state_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::state_test;

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kStart = 1'795'255'200; // unix seconds

struct Sample {
  int64_t wall, boot, expected; // seconds, relative to kStart but for boot
};

} // namespace

TEST_CASE("the effective time over jumps of the system's clock") {
  struct Case {
    const char *name;
    int64_t mark; // relative to kStart
    std::vector<Sample> samples;
  };
  const Case cases[] = {
      {"a healthy clock is followed", -100, {{0, 10, 0}, {5, 15, 5}, {60, 70, 60}}},
      {"set back: goes on by boot time", -100, {{0, 10, 0}, {-3600, 20, 10}, {-3590, 30, 20}}},
      {"set back a little at each step", -100, {{0, 10, 0}, {5, 20, 10}, {10, 30, 20}}},
      {"set forward: taken at once, and kept when set back",
       -100,
       {{0, 10, 0}, {3600, 20, 3600}, {10, 30, 3610}}},
      {"below the mark at start", 500, {{0, 10, 500}, {10, 20, 510}, {600, 30, 600}}},
      {"clock at the epoch after a flat battery", 0, {{-kStart, 5, 0}, {-kStart + 7, 12, 7}}},
      {"suspend counts, also if the wall clock missed it", -100, {{0, 10, 0}, {1, 5010, 5000}}},
      {"boot time that seems to go back changes nothing", 0, {{0, 50, 0}, {0, 40, 0}, {0, 51, 1}}},
  };
  for (const Case &c : cases) {
    INFO(c.name);
    const Sample &first = c.samples.front();
    WallClock clock(kStart + c.mark, (kStart + first.wall) * kSecond, first.boot * kSecond);
    for (const Sample &s : c.samples) {
      clock.sample((kStart + s.wall) * kSecond, s.boot * kSecond);
      CHECK(clock.seconds() == kStart + s.expected);
      CHECK(clock.lag() == (s.expected - s.wall) * kSecond);
    }
  }
}

TEST_CASE("whatever the clock does, time is monotone, no slower than boot time, and never lost") {
  Random random(3);
  for (int run = 0; run < 300; ++run) {
    int64_t mark = kStart;
    for (int boots = 0; boots < 4; ++boots) {
      int64_t boot = static_cast<int64_t>(random() % 100) * kSecond;
      const auto wall = [&] {
        return (kStart - 5000 + static_cast<int64_t>(random() % 10000)) * kSecond +
               static_cast<int64_t>(random() % kSecond);
      };
      const int64_t first = wall();
      WallClock clock(mark, first, boot);
      REQUIRE(clock.nanoseconds() >= mark * kSecond);
      REQUIRE(clock.nanoseconds() >= first);
      ClockMap published = clock.map();
      for (int step = 0; step < 30; ++step) {
        const int64_t before = clock.nanoseconds();
        const auto passed = static_cast<int64_t>(random() % (100 * kSecond));
        boot += passed;
        const int64_t system = wall();
        clock.sample(system, boot);
        REQUIRE(clock.nanoseconds() >= before + passed);
        REQUIRE(clock.nanoseconds() >= system);
        REQUIRE(clock.nanoseconds() == std::max(system, before + passed));
        // A window's end in boot time never moves away.
        REQUIRE(clock.map().boot_minus_wall_ns <= published.boot_minus_wall_ns);
        REQUIRE(clock.is_ahead_of(published, 0) ==
                (clock.map().boot_minus_wall_ns < published.boot_minus_wall_ns));
        published = clock.map();
        REQUIRE(clock.high_water() >= mark);
        REQUIRE(clock.high_water() * kSecond >= clock.nanoseconds());
        REQUIRE(clock.high_water() * kSecond - clock.nanoseconds() < kSecond);
        mark = clock.high_water();
      }
    }
  }
}

TEST_CASE(
    "a daemon goes on from the clock of the one before, however far the system's was set back") {
  WallClock before(kStart - 100, kStart * kSecond, 10 * kSecond);
  before.sample((kStart + 60) * kSecond, 70 * kSecond);
  // No daemon for a day, and the clock back to the mark that the state has.
  const int64_t later = (70 + 86400) * kSecond;
  WallClock after(kStart, kStart * kSecond, later);
  CHECK(after.seconds() == kStart);
  after.resume(before.map());
  CHECK(after.seconds() == kStart + 60 + 86400);
  CHECK(after.lag() == (60 + 86400) * kSecond);
  CHECK(after.map().boot_minus_wall_ns == before.map().boot_minus_wall_ns);
  // One that knows of a later time keeps it.
  WallClock ahead(kStart, (kStart + 200000) * kSecond, later);
  ahead.resume(before.map());
  CHECK(ahead.seconds() == kStart + 200000);
  CHECK(ahead.lag() == 0);
  // What no clock can have been is no reason to wrap.
  ahead.resume(ClockMap{std::numeric_limits<int64_t>::min()});
  CHECK(ahead.seconds() == kStart + 200000);
}

TEST_CASE("times beyond what nanoseconds can say do not wrap") {
  constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
  WallClock clock(253402300799, 0, 0);
  CHECK(clock.nanoseconds() == kEnd);
  clock.sample(0, 100);
  CHECK(clock.nanoseconds() == kEnd);
  CHECK(clock.high_water() == kEnd / kSecond + 1);
  WallClock negative(-5, -7, -9);
  CHECK(negative.nanoseconds() == 0);
}

TEST_CASE("a step below the tolerance needs no new generation") {
  WallClock clock(0, kStart * kSecond, 10 * kSecond);
  const ClockMap published = clock.map();
  clock.sample((kStart + 1) * kSecond + 50, 11 * kSecond);
  CHECK_FALSE(clock.is_ahead_of(published, 50));
  CHECK(clock.is_ahead_of(published, 49));
  clock.sample((kStart - 100) * kSecond, 12 * kSecond);
  CHECK_FALSE(clock.is_ahead_of(published, 50));
}
