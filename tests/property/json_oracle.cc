// SPDX-License-Identifier: Apache-2.0
// parse_json() as it was first written, upon nlohmann's lexer: slower, and by other hands.
#include "tests/property/json_oracle.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace warrant::test {
namespace {

std::string join(const std::string &path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

/// Builds the document while refusing what nlohmann's own builder lets pass. A false return stops
/// the parser; `rejection` then says why.
class StrictBuilder : public nlohmann::json_sax<Json> {
 public:
  explicit StrictBuilder(std::string root) : root_(std::move(root)) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }

  bool number_integer(number_integer_t value) override {
    // The lexer sends only what starts with a minus here.
    return value == 0 ? refuse("-0 is no integer") : add(value);
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
      return refuse("number out of range");
    return add(static_cast<int64_t>(value));
  }
  bool number_float(number_float_t, const string_t &) override {
    return refuse("only integers within 64 bits are allowed");
  }
  bool string(string_t &value) override {
    if (value.find('\0') != string_t::npos)
      return refuse("NUL in a string");
    return add(std::move(value));
  }
  bool binary(binary_t &) override { return refuse("binary"); }

  bool start_object(size_t) override { return open(Json::object()); }
  bool key(string_t &name) override {
    Frame &frame = stack_.back();
    frame.key = std::move(name);
    if (frame.key.find('\0') != string_t::npos)
      return refuse("NUL in a member name");
    return frame.value->contains(frame.key) ? refuse("duplicate member") : true;
  }
  bool end_object() override { return close(); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }

  bool parse_error(size_t position, const std::string &,
                   const nlohmann::json::exception &) override {
    return refuse("not JSON at byte " + std::to_string(position));
  }

  Json document;
  Rejection rejection;

 private:
  struct Frame {
    Json *value;
    std::string key; ///< of the member being read, in an object
  };

  bool refuse(std::string detail) {
    rejection = malformed(path(), std::move(detail));
    return false;
  }

  /// Where the value that is being read stands.
  std::string path() const {
    std::string path = root_;
    for (const Frame &frame : stack_) {
      // An element that is being filled is in the array already, a scalar not yet.
      const size_t unplaced = &frame == &stack_.back() ? 0 : 1;
      if (frame.value->is_array())
        path += "[" + std::to_string(frame.value->size() - unplaced) + "]";
      else if (!frame.key.empty())
        path = join(path, printable(frame.key));
    }
    return path;
  }

  Json *place(Json value) {
    if (stack_.empty()) {
      document = std::move(value);
      return &document;
    }
    Frame &frame = stack_.back();
    if (frame.value->is_array())
      return &frame.value->emplace_back(std::move(value));
    Json &member = (*frame.value)[frame.key];
    member = std::move(value);
    return &member;
  }

  bool add(Json value) {
    place(std::move(value));
    return true;
  }

  bool open(Json value) {
    if (stack_.size() == kMaxJsonDepth)
      return refuse("nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
    stack_.push_back({place(std::move(value)), {}});
    return true;
  }

  bool close() {
    stack_.pop_back();
    return true;
  }

  std::string root_;
  std::vector<Frame> stack_;
};

} // namespace

Checked<Json> parse_json_slowly(ByteView text, const std::string &root) {
  if (text.empty())
    return malformed(root, "empty");
  if (text_of(text).starts_with("\xef\xbb\xbf"))
    return malformed(root, "byte order mark");
  // The lexer takes a NUL byte for the end and would not look at what follows.
  if (std::find(text.begin(), text.end(), 0) != text.end())
    return malformed(root, "NUL byte");
  StrictBuilder builder(root);
  if (!Json::sax_parse(text.begin(), text.end(), &builder))
    return std::move(builder.rejection);
  return std::move(builder.document);
}

} // namespace warrant::test
