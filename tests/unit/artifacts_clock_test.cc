// SPDX-License-Identifier: Apache-2.0
#include "artifacts/compile.h"
#include "artifacts/time.h"
#include "tests/catch.h"

using namespace warrant;

TEST_CASE("windows saturate and are never lengthened") {
  struct Case {
    int64_t offset;
    int64_t wall;
    uint64_t boot;
  };
  const Case cases[] = {
      {0, 0, 0},
      {0, 1, 1000000000},
      {-1000000000, 1, 0},
      {-1000000001, 1, 0},
      {-999999999, 1, 1},
      {INT64_MIN, kMaxTime, W_FOREVER - 1},
      {INT64_MIN, 0, 0},
      {INT64_MAX, 0, static_cast<uint64_t>(INT64_MAX)},
      {0, kMaxTime, W_FOREVER - 1},
      {0, 18446744073, 18446744073000000000ull},
      {709551614, 18446744073, W_FOREVER - 1},
      {709551613, 18446744073, W_FOREVER - 2},
      {709551615, 18446744073, W_FOREVER - 1},
      {0, INT64_MAX, W_FOREVER - 1},
      {0, INT64_MIN, 0},
  };
  for (const Case &c : cases)
    CHECK(ClockMap{c.offset}.boot_ns(c.wall) == c.boot);
}
