// SPDX-License-Identifier: Apache-2.0
// The frame that trust root, policy and revocation list share: an in-toto statement whose one
// subject names the predicate itself, by the sha256 of the predicate's canonical JSON.
#pragma once

#include <string>
#include <string_view>

#include "artifacts/bytes.h"
#include "artifacts/json.h"
#include "artifacts/rejection.h"

namespace warrant {

/// The predicate of a payload of this predicate type whose subject has this name. MALFORMED, also
/// when the subject's digest is not the predicate's.
Checked<Json> parse_self_statement(ByteView payload, std::string_view type, std::string_view name);

/// Canonical JSON; parse_self_statement() gives back the predicate, if its text is UTF-8.
std::string serialize_self_statement(std::string_view type, std::string_view name, Json predicate);

} // namespace warrant
