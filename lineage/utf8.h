// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace warrant {

struct CodePoint {
  uint32_t value;
  size_t length; ///< in bytes; 0: the bytes are not UTF-8
};

/// One code point from the front of bytes that are not empty, by RFC 3629: no overlong forms, no
/// surrogates, at most U+10FFFF.
CodePoint decode_utf8(std::string_view bytes);

} // namespace warrant
