// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "artifacts/json.h"

namespace warrant::test {

/// Accepts and refuses what parse_json() does, with the same document or the same field.
Checked<Json> parse_json_slowly(ByteView text, const std::string &root = {});

} // namespace warrant::test
