// SPDX-License-Identifier: Apache-2.0
// What a record's line tells without being parsed. Parsing costs twenty times as much as looking,
// and most questions are about few of many records.
//
// This works because lines are canonical: members stand in the order of their names, names that
// others chose occur only in `artifact.governance`, which stands in front, and inside strings no
// quote is without a backslash.
#pragma once

#include <string_view>

namespace warrant {

/// The member `type`; empty if there is none.
std::string_view type_of_line(std::string_view line);
/// The member `boot`; empty if there is none.
std::string_view boot_of_line(std::string_view line);

using LineFilter = bool (*)(std::string_view line);

/// Decisions that are not plainly allowed: all that DenialQuery counts.
bool is_denial_line(std::string_view line);
/// What becomes of artifacts: all that RejectionQuery looks at.
bool is_artifact_line(std::string_view line);

} // namespace warrant
