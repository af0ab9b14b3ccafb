// SPDX-License-Identifier: Apache-2.0
// Points in time as documents write them: RFC 3339, UTC, whole seconds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "artifacts/result.h"

namespace warrant {

inline constexpr int64_t kMaxTime = 253402300799; ///< 9999-12-31T23:59:59Z

/// Exactly "2026-11-21T10:00:00Z" (upper case T and Z, no fraction, no leap second), years 1970 to
/// 9999, as unix seconds.
Result<int64_t> parse_time(std::string_view text);
/// Reverse, for 0 <= seconds <= kMaxTime; what lies outside is clamped to it.
std::string format_time(int64_t seconds);

} // namespace warrant
