// SPDX-License-Identifier: Apache-2.0
// Records as the subcommands read them: live, and damaged lines do not hide the rest.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineage/record.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

/// What lineage_files() finds in --lineage-dir, oldest first; an error if there is nothing.
Try<std::vector<std::string>> lineage_files_of(const Arguments &arguments);

/// --since or --until, as wall time in ns.
std::optional<int64_t> moment_ns(const Arguments &arguments, std::string_view option);
/// "2026-11-21T10:00:00Z": people do not read nanoseconds.
std::string short_time(int64_t wall_ns);

/// The operands, or without any lineage_files_of(). What is neither file nor log is an error that
/// says what would do instead.
Try<std::vector<std::string>> chosen_files(const Arguments &arguments);

/// Nothing can be said of nothing: an error that names the files if there is no record in them.
Try<void> check_records(uint64_t records, const std::vector<std::string> &files);

/// A note if this is a log whose first records were pruned: answers do not know of them.
Try<void> tell_pruned(const std::string &file);

/// Every record that can be read. Returns how many lines cannot; says so on standard error too, and
/// where the first is.
Try<uint64_t> read_records(const std::vector<std::string> &files,
                           const std::function<void(const Record &)> &visit);

} // namespace warrant::cli
