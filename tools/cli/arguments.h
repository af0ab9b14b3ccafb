// SPDX-License-Identifier: Apache-2.0
// A command line, checked against the table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/cli/command.h"

namespace warrant::cli {

/// Asking for an option that the command's table entry does not have ends the program.
class Arguments {
 public:
  /// `words` are those behind noun and verb. Accepts `--name value`, `--name=value` and `--`.
  static Try<Arguments> parse(const Command &command, std::span<char *const> words);

  const Command &command() const { return *command_; }
  /// Whether the command has this option at all.
  bool takes(std::string_view name) const { return option_of(name) != nullptr; }
  bool has(std::string_view name) const { return find(name) != nullptr; }
  /// The value that was given, or the fallback, or "".
  std::string text(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;
  /// As text(); nothing if there is neither a value nor a fallback.
  std::optional<uint64_t> number(std::string_view name) const;
  /// Seconds.
  std::optional<int64_t> duration(std::string_view name) const;
  /// Unix seconds; moments relative to `now`.
  std::optional<int64_t> moment(std::string_view name, int64_t now) const;

  const std::vector<std::string> &operands() const { return operands_; }
  const std::string &operand() const { return operands_.at(0); }
  bool wants_json() const { return has("--json"); }

 private:
  explicit Arguments(const Command &command) : command_(&command) {}
  const Option *option_of(std::string_view name) const;
  const std::string *find(std::string_view name) const;
  std::optional<std::string> given_or_fallback(std::string_view name) const;
  Try<size_t> take_option(std::span<char *const> words, size_t at);
  Try<void> check_counts() const;

  const Command *command_;
  std::vector<std::pair<std::string_view, std::string>> given_;
  std::vector<std::string> operands_;
};

} // namespace warrant::cli
