// SPDX-License-Identifier: Apache-2.0
#include "artifacts/public_base64.h"

#include <array>

namespace warrant {
namespace {

constexpr uint8_t kNoDigit = 0xff;

constexpr std::array<uint8_t, 256> digits_of(char at_62, char at_63) {
  std::array<uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (uint8_t i = 0; i < 26; i++) {
    digits[static_cast<size_t>('A' + i)] = i;
    digits[static_cast<size_t>('a' + i)] = static_cast<uint8_t>(26 + i);
  }
  for (uint8_t i = 0; i < 10; i++)
    digits[static_cast<size_t>('0' + i)] = static_cast<uint8_t>(52 + i);
  digits[static_cast<uint8_t>(at_62)] = 62;
  digits[static_cast<uint8_t>(at_63)] = 63;
  return digits;
}

/// Padded base64 (RFC 4648 section 4 or 5), with the bits behind the end zero. By table:
/// libsodium's from_base64() is constant in time, which costs, and here nothing is secret.
bool decode(std::string_view text, const std::array<uint8_t, 256> &digits, Bytes &bytes) {
  if (text.empty() || text.size() % 4 != 0)
    return false;
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  uint8_t wrong = 0;
  const auto digit_at = [&](size_t i) -> uint32_t {
    const uint8_t digit = digits[static_cast<uint8_t>(text[i])];
    wrong |= digit & 0xc0;
    return digit & 0x3f;
  };
  bytes.resize(text.size() / 4 * 3 - padding);
  uint8_t *out = bytes.data();
  const size_t whole = (text.size() - padding) / 4 * 4;
  for (size_t i = 0; i < whole; i += 4) {
    const uint32_t group =
        digit_at(i) << 18 | digit_at(i + 1) << 12 | digit_at(i + 2) << 6 | digit_at(i + 3);
    *out++ = static_cast<uint8_t>(group >> 16);
    *out++ = static_cast<uint8_t>(group >> 8);
    *out++ = static_cast<uint8_t>(group);
  }
  if (padding == 1) {
    const uint32_t group = digit_at(whole) << 12 | digit_at(whole + 1) << 6 | digit_at(whole + 2);
    *out++ = static_cast<uint8_t>(group >> 10);
    *out++ = static_cast<uint8_t>(group >> 2);
    wrong |= group & 0x3;
  } else if (padding == 2) {
    const uint32_t group = digit_at(whole) << 6 | digit_at(whole + 1);
    *out++ = static_cast<uint8_t>(group >> 4);
    wrong |= group & 0xf;
  }
  return wrong == 0;
}

} // namespace

std::optional<Bytes> decode_public_base64(std::string_view text) {
  static constexpr std::array<uint8_t, 256> kStandard = digits_of('+', '/');
  static constexpr std::array<uint8_t, 256> kUrlSafe = digits_of('-', '_');
  Bytes bytes;
  if (decode(text, kStandard, bytes) || decode(text, kUrlSafe, bytes))
    return bytes;
  return {};
}

} // namespace warrant
