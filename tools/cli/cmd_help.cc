// SPDX-License-Identifier: Apache-2.0
// warrant completion, warrant manual: the table, for shells and for man(1).
#include <nlohmann/json.hpp>

#include "tools/cli/cmd.h"
#include "tools/cli/help.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

void print_text(const Arguments &arguments, const std::string &text) {
  if (arguments.wants_json())
    print_json({{"text", text}});
  else
    print(text);
}

} // namespace

Answer completion(const Arguments &arguments) {
  print_text(arguments, arguments.operand() == "bash" ? bash_completion() : zsh_completion());
  return ExitCode::kOk;
}

Answer manual(const Arguments &arguments) {
  print_text(arguments, manual_page());
  return ExitCode::kOk;
}

} // namespace warrant::cli
