// SPDX-License-Identifier: Apache-2.0
#include "lineage/utf8.h"

namespace warrant {
namespace {

constexpr CodePoint kNotUtf8 = {0, 0};

} // namespace

CodePoint decode_utf8(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80)
    return {first, 1};
  const size_t length = first < 0xc2   ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                        : first < 0xf5 ? 4
                                       : 0;
  if (length == 0 || bytes.size() < length)
    return kNotUtf8;
  uint32_t value = first & (0x7fU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80)
      return kNotUtf8;
    value = (value << 6) | (byte(i) & 0x3fU);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kSmallest[length] || value > 0x10ffff || surrogate)
    return kNotUtf8;
  return {value, length};
}

} // namespace warrant
