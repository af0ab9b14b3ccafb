// SPDX-License-Identifier: Apache-2.0
// Lineage files as the subcommands read them: live, and damaged lines do not hide the rest.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lineage/record.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

/// The files of --lineage-dir, oldest first; an error if there is none.
Try<std::vector<std::string>> lineage_files_of(const Arguments &arguments);

/// Every record that can be read; says on standard error how many cannot, and where the first is.
Try<void> read_records(const std::vector<std::string> &files,
                       const std::function<void(const Record &)> &visit);

} // namespace warrant::cli
