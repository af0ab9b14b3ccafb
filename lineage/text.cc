// SPDX-License-Identifier: Apache-2.0
#include "lineage/text.h"

#include <cstddef>
#include <cstdint>

namespace warrant {
namespace {

struct CodePoint {
  std::uint32_t value;
  std::size_t length; // 0: the bytes are not UTF-8
};

constexpr CodePoint kNotUtf8 = {0, 0};

// One code point from the front, by RFC 3629: no overlong forms, no surrogates, at most U+10FFFF.
CodePoint decode(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80)
    return {first, 1};
  const std::size_t length = first < 0xc2   ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || bytes.size() < length)
    return kNotUtf8;
  std::uint32_t value = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80)
      return kNotUtf8;
    value = (value << 6) | (byte(i) & 0x3fU);
  }
  constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kSmallest[length] || value > 0x10ffff || surrogate)
    return kNotUtf8;
  return {value, length};
}

// Whether a terminal would print it as itself. The list of reordering controls is that of Unicode
// TR 36 (U+200E/F, U+202A-E, U+2066-9); U+2028/9 break lines.
bool is_plain(std::uint32_t c) {
  if (c < 0x20 || (c >= 0x7f && c < 0xa0))
    return false;
  if (c == 0x200e || c == 0x200f || c == 0xfeff || c == 0x061c)
    return false;
  return !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

void append_hex(std::string &text, unsigned char byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  text += "\\x";
  text += kDigits[byte >> 4];
  text += kDigits[byte & 0xf];
}

int digit_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string> unescape(std::string_view escaped) {
  std::string bytes;
  bytes.reserve(escaped.size());
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != '\\') {
      bytes += escaped[i];
    } else if (i + 1 < escaped.size() && escaped[i + 1] == '\\') {
      bytes += '\\';
      i += 1;
    } else {
      if (i + 3 >= escaped.size() || escaped[i + 1] != 'x')
        return std::nullopt;
      const int high = digit_value(escaped[i + 2]);
      const int low = digit_value(escaped[i + 3]);
      if (high < 0 || low < 0)
        return std::nullopt;
      bytes += static_cast<char>(high * 16 + low);
      i += 3;
    }
  }
  return bytes;
}

} // namespace

Text::Text(std::string_view bytes) {
  escaped_.reserve(bytes.size());
  while (!bytes.empty()) {
    const CodePoint point = decode(bytes);
    const std::size_t length = point.length == 0 ? 1 : point.length;
    if (point.length != 0 && point.value == '\\')
      escaped_ += "\\\\";
    else if (point.length != 0 && is_plain(point.value))
      escaped_ += bytes.substr(0, length);
    else
      for (std::size_t i = 0; i < length; ++i)
        append_hex(escaped_, static_cast<unsigned char>(bytes[i]));
    bytes.remove_prefix(length);
  }
}

std::optional<Text> Text::from_escaped(std::string_view escaped) {
  const std::optional<std::string> bytes = unescape(escaped);
  if (!bytes)
    return std::nullopt;
  Text text{std::string_view(*bytes)};
  if (text.escaped_ != escaped)
    return std::nullopt;
  return text;
}

std::string Text::bytes() const {
  return unescape(escaped_).value_or(std::string());
}

} // namespace warrant
