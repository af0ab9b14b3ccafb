// SPDX-License-Identifier: Apache-2.0
// The index of the records as the subcommands ask it: found, brought up to date, made anew when it
// is damaged.
#pragma once

#include <functional>

#include "lineage/index.h"
#include "lineage/index_query.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

/// --since and --until. Usage error: nothing can lie between them.
Try<TimeSpan> span_of(const Arguments &arguments);

/// Asks the index of --lineage-dir that --index names. Where none can be kept it is made in memory.
/// `ask` is called again if the file proves to be damaged.
Try<void> ask_index(const Arguments &arguments, const std::function<Status(LineageIndex &)> &ask);

} // namespace warrant::cli
