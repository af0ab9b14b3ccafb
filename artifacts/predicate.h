// SPDX-License-Identifier: Apache-2.0
// The predicate of an authorization artifact, without the statement around it.
#pragma once

#include "artifacts/json.h"
#include "artifacts/rejection.h"
#include "artifacts/statement.h"

namespace warrant {

/// All members but the subjects. Strict: see parse_authorization().
Checked<Authorization> read_predicate(ObjectReader &&reader);
/// Reverse; what is absent or has its default value is left out.
Json predicate_json(const Authorization &authorization);

} // namespace warrant
