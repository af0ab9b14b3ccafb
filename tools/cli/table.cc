// SPDX-License-Identifier: Apache-2.0
// The whole command line of warrant: dispatcher, help, manual page and completion read this table.
#include "tools/cli/table.h"

#include <vector>

#include "tools/cli/cmd_log.h"

namespace warrant::cli {
namespace {

constexpr Option kCommon[] = {
    {"--json",
     {},
     Value::kSwitch,
     Count::kMaybe,
     {},
     "One JSON value instead of text. Errors stay text, on standard error."},
    {"--help",
     {},
     Value::kSwitch,
     Count::kMaybe,
     {},
     "What this command does, and its options; -h too."}};

std::vector<Command> all_commands() {
  std::vector<Command> all;
  for (const auto part :
       {trust_commands(), artifact_commands(), enrollment_commands(), attestation_commands(),
        lineage_commands(), log_commands(), host_commands()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

} // namespace

std::span<const Command> commands() {
  static const std::vector<Command> all = all_commands();
  return all;
}
std::span<const Option> common_options() {
  return kCommon;
}

} // namespace warrant::cli
