// SPDX-License-Identifier: Apache-2.0
#include "lineage/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace warrant {
namespace {

constexpr size_t kMaxDigits = 20;

bool is_plain_ascii(std::string_view string) {
  return std::all_of(string.begin(), string.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

} // namespace

void JsonText::separate() {
  if (!first_)
    text_ += ',';
  first_ = false;
}

void JsonText::open(char bracket) {
  separate();
  text_ += bracket;
  first_ = true;
}

void JsonText::close(char bracket) {
  text_ += bracket;
  first_ = false;
}

JsonText &JsonText::member(std::string_view name) {
  separate();
  text_ += '"';
  text_ += name;
  text_ += "\":";
  first_ = true;
  return *this;
}

JsonText &JsonText::foreign_member(const Text &name) {
  separate();
  quote_escaped(name.escaped());
  text_ += ':';
  first_ = true;
  return *this;
}

void JsonText::number(uint64_t value) {
  separate();
  std::array<char, kMaxDigits> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text_.append(digits.data(), end);
}

void JsonText::boolean(bool value) {
  separate();
  text_ += value ? "true" : "false";
}

void JsonText::wide(uint64_t value) {
  separate();
  text_ += '"';
  first_ = true;
  number(value);
  text_ += '"';
}

void JsonText::hex(ByteView bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  separate();
  text_ += '"';
  for (const uint8_t byte : bytes) {
    text_ += kDigits[byte >> 4];
    text_ += kDigits[byte & 0xf];
  }
  text_ += '"';
}

void JsonText::text(const Text &text) {
  separate();
  quote_escaped(text.escaped());
}

void JsonText::string(std::string_view string) {
  separate();
  if (is_plain_ascii(string))
    quote_escaped(string);
  else
    text_ += nlohmann::json(string).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Of what JSON wants escaped, an escaped text can hold these two only.
void JsonText::quote_escaped(std::string_view escaped) {
  text_ += '"';
  for (const char c : escaped) {
    if (c == '"' || c == '\\')
      text_ += '\\';
    text_ += c;
  }
  text_ += '"';
}

} // namespace warrant
