// SPDX-License-Identifier: Apache-2.0
// Which events of a boot never arrived.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "lineage/record.h"

namespace warrant {

/// Events are numbered before they are sent, and processors overtake each other in between: a
/// number is missed only when kWindow later ones have arrived.
class SequenceTracker {
 public:
  static constexpr size_t kWindow = 4096;

  /// `last`: the highest number that is already recorded of this boot; the kernel counts from 1.
  explicit SequenceTracker(uint64_t last = 0) : expected_(last + 1) {}

  /// 0 is ignored: the kernel program could not number that event.
  void saw(uint64_t sequence);
  /// The highest number that arrived while one below it is missing; 0: none is.
  uint64_t highest() const { return ahead_.empty() ? 0 : *ahead_.rbegin(); }
  /// What has been lost since the last call, if anything.
  std::optional<Gap> lost();
  /// The same when nothing more will come of what is below that number.
  std::optional<Gap> lost_below(uint64_t number);
  /// The same when nothing more will come: what is missing below the highest number is lost.
  std::optional<Gap> lost_at_end() { return lost_below(highest()); }

 private:
  void give_up_one_run();

  uint64_t expected_;        // everything below has arrived or was given up
  std::set<uint64_t> ahead_; // arrived, above expected_
  uint64_t lost_ = 0;
  uint64_t first_lost_ = 0;
  uint64_t last_lost_ = 0;
};

} // namespace warrant
