// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/duration.h"

#include <algorithm>
#include <charconv>

#include "artifacts/time.h"

namespace warrant::cli {
namespace {

struct Unit {
  char letter;
  int64_t seconds;
  std::string_view name;
};

constexpr Unit kUnits[] = {{'w', 604800, "week"},
                           {'d', 86400, "day"},
                           {'h', 3600, "hour"},
                           {'m', 60, "minute"},
                           {'s', 1, "second"}};

bool is_signed(std::string_view text) {
  return text.starts_with('+') || text.starts_with('-');
}

} // namespace

Result<int64_t> parse_duration(std::string_view text) {
  const Error wrong{"a duration such as 90s, 10m, 12h, 30d or 2w expected"};
  int64_t count = 0;
  const auto number = std::from_chars(text.data(), text.data() + text.size(), count);
  if (number.ec != std::errc() || number.ptr + 1 != text.data() + text.size() || count <= 0)
    return wrong;
  const char letter = *number.ptr;
  const auto *const unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                        [&](const Unit &one) { return one.letter == letter; });
  if (unit == std::end(kUnits) || count > kMaxTime / unit->seconds)
    return wrong;
  return count * unit->seconds;
}

std::string format_duration(int64_t seconds) {
  std::string text;
  int shown = 0;
  for (const Unit &unit : kUnits) {
    if (unit.letter == 'w' || shown == 2)
      continue;
    const int64_t count = seconds / unit.seconds;
    seconds %= unit.seconds;
    if (count == 0)
      continue;
    text += (text.empty() ? "" : " ") + std::to_string(count) + " " + std::string(unit.name) +
            (count == 1 ? "" : "s");
    shown++;
  }
  return text.empty() ? "0 seconds" : text;
}

Result<int64_t> parse_moment(std::string_view text, int64_t now) {
  if (text == "now")
    return now;
  if (is_signed(text)) {
    const int64_t apart = WARRANT_TRY(parse_duration(text.substr(1)));
    return std::clamp<int64_t>(text.front() == '+' ? now + apart : now - apart, 0, kMaxTime);
  }
  const Result<int64_t> time = parse_time(text);
  if (!time.ok())
    return Error{"a time such as 2026-11-21T10:00:00Z, now, +30d or -2h expected"};
  return time.value();
}

Result<int64_t> parse_since(std::string_view text, int64_t now) {
  const Result<int64_t> ago = parse_duration(text);
  if (ago.ok())
    return std::max<int64_t>(now - ago.value(), 0);
  const Result<int64_t> time = parse_moment(text, now);
  if (!time.ok())
    return Error{"a time such as 10m (ago), now or 2026-11-21T10:00:00Z expected"};
  return time.value();
}

} // namespace warrant::cli
