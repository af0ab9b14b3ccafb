// SPDX-License-Identifier: Apache-2.0
// The layout of bpf/abi.h as the C++ compiler sees it, field by field.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace warrant::layout {

/// Offset and size in bytes.
struct Field {
  std::string_view name;
  std::size_t offset;
  std::size_t size;
};

struct Struct {
  std::string_view name;
  std::size_t size;
  std::vector<Field> fields;
};

struct Enumerator {
  std::string_view name;
  std::int64_t value;
};

struct Enum {
  std::string_view name;
  std::vector<Enumerator> enumerators;
};

/// Every struct that abi.h defines, in its order.
const std::vector<Struct> &structs();

/// Every enum that abi.h defines, in its order.
const std::vector<Enum> &enums();

} // namespace warrant::layout
