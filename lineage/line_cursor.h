// SPDX-License-Identifier: Apache-2.0
// Goes over a line of canonical JSON once, front to back, and builds nothing.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "artifacts/names.h"
#include "lineage/words.h"

namespace warrant {

/// Each returns false at what it does not understand, which is then no error: it may be good JSON.
/// Understood is a part of canonical JSON: strings of ASCII without escapes, whole numbers from 0
/// to 10^18 - 1, true and false, objects whose members ascend, no white space.
class LineCursor {
 public:
  explicit LineCursor(std::string_view line) : at_(line.data()), end_(at_ + line.size()) {}

  bool is_at_end() const { return at_ == end_; }
  bool is_at(char c) const { return at_ != end_ && *at_ == c; }
  bool take(std::string_view literal) {
    if (static_cast<size_t>(end_ - at_) < literal.size() ||
        std::memcmp(at_, literal.data(), literal.size()) != 0)
      return false;
    at_ += literal.size();
    return true;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c)
      return false;
    ++at_;
    return true;
  }

  bool string(std::string_view &out);
  bool number(uint64_t max, uint64_t &out);
  /// A 64-bit number in a string.
  bool wide(uint64_t &out);
  /// Lower-case hex in a string that is twice as long as `out`.
  bool hex(std::span<uint8_t> out);
  /// The bits that an array of words stands for, if bit names are all that is in it.
  bool bits(std::span<const BitName> names, uint32_t &out);
  template <class E>
  bool word(const Words<E> &words, uint8_t &out);
  /// A value of any kind, nested at most `levels` deep.
  bool skip(unsigned levels);

 private:
  bool digits(size_t most, uint64_t &out);
  bool skip_members(unsigned levels);
  bool skip_elements(unsigned levels);

  const char *at_;
  const char *end_;
};

template <class E>
bool LineCursor::word(const Words<E> &words, uint8_t &out) {
  std::string_view text;
  if (!string(text))
    return false;
  const std::optional<E> value = words.value(text);
  out = value ? static_cast<uint8_t>(*value) : 0;
  return value.has_value();
}

} // namespace warrant
