// SPDX-License-Identifier: Apache-2.0
#include "daemon/wall.h"

#include <algorithm>
#include <limits>

namespace warrant {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kEnd = std::numeric_limits<int64_t>::max(); // in the year 2262

int64_t to_nanoseconds(int64_t seconds) {
  return seconds > kEnd / kSecond ? kEnd : std::max<int64_t>(seconds, 0) * kSecond;
}

} // namespace

WallClock::WallClock(int64_t high_water, int64_t wall_ns, int64_t boot_ns)
    : now_ns_(std::max(wall_ns, to_nanoseconds(high_water))),
      boot_ns_(std::max<int64_t>(boot_ns, 0)),
      lag_ns_(now_ns_ - std::max<int64_t>(wall_ns, 0)) {}

void WallClock::resume(const ClockMap &known) {
  int64_t then = 0;
  if (__builtin_sub_overflow(boot_ns_, known.boot_minus_wall_ns, &then) || then <= now_ns_)
    return;
  lag_ns_ += then - now_ns_;
  now_ns_ = then;
}

void WallClock::sample(int64_t wall_ns, int64_t boot_ns) {
  // Boot time never goes back; a caller that mixed up two samples gains nothing by it.
  const int64_t passed = std::max<int64_t>(boot_ns - boot_ns_, 0);
  const int64_t at_least = passed > kEnd - now_ns_ ? kEnd : now_ns_ + passed;
  boot_ns_ += passed;
  now_ns_ = std::max(wall_ns, at_least);
  lag_ns_ = now_ns_ - std::max<int64_t>(wall_ns, 0);
}

int64_t WallClock::high_water() const {
  return now_ns_ / kSecond + (now_ns_ % kSecond != 0);
}

ClockMap WallClock::map() const {
  return ClockMap{boot_ns_ - now_ns_};
}

bool WallClock::is_ahead_of(const ClockMap &published, int64_t tolerance_ns) const {
  return published.boot_minus_wall_ns - map().boot_minus_wall_ns > tolerance_ns;
}

} // namespace warrant
