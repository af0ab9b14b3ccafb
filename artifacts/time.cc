// SPDX-License-Identifier: Apache-2.0
#include "artifacts/time.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace warrant {
namespace {

constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:ddZ";

bool has_shape(std::string_view text) {
  const auto fits = [](char shape, char c) {
    return shape == 'd' ? c >= '0' && c <= '9' : c == shape;
  };
  return std::equal(kShape.begin(), kShape.end(), text.begin(), text.end(), fits);
}

unsigned number_at(std::string_view text, size_t position, size_t digits) {
  unsigned value = 0;
  for (const char c : text.substr(position, digits))
    value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

} // namespace

Result<int64_t> parse_time(std::string_view text) {
  if (!has_shape(text))
    return Error{"time of the form 2026-11-21T10:00:00Z expected"};
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(number_at(text, 0, 4))),
                                         std::chrono::month(number_at(text, 5, 2)),
                                         std::chrono::day(number_at(text, 8, 2))};
  const unsigned hour = number_at(text, 11, 2);
  const unsigned minute = number_at(text, 14, 2);
  const unsigned second = number_at(text, 17, 2);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59)
    return Error{"no such date or time of day"};
  if (date.year() < std::chrono::year(1970))
    return Error{"time before 1970"};
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86400 + hour * 3600 + minute * 60 + second;
}

std::string format_time(int64_t seconds) {
  seconds = std::clamp<int64_t>(seconds, 0, kMaxTime);
  const std::chrono::sys_days day{std::chrono::days(seconds / 86400)};
  const std::chrono::year_month_day date(day);
  const int rest = static_cast<int>(seconds % 86400);
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), rest / 3600,
                rest / 60 % 60, rest % 60);
  return text;
}

} // namespace warrant
