// SPDX-License-Identifier: Apache-2.0
// Canonical JSON written straight into a string. The daemon writes two or three records an exec on
// the machine that it guards: building a document first costs ten times as much.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "artifacts/bytes.h"
#include "lineage/text.h"

namespace warrant {

/// Members of an object must be written in the order of their names: tests compare with what
/// nlohmann's sorted dump() gives. Values go to the member that member() or open() named last, or
/// to the array that is open.
class JsonText {
 public:
  JsonText() { text_.reserve(2048); }

  /// The name of the next value, which must follow. Names are plain ASCII.
  JsonText &member(std::string_view name);
  void open_object() { open('{'); }
  void close_object() { close('}'); }
  void open_array() { open('['); }
  void close_array() { close(']'); }

  void number(uint64_t value);
  void boolean(bool value);
  /// A 64-bit number: a string, because many JSON readers round beyond 2^53.
  void wide(uint64_t value);
  void hex(ByteView bytes);
  void text(const Text &text);
  /// Any bytes; what is not UTF-8 becomes U+FFFD.
  void string(std::string_view string);
  /// As member(), for a name that somebody else chose.
  JsonText &foreign_member(const Text &name);

  std::string take() && { return std::move(text_); }

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();
  void quote_escaped(std::string_view escaped);

  std::string text_;
  bool first_ = true; // nothing stands in front at this level, or a name does
};

} // namespace warrant
