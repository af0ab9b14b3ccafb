// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "lineage/replay.h"
#include "tools/cli/cmd.h"
#include "tools/cli/lineage_source.h"
#include "tools/cli/output.h"
#include "tools/cli/simulation.h"

namespace warrant::cli {

namespace {

/// Nothing to do with the recorded verdicts themselves: options that only premises have.
Try<bool> has_premises(const Arguments &arguments) {
  if (arguments.has("--policy") || arguments.has("--artifacts"))
    return true;
  for (const char *name : {"--trust-root", "--revocation", "--host"})
    if (arguments.has(name))
      return usage(std::string(name) + ": only with --policy or --artifacts");
  return false;
}

} // namespace

Answer replay(const Arguments &arguments) {
  if (CLI_TRY(has_premises(arguments)))
    return CLI_TRY(run_simulation(arguments)).changed() > 0 ? ExitCode::kNo : ExitCode::kOk;
  const std::vector<std::string> files = CLI_TRY(chosen_files(arguments));
  for (const std::string &file : files)
    CLI_TRY(tell_pruned(file));
  const ReplayResult result = CLI_TRY(replay_files(files));
  CLI_TRY(check_records(result.records, files));
  if (arguments.wants_json()) {
    print_json(replay_to_json(result));
  } else {
    if (result.first_difference)
      print(paint(Colour::kBad, "DIFFERS") + ": " + difference_text(*result.first_difference) +
            "\n");
    print(std::to_string(result.equal) + " of " + std::to_string(result.decisions) +
          " decisions confirmed, in " + std::to_string(result.records) + " records of " +
          std::to_string(files.size()) + (files.size() == 1 ? " file\n" : " files\n"));
  }
  return result.agrees() ? ExitCode::kOk : ExitCode::kNo;
}

} // namespace warrant::cli
