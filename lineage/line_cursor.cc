// SPDX-License-Identifier: Apache-2.0
#include "lineage/line_cursor.h"

#include <array>

#include "artifacts/plain_text.h"

namespace warrant {
namespace {

constexpr size_t kMostDigits = 18; // less than 10^18 < 2^63

constexpr uint8_t kNoDigit = 0xff;
constexpr std::array<uint8_t, 256> kHexValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (uint8_t i = 0; i < 10; i++)
    values[static_cast<size_t>('0' + i)] = i;
  for (uint8_t i = 0; i < 6; i++)
    values[static_cast<size_t>('a' + i)] = static_cast<uint8_t>(10 + i);
  return values;
}();

} // namespace

bool LineCursor::string(std::string_view &out) {
  if (!take('"'))
    return false;
  const char *start = at_;
  at_ = skip_plain(at_, end_);
  out = {start, static_cast<size_t>(at_ - start)};
  return take('"');
}

// No zero in front of others.
bool LineCursor::digits(size_t most, uint64_t &out) {
  const char *start = at_;
  uint64_t value = 0;
  while (at_ != end_ && *at_ >= '0' && *at_ <= '9') {
    if (__builtin_mul_overflow(value, uint64_t{10}, &value) ||
        __builtin_add_overflow(value, static_cast<uint64_t>(*at_ - '0'), &value))
      return false;
    ++at_;
  }
  const auto count = static_cast<size_t>(at_ - start);
  out = value;
  return count > 0 && count <= most && (count == 1 || *start != '0');
}

bool LineCursor::number(uint64_t max, uint64_t &out) {
  return digits(kMostDigits, out) && out <= max;
}

bool LineCursor::wide(uint64_t &out) {
  return take('"') && digits(SIZE_MAX, out) && take('"');
}

bool LineCursor::hex(std::span<uint8_t> out) {
  if (static_cast<size_t>(end_ - at_) < 2 * out.size() + 2 || !take('"'))
    return false;
  uint8_t seen = 0; // the upper half of whatever was no digit stays
  for (uint8_t &byte : out) {
    const uint8_t high = kHexValues[static_cast<uint8_t>(at_[0])];
    const uint8_t low = kHexValues[static_cast<uint8_t>(at_[1])];
    seen |= high | low;
    byte = static_cast<uint8_t>(high << 4 | low);
    at_ += 2;
  }
  return seen <= 0xf && take('"');
}

bool LineCursor::bits(std::span<const BitName> names, uint32_t &out) {
  out = 0;
  if (!take('['))
    return false;
  if (take(']'))
    return true;
  size_t next = 0; // in `names`: order and distinctness
  do {
    std::string_view word;
    if (!string(word))
      return false;
    while (next < names.size() && names[next].name != word)
      next++;
    if (next == names.size())
      return false;
    out |= names[next++].bit;
  } while (take(','));
  return take(']');
}

bool LineCursor::skip(unsigned levels) {
  if (at_ == end_)
    return false;
  std::string_view text;
  uint64_t number_ = 0;
  switch (*at_) {
    case '"':
      return string(text);
    case '{':
      return levels > 0 && skip_members(levels - 1);
    case '[':
      return levels > 0 && skip_elements(levels - 1);
    case 't':
      return take("true");
    case 'f':
      return take("false");
    default:
      return digits(kMostDigits, number_);
  }
}

bool LineCursor::skip_members(unsigned levels) {
  take('{');
  if (take('}'))
    return true;
  bool is_first = true;
  std::string_view last;
  do {
    std::string_view name;
    if (!string(name) || !(is_first || last < name) || !take(':') || !skip(levels))
      return false;
    last = name;
    is_first = false;
  } while (take(','));
  return take('}');
}

bool LineCursor::skip_elements(unsigned levels) {
  take('[');
  if (take(']'))
    return true;
  do {
    if (!skip(levels))
      return false;
  } while (take(','));
  return take(']');
}

} // namespace warrant
