// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "lineage/replay.h"
#include "tools/cli/cmd.h"
#include "tools/cli/lineage_source.h"
#include "tools/cli/output.h"

namespace warrant::cli {

Answer replay(const Arguments &arguments) {
  const std::vector<std::string> files = CLI_TRY(chosen_files(arguments));
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
