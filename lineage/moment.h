// SPDX-License-Identifier: Apache-2.0
// Points in time, as the kernel (boot time) and as people (wall time) name them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "artifacts/result.h"

namespace warrant {

/// The two clocks, read together. This library has no clock of its own: whoever calls it reads
/// CLOCK_REALTIME and CLOCK_BOOTTIME.
struct Moment {
  int64_t wall_ns = 0;  ///< since 1970-01-01T00:00:00Z, never negative
  uint64_t boot_ns = 0; ///< CLOCK_BOOTTIME

  /// When boot time was `boot_ns`, told by this moment's offset between the clocks. A result before
  /// 1970 or beyond 2262 is clamped.
  Moment at_boot_time(uint64_t boot_ns) const;

  bool operator==(const Moment &) const = default;
};

/// "2026-11-21T10:00:00.000000001Z": RFC 3339, UTC, always nine digits. Before 1970 is 1970.
std::string format_wall_time(int64_t wall_ns);
/// Exactly the above, or whole seconds ("2026-11-21T10:00:00Z"); years 1970 to 2262.
Result<int64_t> parse_wall_time(std::string_view text);

} // namespace warrant
