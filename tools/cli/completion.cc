// SPDX-License-Identifier: Apache-2.0
// bash_completion() and zsh_completion() of tools/cli/help.h.
#include <algorithm>

#include "tools/cli/help.h"

namespace warrant::cli {
namespace {

/// What a shell may offer for a value: compgen(1) arguments, or nothing.
std::string offers(const Option &option) {
  switch (option.type) {
    case Value::kFile:
      return "-f";
    case Value::kDirectory:
      return "-d";
    case Value::kWord: {
      std::string words(option.value);
      std::replace(words.begin(), words.end(), '|', ' ');
      return "-W '" + words + "'";
    }
    default:
      return {};
  }
}

std::string nouns() {
  std::string words;
  std::string_view last;
  for (const Command &command : commands()) {
    if (command.noun != last)
      words += (words.empty() ? "" : " ") + std::string(command.noun);
    last = command.noun;
  }
  return words;
}

std::string verbs_of(std::string_view noun) {
  std::string words;
  for (const Command &command : commands())
    if (command.noun == noun && !command.verb.empty())
      words += (words.empty() ? "" : " ") + std::string(command.verb);
  return words;
}

std::string option_names(const Command &command) {
  std::string words;
  for (const std::span<const Option> options : {command.options, common_options()})
    for (const Option &option : options)
      words += (words.empty() ? "" : " ") + std::string(option.name);
  return words;
}

std::string command_case(const Command &command) {
  std::string text = "    '" + title(command) + "')\n      case \"$previous\" in\n";
  for (const Option &option : command.options)
    if (const std::string offer = offers(option); !offer.empty())
      text += "        " + std::string(option.name) + ") offer " + offer + "; return ;;\n";
    else if (option.type != Value::kSwitch)
      text += "        " + std::string(option.name) + ") return ;;\n";
  text += "      esac\n      if [[ $current == -* ]]; then\n        offer -W '" +
          option_names(command) + "'\n";
  if (const std::string offer = offers(command.operand); !offer.empty())
    text += "      else\n        offer " + offer + "\n";
  return text + "      fi ;;\n";
}

} // namespace

std::string bash_completion() {
  std::string text = R"(# bash completion for warrant(1); `warrant completion bash` prints it.
_warrant() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local noun=${COMP_WORDS[1]} verb=${COMP_WORDS[2]-} title
  offer() { mapfile -t COMPREPLY < <(compgen "$@" -- "$current"); }
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    offer -W ')" + nouns() +
                     R"( --help --version'
    return
  fi
  title=$noun
  case "$noun" in
)";
  std::string_view last;
  for (const Command &command : commands()) {
    if (!command.verb.empty() && command.noun != last)
      text +=
          "    " + std::string(command.noun) +
          ")\n      title=\"$noun $verb\"\n      if ((COMP_CWORD == 2)); then\n        offer -W '" +
          verbs_of(command.noun) + "'\n        return\n      fi ;;\n";
    last = command.noun;
  }
  text += "  esac\n  case \"$title\" in\n";
  for (const Command &command : commands())
    text += command_case(command);
  return text + "  esac\n}\ncomplete -o filenames -F _warrant warrant\n";
}

std::string zsh_completion() {
  return "#compdef warrant\nautoload -U +X bashcompinit && bashcompinit\n" + bash_completion();
}

} // namespace warrant::cli
