// SPDX-License-Identifier: Apache-2.0
// Texts that are read from the command table.
#pragma once

#include <string>
#include <string_view>

#include "tools/cli/command.h"

namespace warrant::cli {

/// "key generate".
std::string title(const Command &command);
/// "warrant key generate [OPTIONS] --out NAME".
std::string synopsis(const Command &command);

/// All commands, one line each.
std::string overview();
/// The commands of one noun.
std::string noun_help(std::string_view noun);
std::string command_help(const Command &command);

std::string bash_completion();
std::string zsh_completion();
/// warrant(1), in man(7).
std::string manual_page();

} // namespace warrant::cli
