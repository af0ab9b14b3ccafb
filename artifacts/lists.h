// SPDX-License-Identifier: Apache-2.0
// Lists as the documents write them: in any order, nothing twice. What is read is sorted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/initiator.h"
#include "artifacts/json.h"
#include "artifacts/rejection.h"

namespace warrant {

/// "keys[3]": the path of an element, for ObjectReader::at().
std::string element(std::string_view list, size_t index);

// Each takes a required member of `min` to `max` elements. Rejections name the element.

/// Strings of 1 to `max_bytes` bytes.
Checked<std::vector<std::string>> read_texts(ObjectReader &reader, std::string_view name,
                                             size_t min, size_t max, size_t max_bytes);
/// Fingerprints of keys.
Checked<std::vector<std::string>> read_fingerprints(ObjectReader &reader, std::string_view name,
                                                    size_t min, size_t max);
Checked<std::vector<Digest>> read_digests(ObjectReader &reader, std::string_view name, size_t min,
                                          size_t max);
/// "task", "baseline", "breakglass"; at least one.
Checked<std::vector<ArtifactKind>> read_kinds(ObjectReader &reader, std::string_view name);
/// W_ACTION_* bits from the required member "actions"; at least one.
Checked<uint32_t> read_actions(ObjectReader &reader);

Json digests_json(const std::vector<Digest> &digests);

} // namespace warrant
