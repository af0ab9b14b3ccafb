// SPDX-License-Identifier: Apache-2.0
// Reads the binary structures of others (TPMs, firmware) from front to back, never beyond the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "artifacts/bytes.h"

namespace warrant {

enum class ByteOrder { kLittle, kBig };

/// A place in bytes that somebody else keeps. What is taken is a view of them; nothing is taken
/// when less is left than was asked for.
class Cursor {
 public:
  Cursor(ByteView bytes, ByteOrder order) : bytes_(bytes), order_(order) {}

  size_t at() const { return at_; }
  size_t left() const { return bytes_.size() - at_; }

  std::optional<ByteView> take(size_t size) {
    if (size > left())
      return std::nullopt;
    const ByteView taken = bytes_.subspan(at_, size);
    at_ += size;
    return taken;
  }

  /// An unsigned number of sizeof(Number) bytes.
  template <class Number>
  std::optional<Number> number() {
    const std::optional<ByteView> bytes = take(sizeof(Number));
    if (!bytes)
      return std::nullopt;
    uint64_t value = 0;
    for (size_t i = 0; i < sizeof(Number); i++)
      value = value << 8 | (*bytes)[order_ == ByteOrder::kBig ? i : sizeof(Number) - 1 - i];
    return static_cast<Number>(value);
  }

  /// A length of sizeof(Length) bytes, at most `limit`, and as many bytes: TPM2B of the TPM's
  /// structures, and the like.
  template <class Length>
  std::optional<ByteView> sized(size_t limit) {
    const std::optional<Length> size = number<Length>();
    if (!size || *size > limit)
      return std::nullopt;
    return take(*size);
  }

 private:
  ByteView bytes_;
  ByteOrder order_;
  size_t at_ = 0;
};

} // namespace warrant
