// SPDX-License-Identifier: Apache-2.0
// Which records of a log nobody needs any more.
#pragma once

#include <cstdint>

#include "artifacts/result.h"
#include "lineage/log_check.h"
#include "lineage/log_snapshot.h"

namespace warrant {

/// How many of the first entries may be pruned: all of them before `before_ns` (since 1970), none
/// of the boot that wrote the last entry (other than of pruning), whose processes may live and have
/// their parents among them, none of `signed_size` on; whole bundles. Reads what it counts. Error:
/// an entry is no record, so that nobody can say how old it is.
Result<uint64_t> prunable_entries(LogSnapshot &log, uint64_t signed_size, int64_t before_ns,
                                  const LogProgress &progress = {});

} // namespace warrant
