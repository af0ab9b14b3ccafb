// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <ctime>

namespace warrant {

inline int64_t read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// Nanoseconds since boot, suspend included: the only clock that the kernel programs know.
inline int64_t boot_now() {
  return read_clock(CLOCK_BOOTTIME);
}

// Nanoseconds since 1970-01-01 UTC.
inline int64_t wall_now() {
  return read_clock(CLOCK_REALTIME);
}

} // namespace warrant
