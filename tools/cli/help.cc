// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/help.h"

#include <algorithm>

#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

constexpr size_t kOptionColumn = 30;

std::string option_help(const Option &option) {
  std::string head = "  " + std::string(option.name.empty() ? option.value : option.name);
  if (!option.name.empty() && option.type != Value::kSwitch)
    head += " " + std::string(option.value);
  if (option.is_repeatable())
    head += " ...";
  std::string text(option.help);
  if (option.is_required() && !option.name.empty())
    text += " (required)";
  if (!option.fallback.empty())
    text += " [" + std::string(option.fallback) + "]";
  const std::string body = wrap(text, kOptionColumn);
  if (head.size() + 2 > kOptionColumn)
    return head + "\n" + body;
  return head + std::string(kOptionColumn - head.size(), ' ') + body.substr(kOptionColumn);
}

std::string list(const auto &wanted) {
  std::string text;
  for (const Command &command : commands()) {
    if (!wanted(command))
      continue;
    std::string head = "  " + title(command);
    head.resize(std::max<size_t>(head.size() + 2, 22), ' ');
    text += head + std::string(command.summary) + "\n";
  }
  return text;
}

} // namespace

std::string title(const Command &command) {
  return std::string(command.noun) + (command.verb.empty() ? "" : " " + std::string(command.verb));
}

std::string synopsis(const Command &command) {
  std::string text = "warrant " + title(command);
  for (const Option &option : command.options)
    if (option.is_required())
      text += " " + std::string(option.name) + " " + std::string(option.value);
  if (!command.operand.value.empty()) {
    const std::string operand =
        std::string(command.operand.value) + (command.operand.is_repeatable() ? "..." : "");
    text += command.operand.is_required() ? " " + operand : " [" + operand + "]";
  }
  return text + " [OPTIONS]";
}

std::string overview() {
  std::string text =
      "warrant - authorization before execution: no warrant, no exec\n\n"
      "usage: warrant COMMAND [OPTIONS]; `warrant COMMAND --help` tells more\n\n";
  text += list([](const Command &) { return true; });
  text += "\nexit codes:\n";
  for (const ExitCodeHelp &help : kExitCodes)
    text +=
        "  " + std::to_string(static_cast<int>(help.code)) + "  " + wrap(help.meaning, 5).substr(5);
  return text;
}

std::string noun_help(std::string_view noun) {
  return "usage: warrant " + std::string(noun) + " VERB [OPTIONS]\n\n" +
         list([&](const Command &command) { return command.noun == noun; });
}

std::string command_help(const Command &command) {
  std::string text = "usage: " + synopsis(command) + "\n\n" + wrap(command.summary, 0);
  if (!command.detail.empty())
    text += "\n" + wrap(command.detail, 0);
  text += "\n";
  if (!command.operand.value.empty())
    text += option_help(command.operand);
  for (const std::span<const Option> options : {command.options, common_options()})
    for (const Option &option : options)
      text += option_help(option);
  return text;
}

} // namespace warrant::cli
