// SPDX-License-Identifier: Apache-2.0
// The part of a record that depends on its type <-> JSON members.
#pragma once

#include <string_view>

#include "artifacts/json.h"
#include "lineage/json_text.h"
#include "lineage/record.h"

namespace warrant {

/// Writes the whole object: members sort by name, so those that every record has stand among those
/// of its type. Without `id`, the bytes that an id is made of.
void write_record(JsonText &out, const Record &record, bool with_id);
/// Takes the members of a body of this type. MALFORMED for a type that this version does not know.
Checked<Body> read_body(std::string_view type, ObjectReader &record);

/// A text in its escaped form.
Checked<Text> read_text(ObjectReader &from, std::string_view name);

} // namespace warrant
