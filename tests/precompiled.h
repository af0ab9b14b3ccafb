// SPDX-License-Identifier: Apache-2.0
// For test programs: what cmake/precompiled.h has, and Catch2.
#pragma once
#include "cmake/precompiled.h"
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
