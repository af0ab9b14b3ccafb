// SPDX-License-Identifier: Apache-2.0
// Hides the difference between Catch2 version 3 and version 2.
#pragma once
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
