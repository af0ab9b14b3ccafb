// SPDX-License-Identifier: Apache-2.0
// What goes to standard output and standard error, for people or for programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "artifacts/json.h"
#include "artifacts/rejection.h"

namespace warrant::cli {

/// One JSON value, indented, on standard output.
void print_json(const Json &value);
/// {"reason", "field", "detail", "fix"}.
Json rejection_json(const Rejection &rejection);
/// Text as it is, on standard output.
void print(std::string_view text);
/// Text as it is, on standard error: progress, warnings, what is about to be done.
void note(std::string_view text);

enum class Colour { kGood, kBad, kDoubtful, kStrong };

/// Coloured when standard output is a terminal and NO_COLOR is not set.
std::string paint(Colour colour, std::string_view text);

/// Columns of plain text, aligned by characters; the last is not padded.
class Columns {
 public:
  explicit Columns(std::vector<std::string> heads) { rows_.push_back(std::move(heads)); }
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// Broken into lines of at most `width` characters, each behind `indent` spaces; paragraphs are
/// kept.
std::string wrap(std::string_view text, size_t indent, size_t width = 100);

} // namespace warrant::cli
