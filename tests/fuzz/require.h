// SPDX-License-Identifier: Apache-2.0
// An invariant that ends the fuzzer where it does not hold, in every kind of build.
#pragma once

inline void require(bool condition) {
  if (!condition)
    __builtin_trap();
}
