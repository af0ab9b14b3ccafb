// SPDX-License-Identifier: Apache-2.0
// Writes what artifacts/wire.h reads: for tests of binary structures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "artifacts/wire.h"

namespace warrant {

class WireWriter {
 public:
  explicit WireWriter(ByteOrder order) : order_(order) {}

  template <class Number>
  WireWriter &number(Number value) {
    for (size_t i = 0; i < sizeof(Number); i++) {
      const size_t shift = order_ == ByteOrder::kBig ? sizeof(Number) - 1 - i : i;
      bytes_.push_back(static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * shift)));
    }
    return *this;
  }
  WireWriter &bytes(ByteView bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  template <class Length>
  WireWriter &sized(ByteView content) {
    return number(static_cast<Length>(content.size())).bytes(content);
  }
  const Bytes &done() const { return bytes_; }

 private:
  ByteOrder order_;
  Bytes bytes_;
};

} // namespace warrant
