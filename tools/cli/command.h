// SPDX-License-Identifier: Apache-2.0
// The shape of the command table: what there is to type, what it means, and who does it.
// Dispatcher, help, manual page and shell completion are all read from it.
#pragma once

#include <span>
#include <string_view>

#include "tools/cli/failure.h"

namespace warrant::cli {

class Arguments;

/// What the value of an option must look like; checked before a command runs.
enum class Value {
  kSwitch, ///< takes none
  kText,
  kFile,
  kDirectory,
  kNumber,   ///< 0 to 2^64-1, decimal
  kDuration, ///< 90s, 10m, 12h, 30d, 2w
  kMoment,   ///< RFC 3339 UTC, now, +DURATION or -DURATION
  kSince,    ///< a moment, or DURATION for so long ago
  kWord,     ///< one of the words in `value`, "a|b"
};

enum class Count { kMaybe, kOnce, kAny, kSome };

/// An option, or what stands behind the options (then `name` is empty).
struct Option {
  std::string_view name;  ///< with its dashes
  std::string_view value; ///< what stands for the value in help; for kWord: the words
  Value type = Value::kSwitch;
  Count count = Count::kMaybe;
  std::string_view fallback; ///< taken when not given; empty: nothing
  std::string_view help;

  constexpr bool is_repeatable() const { return count == Count::kAny || count == Count::kSome; }
  constexpr bool is_required() const { return count == Count::kOnce || count == Count::kSome; }
};

inline constexpr Option kNoOperand{};

struct Command {
  std::string_view noun;
  std::string_view verb;    ///< empty: the noun stands alone
  std::string_view summary; ///< one line
  std::string_view detail;  ///< paragraphs, for help and manual; may be empty
  std::span<const Option> options;
  Option operand;
  Answer (*run)(const Arguments &);
};

/// All commands, those of one noun together.
std::span<const Command> commands();
/// Options that every command has.
std::span<const Option> common_options();

} // namespace warrant::cli
