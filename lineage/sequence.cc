// SPDX-License-Identifier: Apache-2.0
#include "lineage/sequence.h"

#include <string>

namespace warrant {

void SequenceTracker::saw(uint64_t sequence) {
  if (sequence < expected_ || sequence == 0)
    return;
  ahead_.insert(sequence);
  while (!ahead_.empty() && *ahead_.begin() == expected_) {
    ahead_.erase(ahead_.begin());
    expected_++;
  }
  if (ahead_.size() > kWindow)
    give_up_one_run();
}

void SequenceTracker::give_up_one_run() {
  if (first_lost_ == 0)
    first_lost_ = expected_;
  last_lost_ = *ahead_.begin() - 1;
  lost_ += *ahead_.begin() - expected_;
  expected_ = *ahead_.begin();
  while (!ahead_.empty() && *ahead_.begin() == expected_) {
    ahead_.erase(ahead_.begin());
    expected_++;
  }
}

std::optional<Gap> SequenceTracker::lost() {
  if (lost_ == 0)
    return std::nullopt;
  const Gap gap{lost_, "events between " + std::to_string(first_lost_) + " and " +
                           std::to_string(last_lost_) + " never arrived from the kernel"};
  lost_ = first_lost_ = last_lost_ = 0;
  return gap;
}

std::optional<Gap> SequenceTracker::lost_below(uint64_t number) {
  while (!ahead_.empty() && expected_ < number)
    give_up_one_run();
  return lost();
}

} // namespace warrant
