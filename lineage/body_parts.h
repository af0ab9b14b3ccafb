// SPDX-License-Identifier: Apache-2.0
// What several types of records have: members of the record's object, and the same read back.
#pragma once

#include <optional>

#include "artifacts/json.h"
#include "lineage/json_text.h"
#include "lineage/record.h"

namespace warrant {

void write_task(JsonText &out, const Task &task);
Checked<Task> read_task(ObjectReader &from);

void write_file(JsonText &out, const File &file);
Checked<File> read_file_of(ObjectReader &from);

void write_caller(JsonText &out, const Caller &caller);
Checked<Caller> read_caller(ObjectReader &from);

void write_remote_parent(JsonText &out, const RemoteParent &parent);
Checked<RemoteParent> read_remote_parent(ObjectReader &&in);

void write_artifact(JsonText &out, const Attribution &artifact);
Checked<Attribution> read_artifact(ObjectReader &from);
Checked<std::optional<Attribution>> read_optional_artifact(ObjectReader &in);

} // namespace warrant
