// SPDX-License-Identifier: Apache-2.0
// in-toto Statement v1 (https://in-toto.io/Statement/v1): subjects and a predicate of some type.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "artifacts/bytes.h"
#include "artifacts/json.h"
#include "artifacts/rejection.h"

namespace warrant {

/// One in-toto Statement v1: the frame that all our signed documents share.
struct Statement {
  std::string predicate_type;
  Json subject;   ///< array, not looked into
  Json predicate; ///< object, not looked into
};

/// Checks the frame only. MALFORMED when `_type` or the predicate type is another.
Checked<Statement> parse_statement(ByteView payload, std::string_view predicate_type);
/// For `inspect`: any predicate type.
Checked<Statement> parse_any_statement(ByteView payload);
/// Canonical JSON of a statement.
std::string serialize_statement(std::string_view predicate_type, Json subject, Json predicate);

} // namespace warrant
