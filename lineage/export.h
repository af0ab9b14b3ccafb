// SPDX-License-Identifier: Apache-2.0
// Records in the shapes that other systems read. docs/exports.md says which member is which.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "artifacts/json.h"
#include "lineage/record.h"

namespace warrant {

/// OCSF 1.8.0, class Process Activity (1007) with the profile security_control: decisions, and
/// processes that were ended. Nothing for other records: the class has no place for them.
/// `version` is that of this program.
std::optional<Json> ocsf_of(const Record &record, std::string_view version);

/// Elastic Common Schema 8.17, with what it has no field for below `warrant`. Every record.
Json ecs_of(const Record &record);

/// Fields of one entry of the journal, in order; names are as systemd.journal-fields(7) wants them.
using JournalFields = std::vector<std::pair<std::string, std::string>>;
/// Every record.
JournalFields journal_of(const Record &record);
/// The MESSAGE_ID of a record of this type: 32 hex characters, fixed for ever.
std::string_view message_id(const Body &body);
/// One datagram of the journal's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/).
std::string journal_datagram(const JournalFields &fields);
/// One entry of the Journal Export Format, with its times and the blank line behind it.
std::string journal_export(const Record &record);

} // namespace warrant
