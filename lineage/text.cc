// SPDX-License-Identifier: Apache-2.0
#include "lineage/text.h"

#include <cstddef>
#include <cstdint>

#include "lineage/utf8.h"

namespace warrant {
namespace {

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
    const CodePoint point = decode_utf8(bytes);
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
