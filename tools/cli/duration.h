// SPDX-License-Identifier: Apache-2.0
// Times as people type them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "artifacts/result.h"

namespace warrant::cli {

/// "90s", "10m", "12h", "30d", "2w" -> seconds; more than 0.
Result<int64_t> parse_duration(std::string_view text);
/// "30 days", "12 hours 5 minutes": the two largest units.
std::string format_duration(int64_t seconds);
/// "2026-11-21T10:00:00Z", "now", "+30d", "-2h" -> unix seconds.
Result<int64_t> parse_moment(std::string_view text, int64_t now);
/// The same, and "10m" for ten minutes before `now`.
Result<int64_t> parse_since(std::string_view text, int64_t now);

} // namespace warrant::cli
