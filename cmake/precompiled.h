// SPDX-License-Identifier: Apache-2.0
// What nearly every source includes and is slow to parse, parsed once per build. Sources still
// include what they use: a build without it (CMAKE_DISABLE_PRECOMPILE_HEADERS) must stay possible.
#pragma once
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>
