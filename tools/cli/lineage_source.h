// SPDX-License-Identifier: Apache-2.0
// Records as the subcommands read them: live, and damaged lines do not hide the rest.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lineage/record.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

/// What lineage_files() finds in --lineage-dir, oldest first; an error if there is nothing.
Try<std::vector<std::string>> lineage_files_of(const Arguments &arguments);

/// The operands, or without any lineage_files_of(). What is neither file nor log is an error that
/// says what would do instead.
Try<std::vector<std::string>> chosen_files(const Arguments &arguments);

/// Nothing can be said of nothing: an error that names the files if there is no record in them.
Try<void> check_records(uint64_t records, const std::vector<std::string> &files);

/// Every record that can be read. Returns how many lines cannot; says so on standard error too, and
/// where the first is.
Try<uint64_t> read_records(const std::vector<std::string> &files,
                           const std::function<void(const Record &)> &visit);

} // namespace warrant::cli
