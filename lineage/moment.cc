// SPDX-License-Identifier: Apache-2.0
#include "lineage/moment.h"

#include <algorithm>
#include <limits>

#include "artifacts/time.h"

namespace warrant {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr size_t kFractionAt = 19; // behind 2026-11-21T10:00:00
constexpr size_t kFullSize = kFractionAt + 11;

constexpr auto kLatest = std::numeric_limits<int64_t>::max();

// The number that nine digits spell, or -1.
int64_t nanoseconds(std::string_view digits) {
  int64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9')
      return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

} // namespace

Moment Moment::at_boot_time(uint64_t other) const {
  const bool later = other >= boot_ns;
  const uint64_t apart = later ? other - boot_ns : boot_ns - other;
  const auto distance = static_cast<int64_t>(std::min<uint64_t>(apart, kLatest));
  int64_t wall = 0;
  if (later && __builtin_add_overflow(wall_ns, distance, &wall))
    wall = kLatest;
  if (!later && __builtin_sub_overflow(wall_ns, distance, &wall))
    wall = 0;
  return {std::max<int64_t>(wall, 0), other};
}

std::string format_wall_time(int64_t wall_ns) {
  const int64_t since_1970 = std::max<int64_t>(wall_ns, 0);
  const std::string fraction = std::to_string(since_1970 % kSecond);
  std::string text = format_time(since_1970 / kSecond);
  text.pop_back(); // the Z
  return text + "." + std::string(9 - fraction.size(), '0') + fraction + "Z";
}

Result<int64_t> parse_wall_time(std::string_view text) {
  int64_t fraction = 0;
  std::string whole(text);
  if (text.size() == kFullSize && text[kFractionAt] == '.') {
    fraction = nanoseconds(text.substr(kFractionAt + 1, 9));
    whole.erase(kFractionAt, 10);
  }
  const int64_t seconds = WARRANT_TRY(parse_time(whole));
  int64_t wall_ns = 0;
  if (fraction < 0 || __builtin_mul_overflow(seconds, kSecond, &wall_ns) ||
      __builtin_add_overflow(wall_ns, fraction, &wall_ns))
    return Error{"not a time between 1970 and 2262 such as 2026-11-21T10:00:00.000000000Z"};
  return wall_ns;
}

} // namespace warrant
