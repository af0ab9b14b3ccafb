// SPDX-License-Identifier: Apache-2.0
// parse_json(): one pass over the bytes, no look-ahead, no more memory than the document has.
// Checked against a parser upon another library (tests/property/json_oracle.cc).
#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "artifacts/json.h"
#include "artifacts/plain_text.h"

namespace warrant {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void append_utf8(std::string &text, uint32_t code) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xe0 | (code >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xf0 | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

/// Length of the character at the front, 2 to 4 bytes; 0: none of RFC 3629 (table 3-7 of Unicode).
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0};
  };
  const auto is_tail = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const uint8_t first = byte(0);
  if (first >= 0xc2 && first <= 0xdf)
    return is_tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const uint8_t low = first == 0xe0 ? 0xa0 : 0x80;
    const uint8_t high = first == 0xed ? 0x9f : 0xbf;
    return byte(1) >= low && byte(1) <= high && is_tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const uint8_t low = first == 0xf0 ? 0x90 : 0x80;
    const uint8_t high = first == 0xf4 ? 0x8f : 0xbf;
    return byte(1) >= low && byte(1) <= high && is_tail(2) && is_tail(3) ? 4 : 0;
  }
  return 0;
}

/// Every function that returns false has set `rejection`.
class Parser {
 public:
  Parser(std::string_view text, const std::string &root)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), root_(root) {}

  bool document(Json &out) {
    skip_space();
    if (!value(out))
      return false;
    skip_space();
    return at_ == end_ || no_json();
  }

  Rejection rejection;

 private:
  /// One level of nesting: the array, or the name of the member that is being read.
  struct Frame {
    const Json::array_t *array;
    const std::string *name;
  };

  std::string path() const {
    std::string path = root_;
    for (size_t i = 0; i < depth_; i++) {
      const Frame &frame = frames_[i];
      if (frame.array)
        path += "[" + std::to_string(frame.array->size() - 1) + "]";
      else if (frame.name && !frame.name->empty())
        path += (path.empty() ? "" : ".") + printable(*frame.name);
    }
    return path;
  }

  bool refuse(std::string detail) {
    rejection = malformed(path(), std::move(detail));
    return false;
  }
  bool no_json() { return refuse("not JSON at byte " + std::to_string(at_ - begin_ + 1)); }

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r'))
      ++at_;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c)
      return false;
    ++at_;
    return true;
  }
  bool word(std::string_view expected, Json &out, Json meaning) {
    if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(expected))
      return no_json();
    at_ += expected.size();
    out = std::move(meaning);
    return true;
  }

  bool value(Json &out) {
    if (at_ == end_)
      return no_json();
    switch (*at_) {
      case '{':
        return nested(out, Json::object());
      case '[':
        return nested(out, Json::array());
      case '"':
        out = std::string();
        return string(out.get_ref<std::string &>(), "NUL in a string");
      case 't':
        return word("true", out, true);
      case 'f':
        return word("false", out, false);
      case 'n':
        return word("null", out, nullptr);
      default:
        return number(out);
    }
  }

  bool nested(Json &out, Json empty) {
    if (depth_ == kMaxJsonDepth)
      return refuse("nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
    out = std::move(empty);
    ++at_;
    frames_[depth_++] = {};
    const bool done = out.is_object() ? members(out.get_ref<Json::object_t &>())
                                      : elements(out.get_ref<Json::array_t &>());
    depth_--;
    return done;
  }

  bool members(Json::object_t &object) {
    skip_space();
    if (take('}'))
      return true;
    for (;;) {
      std::string name;
      if (at_ == end_ || *at_ != '"')
        return no_json();
      if (!string(name, {}))
        return false;
      const size_t before = object.size();
      const auto member = object.emplace_hint(object.end(), std::move(name), nullptr);
      frames_[depth_ - 1].name = &member->first;
      if (object.size() == before)
        return refuse("duplicate member");
      if (member->first.find('\0') != std::string::npos)
        return refuse("NUL in a member name");
      skip_space();
      if (!take(':'))
        return no_json();
      skip_space();
      if (!value(member->second))
        return false;
      skip_space();
      if (take('}'))
        return true;
      if (!take(','))
        return no_json();
      skip_space();
    }
  }

  bool elements(Json::array_t &array) {
    skip_space();
    if (take(']'))
      return true;
    frames_[depth_ - 1].array = &array;
    for (;;) {
      array.emplace_back();
      if (!value(array.back()))
        return false;
      skip_space();
      if (take(']'))
        return true;
      if (!take(','))
        return no_json();
      skip_space();
    }
  }

  /// `nul` is what is said of a NUL in it; empty: the caller looks for them.
  bool string(std::string &out, std::string_view nul) {
    ++at_;
    for (;;) {
      const char *start = at_;
      at_ = skip_plain(at_, end_);
      out.append(start, at_);
      if (at_ == end_)
        return no_json();
      if (take('"'))
        break;
      if (!(*at_ == '\\' ? escape(out) : beyond_ascii(out)))
        return no_json();
    }
    return nul.empty() || out.find('\0') == std::string::npos || refuse(std::string(nul));
  }

  bool beyond_ascii(std::string &out) {
    const size_t length = utf8_length({at_, static_cast<size_t>(end_ - at_)});
    out.append(at_, length);
    at_ += length;
    return length != 0;
  }

  bool escape(std::string &out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    ++at_;
    if (at_ == end_)
      return false;
    const char name = *at_++;
    if (name == 'u')
      return unicode(out);
    const size_t which = kNames.find(name);
    if (which == std::string_view::npos)
      return false;
    out += kMeanings[which];
    return true;
  }

  bool unicode(std::string &out) {
    uint32_t code = 0;
    if (!hex(code) || (code >= 0xdc00 && code <= 0xdfff))
      return false;
    if (code >= 0xd800 && code <= 0xdbff) {
      uint32_t low = 0;
      if (!take('\\') || !take('u') || !hex(low) || low < 0xdc00 || low > 0xdfff)
        return false;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(out, code);
    return true;
  }

  bool hex(uint32_t &code) {
    if (end_ - at_ < 4)
      return false;
    const auto [stop, error] = std::from_chars(at_, at_ + 4, code, 16);
    if (error != std::errc() || stop != at_ + 4)
      return false;
    at_ = stop;
    return true;
  }

  /// Digits, at least one.
  bool digits() {
    const char *start = at_;
    while (at_ != end_ && is_digit(*at_))
      ++at_;
    return at_ != start;
  }

  bool number(Json &out) {
    const char *start = at_;
    take('-');
    if (!(take('0') || digits()))
      return no_json();
    const bool is_integer = at_ == end_ || (*at_ != '.' && *at_ != 'e' && *at_ != 'E');
    if (!is_integer)
      return fraction();
    int64_t number = 0;
    const auto [stop, error] = std::from_chars(start, at_, number);
    if (error != std::errc())
      return refuse("number out of range: only integers within 64 bits are allowed");
    if (number == 0 && *start == '-')
      return refuse("-0 is no integer");
    out = number;
    return true;
  }

  bool fraction() {
    if (take('.') && !digits())
      return no_json();
    if (take('e') || take('E')) {
      if (!take('+'))
        take('-');
      if (!digits())
        return no_json();
    }
    return refuse("only integers within 64 bits are allowed");
  }

  const char *begin_;
  const char *at_;
  const char *end_;
  const std::string &root_;
  std::array<Frame, kMaxJsonDepth> frames_{};
  size_t depth_ = 0;
};

} // namespace

Checked<Json> parse_json(ByteView text, const std::string &root) {
  if (text.empty())
    return malformed(root, "empty");
  if (text_of(text).starts_with("\xef\xbb\xbf"))
    return malformed(root, "byte order mark");
  if (std::memchr(text.data(), 0, text.size()))
    return malformed(root, "NUL byte");
  Parser parser(text_of(text), root);
  Json document;
  if (!parser.document(document))
    return std::move(parser.rejection);
  return document;
}

} // namespace warrant
