// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/arguments.h"

#include <algorithm>
#include <charconv>

#include "artifacts/bytes.h"
#include "tools/cli/duration.h"

namespace warrant::cli {
namespace {

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty())
    return std::nullopt;
  return number;
}

bool is_one_of(std::string_view words, std::string_view word) {
  for (size_t start = 0; start <= words.size();) {
    const size_t end = std::min(words.find('|', start), words.size());
    if (words.substr(start, end - start) == word)
      return true;
    start = end + 1;
  }
  return false;
}

/// What is wrong with a value; nothing if it is fine.
std::optional<std::string> complaint(const Option &option, const std::string &value) {
  const auto of = [](const auto &result) {
    return result.ok() ? std::nullopt : std::optional(result.error().message);
  };
  switch (option.type) {
    case Value::kNumber:
      return parse_number(value) ? std::nullopt : std::optional("a number expected");
    case Value::kDuration:
      return of(parse_duration(value));
    case Value::kMoment:
      return of(parse_moment(value, 0));
    case Value::kSince:
      return of(parse_since(value, 0));
    case Value::kWord:
      if (is_one_of(option.value, value))
        return std::nullopt;
      return "one of " + std::string(option.value) + " expected";
    case Value::kFile:
    case Value::kDirectory:
    case Value::kText:
      return value.empty() ? std::optional("it is empty") : std::nullopt;
    case Value::kSwitch:
      break;
  }
  return std::nullopt;
}

std::string label(const Option &option) {
  return std::string(option.name.empty() ? option.value : option.name);
}

} // namespace

const Option *Arguments::option_of(std::string_view name) const {
  for (const std::span<const Option> options : {command_->options, common_options()})
    for (const Option &option : options)
      if (option.name == name)
        return &option;
  return nullptr;
}

const std::string *Arguments::find(std::string_view name) const {
  if (!option_of(name))
    __builtin_trap(); // the table does not have it
  for (const auto &[given, value] : given_)
    if (given == name)
      return &value;
  return nullptr;
}

std::optional<std::string> Arguments::given_or_fallback(std::string_view name) const {
  if (const std::string *value = find(name))
    return *value;
  const std::string_view fallback = option_of(name)->fallback;
  return fallback.empty() ? std::nullopt : std::optional(std::string(fallback));
}

std::string Arguments::text(std::string_view name) const {
  return given_or_fallback(name).value_or("");
}

std::vector<std::string> Arguments::all(std::string_view name) const {
  std::vector<std::string> values;
  if (find(name))
    for (const auto &[given, value] : given_)
      if (given == name)
        values.push_back(value);
  return values;
}

std::optional<uint64_t> Arguments::number(std::string_view name) const {
  const std::optional<std::string> value = given_or_fallback(name);
  return value ? parse_number(*value) : std::nullopt;
}

std::optional<int64_t> Arguments::duration(std::string_view name) const {
  const std::optional<std::string> value = given_or_fallback(name);
  return value ? std::optional(parse_duration(*value).value()) : std::nullopt;
}

std::optional<int64_t> Arguments::moment(std::string_view name, int64_t now) const {
  const std::optional<std::string> value = given_or_fallback(name);
  if (!value)
    return std::nullopt;
  const bool since = option_of(name)->type == Value::kSince;
  return (since ? parse_since(*value, now) : parse_moment(*value, now)).value();
}

/// Takes the option at `at` and returns the place behind it and its value.
Try<size_t> Arguments::take_option(std::span<char *const> words, size_t at) {
  const std::string_view word = words[at];
  const std::string_view name = word == "-h" ? "--help" : word.substr(0, word.find('='));
  const Option *option = option_of(name);
  if (!option)
    return usage("unknown option " + printable(name));
  if (has(name) && !option->is_repeatable())
    return usage(std::string(name) + " is given twice");
  const bool has_equals = word.find('=') != std::string_view::npos;
  if (option->type == Value::kSwitch) {
    if (has_equals)
      return usage(std::string(name) + " takes no value");
    given_.emplace_back(option->name, "");
    return at + 1;
  }
  if (!has_equals && at + 1 == words.size())
    return usage(std::string(name) + " needs a value: " + std::string(option->value));
  std::string value(has_equals ? word.substr(name.size() + 1) : std::string_view(words[at + 1]));
  if (const auto wrong = complaint(*option, value))
    return usage(std::string(name) + " " + printable(value) + ": " + *wrong);
  given_.emplace_back(option->name, std::move(value));
  return at + (has_equals ? 1 : 2);
}

Try<void> Arguments::check_counts() const {
  for (const Option &option : command_->options)
    if (option.is_required() && !has(option.name))
      return usage(label(option) + " " + std::string(option.value) +
                   " is missing: " + std::string(option.help));
  const Option &operand = command_->operand;
  if (operands_.empty() && operand.is_required())
    return usage(label(operand) + " is missing");
  if (operand.value.empty() && !operands_.empty())
    return usage("nothing expected behind the options, but found " + printable(operands_[0]));
  if (operands_.size() > 1 && !operand.is_repeatable())
    return usage("only one " + label(operand) + " expected, but found " + printable(operands_[1]));
  for (const std::string &value : operands_)
    if (const auto wrong = complaint(operand, value))
      return usage(label(operand) + " " + printable(value) + ": " + *wrong);
  return {};
}

Try<Arguments> Arguments::parse(const Command &command, std::span<char *const> words) {
  Arguments arguments(command);
  bool options_end = false;
  for (size_t at = 0; at < words.size();) {
    const std::string_view word = words[at];
    if (options_end || word.size() < 2 || word.front() != '-') {
      arguments.operands_.emplace_back(word);
      at++;
    } else if (word == "--") {
      options_end = true;
      at++;
    } else {
      at = CLI_TRY(arguments.take_option(words, at));
    }
  }
  if (!arguments.has("--help"))
    CLI_TRY(arguments.check_counts());
  return arguments;
}

} // namespace warrant::cli
