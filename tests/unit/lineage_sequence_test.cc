// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lineage/sequence.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;

TEST_CASE("nothing is lost while every number comes, in whatever order") {
  Random random(5);
  std::vector<uint64_t> numbers;
  for (uint64_t i = 1; i <= 10'000; ++i)
    numbers.push_back(i);
  for (size_t start = 0; start < numbers.size(); start += 1000)
    std::shuffle(numbers.begin() + static_cast<long>(start),
                 numbers.begin() + static_cast<long>(start + 1000), random);
  SequenceTracker tracker;
  for (const uint64_t number : numbers) {
    tracker.saw(number);
    REQUIRE_FALSE(tracker.lost());
  }
  CHECK_FALSE(tracker.lost_at_end());
}

TEST_CASE("a number that stays away is lost once, and counted once") {
  SequenceTracker tracker(10);
  tracker.saw(11);
  for (uint64_t i = 15; i < 15 + SequenceTracker::kWindow; ++i)
    tracker.saw(i);
  CHECK_FALSE(tracker.lost());
  tracker.saw(15 + SequenceTracker::kWindow);
  const std::optional<Gap> gap = tracker.lost();
  REQUIRE(gap);
  CHECK(gap->lost == 3);
  CHECK(gap->cause.escaped() == "events between 12 and 14 never arrived from the kernel");
  CHECK_FALSE(tracker.lost());
  tracker.saw(13); // later than anybody waits for
  CHECK_FALSE(tracker.lost_at_end());
}

TEST_CASE("at the end everything missing is lost") {
  SequenceTracker tracker;
  for (const uint64_t number : {2, 3, 5, 9})
    tracker.saw(number);
  const std::optional<Gap> gap = tracker.lost_at_end();
  REQUIRE(gap);
  CHECK(gap->lost == 1 + 1 + 3);
}

TEST_CASE("repeated numbers and zero change nothing") {
  SequenceTracker tracker(5);
  for (const uint64_t number : {0, 1, 5, 6, 6, 0})
    tracker.saw(number);
  CHECK_FALSE(tracker.lost_at_end());
}

TEST_CASE("losses agree with counting") {
  Random random(6);
  for (int round = 0; round < 20; ++round) {
    SequenceTracker tracker;
    uint64_t dropped = 0;
    uint64_t reported = 0;
    for (uint64_t i = 1; i <= 20'000; ++i) {
      const bool drop = random() % 100 == 0 && i != 20'000;
      if (!drop)
        tracker.saw(i);
      dropped += drop;
      if (const std::optional<Gap> gap = tracker.lost())
        reported += gap->lost;
    }
    if (const std::optional<Gap> gap = tracker.lost_at_end())
      reported += gap->lost;
    REQUIRE(reported == dropped);
  }
}
