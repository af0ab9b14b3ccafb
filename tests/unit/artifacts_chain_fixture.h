// SPDX-License-Identifier: Apache-2.0
// Artifacts that are derived from one another, for the tests of artifacts/.
#pragma once

#include "tests/unit/artifacts_fixture.h"

namespace warrant::test {

/// kDelegateKey alone may sign what is derived.
Delegation delegation(uint32_t max_depth);

/// authorization() that may be delegated; id 0x21.
Authorization delegating(uint32_t max_depth = 2);

/// Grants the same as its parent, but may not be delegated; id 0x22.
Authorization child_of(const VerifiedAuthorization &parent);

/// By the key that delegation() names.
std::string by_delegate(const Authorization &authorization);

/// A chain of this length, each signed by the delegate but the first, all granting the same.
std::vector<VerifiedAuthorization> chain(size_t length);

/// Break-glass for all, for an hour.
Authorization breakglass();

} // namespace warrant::test
