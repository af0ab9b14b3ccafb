// SPDX-License-Identifier: Apache-2.0
// An invariant that ends the fuzzer where it does not hold, in every kind of build.
#pragma once

#define require(condition) \
  do {                     \
    if (!(condition))      \
      __builtin_trap();    \
  } while (false)
