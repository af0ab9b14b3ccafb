// SPDX-License-Identifier: Apache-2.0
// warrant completion, warrant manual: the table, for shells and for man(1).
#include "tools/cli/cmd.h"
#include "tools/cli/help.h"
#include "tools/cli/output.h"

namespace warrant::cli {

Answer completion(const Arguments &arguments) {
  print(arguments.operand() == "bash" ? bash_completion() : zsh_completion());
  return ExitCode::kOk;
}

Answer manual(const Arguments &) {
  print(manual_page());
  return ExitCode::kOk;
}

} // namespace warrant::cli
