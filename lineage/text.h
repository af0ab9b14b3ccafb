// SPDX-License-Identifier: Apache-2.0
// Text of foreign origin (path, comm, cgroup, governance): safe to print, and nothing of it lost.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace warrant {

/// Any bytes, held in an escaped form: printable UTF-8 stays as it is, a backslash is `\\`, and
/// every byte that is not part of valid UTF-8, that is a control character (C0, DEL, C1) or that
/// reorders the text around it (bidirectional controls, line separators) is `\xNN`. So the form is
/// valid UTF-8 of one line, cannot steer a terminal, and is at most four times as long as the
/// bytes. Every string in a record is of this type.
class Text {
 public:
  Text() = default;
  /// Implicit on purpose: whatever is put into a record is escaped on its way in.
  Text(std::string_view bytes);
  Text(const std::string &bytes) : Text(std::string_view(bytes)) {}
  Text(const char *bytes) : Text(std::string_view(bytes)) {}

  /// The text that `escaped` is the form of; nothing if no text has exactly this form.
  static std::optional<Text> from_escaped(std::string_view escaped);

  const std::string &escaped() const { return escaped_; }
  std::string bytes() const;
  bool empty() const { return escaped_.empty(); }

  auto operator<=>(const Text &) const = default;

 private:
  std::string escaped_;
};

} // namespace warrant
