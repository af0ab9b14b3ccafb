// SPDX-License-Identifier: Apache-2.0
#include "daemon/canary.h"

#include <cerrno>

#include "tests/catch.h"

namespace warrant {

TEST_CASE("the canary runs where nothing refuses it, each time anew") {
  for (int i = 0; i < 3; i++) {
    const Result<CanaryResult> result = run_canary();
    REQUIRE(result.ok());
    INFO(result.value().detail);
    // On a machine that enforces, this test would be refused itself.
    CHECK(result.value().error == 0);
    CHECK_FALSE(result.value().refused);
  }
}

} // namespace warrant
