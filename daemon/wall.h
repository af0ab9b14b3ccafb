// SPDX-License-Identifier: Apache-2.0
// The wall clock that windows are judged by: it only ever errs towards later. Pure; the caller
// samples the system's clocks.
#pragma once

#include <cstdint>

#include "artifacts/compile.h"

namespace warrant {

/// Runs at least as fast as CLOCK_BOOTTIME (which counts suspend), follows the system's clock when
/// that is ahead, and never starts below the durable mark. So a clock that is set back lengthens
/// nothing; one that was set forward once has expired for good what it passed, also when it is set
/// back, also across reboots.
class WallClock {
 public:
  /// `high_water` in unix seconds, as the state has it. First sample: nanoseconds of CLOCK_REALTIME
  /// and of CLOCK_BOOTTIME, read one right after the other.
  WallClock(int64_t high_water, int64_t wall_ns, int64_t boot_ns);

  /// What another clock of the same boot knew: never behind that from now on.
  void resume(const ClockMap &known);

  /// Another sample of the same boot.
  void sample(int64_t wall_ns, int64_t boot_ns);

  /// Effective time at the last sample: nanoseconds and whole unix seconds.
  int64_t nanoseconds() const { return now_ns_; }
  int64_t seconds() const { return now_ns_ / 1'000'000'000; }
  /// What the state must remember, unix seconds: rounded up, so that no restart goes back.
  int64_t high_water() const;

  /// For compile(). Its difference only shrinks: what was compiled under an earlier one never
  /// expires earlier than under a later one.
  ClockMap map() const;
  /// Whether entries compiled under `published` would now expire more than `tolerance_ns` too late.
  bool is_ahead_of(const ClockMap &published, int64_t tolerance_ns) const;
  /// How far the system's clock was behind at the last sample: above some seconds it was set back,
  /// or once was far ahead. Nanoseconds, never negative.
  int64_t lag() const { return lag_ns_; }

 private:
  int64_t now_ns_;
  int64_t boot_ns_;
  int64_t lag_ns_;
};

} // namespace warrant
