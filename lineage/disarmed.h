// SPDX-License-Identifier: Apache-2.0
// Whether enforcement was ended in order, as the records tell.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "artifacts/result.h"
#include "lineage/record.h"

namespace warrant {

/// One line of a disarm that was allowed: who, by which artifact, when.
std::string disarm_text(const Record &record);

/// The last Disarm of these files that was allowed and that no Start followed; the files in the
/// order in which they were last written. Nothing: there is none. Damaged lines are passed over.
Result<std::optional<Record>> find_disarm(const std::vector<std::string> &files);

} // namespace warrant
