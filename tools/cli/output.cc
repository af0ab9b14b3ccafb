// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "artifacts/names.h"

namespace warrant::cli {
namespace {

bool has_colours() {
  const char *no_colour = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (!no_colour || !*no_colour);
}

/// Characters of UTF-8.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

} // namespace

void print_json(const Json &value) {
  // ASCII: some of what is shown was never verified, and a terminal obeys U+009B too.
  print(value.dump(2, ' ', true, Json::error_handler_t::replace) + "\n");
}

Json rejection_json(const Rejection &rejection) {
  return {{"reason", reason_name(rejection.reason)},
          {"field", rejection.field},
          {"detail", rejection.detail},
          {"fix", rejection.fix}};
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void note(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

std::string paint(Colour colour, std::string_view text) {
  static const bool coloured = has_colours();
  constexpr std::string_view kCodes[] = {"32", "31", "33", "1"};
  if (!coloured)
    return std::string(text);
  return "\x1b[" + std::string(kCodes[static_cast<size_t>(colour)]) + "m" + std::string(text) +
         "\x1b[0m";
}

std::string Columns::text() const {
  std::vector<size_t> widths;
  for (const auto &row : rows_)
    for (size_t i = 0; i < row.size(); i++) {
      widths.resize(std::max(widths.size(), i + 1));
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  std::string text;
  for (const auto &row : rows_) {
    for (size_t i = 0; i < row.size(); i++) {
      text += row[i];
      if (i + 1 < row.size())
        text += std::string(widths[i] - width_of(row[i]) + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

std::string wrap(std::string_view text, size_t indent, size_t width) {
  const std::string margin(indent, ' ');
  std::string wrapped;
  std::string line;
  const auto end_line = [&] {
    wrapped += (line.empty() ? "" : margin + line) + "\n";
    line.clear();
  };
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    if (!line.empty() && indent + line.size() + 1 + word.size() > width)
      end_line();
    if (!word.empty())
      line += (line.empty() ? "" : " ") + std::string(word);
    if (end < text.size() && text[end] == '\n')
      end_line();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!line.empty())
    end_line();
  return wrapped;
}

} // namespace warrant::cli
