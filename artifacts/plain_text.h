// SPDX-License-Identifier: Apache-2.0
// Where a JSON string stops being plain: most bytes of most documents are passed over here.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace warrant {

/// Bytes that stand for themselves in a string: ASCII but for controls, quote and backslash.
inline constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int c = 0x20; c < 0x80; c++)
    plain[static_cast<size_t>(c)] = c != '"' && c != '\\';
  return plain;
}();

/// Behind the plain bytes at the front: eight at a time, then the last ones by table.
inline const char *skip_plain(const char *at, const char *end) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighBits = 0x80 * kOnes;
  while (end - at >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    const uint64_t quote = (word ^ (uint8_t{'"'} * kOnes)) - kOnes;
    const uint64_t backslash = (word ^ (uint8_t{'\\'} * kOnes)) - kOnes;
    const uint64_t control = word - 0x20 * kOnes;
    // A borrow only ever comes out of a byte that is itself not plain: the first one is exact.
    const uint64_t found = (word | quote | backslash | control) & kHighBits;
    if (found != 0 && std::endian::native == std::endian::little)
      return at + std::countr_zero(found) / 8;
    if (found != 0)
      break;
    at += 8;
  }
  while (at != end && kPlain[static_cast<uint8_t>(*at)])
    ++at;
  return at;
}

} // namespace warrant
