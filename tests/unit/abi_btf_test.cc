// SPDX-License-Identifier: Apache-2.0
// The BTF of the built objects says the same of the contract as the C++ compiler: every struct,
// field, offset and size, every enumerator. Reads files only; no kernel takes part.
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "bpf/abi.h"
#include "tests/bpf/abi_types.h"
#include "tests/catch.h"
#include "tests/unit/abi_layout.h"

namespace {
using namespace warrant;

using Btf = std::unique_ptr<btf, decltype(&btf__free)>;
using Differences = std::vector<std::string>;

Btf read_btf(const char *path) {
  Btf btf(btf__parse(path, nullptr), &btf__free);
  REQUIRE(libbpf_get_error(btf.get()) == 0);
  return btf;
}

std::string text(const layout::Field &field) {
  std::ostringstream out;
  out << field.name << " at " << field.offset << " of size " << field.size;
  return out.str();
}

// The fields as BTF has them, in order. Bit fields have no place in the contract and come out as
// size 0.
std::vector<layout::Field> fields_in(const btf *btf, const btf_type *type) {
  std::vector<layout::Field> fields;
  for (unsigned i = 0; i < btf_vlen(type); i++) {
    const auto &member = btf_members(type)[i];
    const bool is_bits = btf_member_bitfield_size(type, i) != 0;
    const auto size = is_bits ? 0 : btf__resolve_size(btf, member.type);
    fields.push_back({btf__name_by_offset(btf, member.name_off), btf_member_bit_offset(type, i) / 8,
                      static_cast<std::size_t>(size)});
  }
  return fields;
}

Differences compare_struct(const btf *btf, const layout::Struct &expected) {
  const std::string name(expected.name);
  const auto id = btf__find_by_name_kind(btf, name.c_str(), BTF_KIND_STRUCT);
  if (id < 0)
    return {name + ": not in BTF"};
  const auto *type = btf__type_by_id(btf, static_cast<__u32>(id));
  Differences differences;
  if (type->size != expected.size)
    differences.push_back(name + ": size " + std::to_string(type->size) + " in BTF, " +
                          std::to_string(expected.size) + " in C++");
  const auto found = fields_in(btf, type);
  for (std::size_t i = 0; i < std::max(found.size(), expected.fields.size()); i++) {
    const auto in_btf = i < found.size() ? text(found[i]) : "nothing";
    const auto in_cpp = i < expected.fields.size() ? text(expected.fields[i]) : "nothing";
    if (in_btf != in_cpp)
      differences.push_back(name + ": " + in_btf + " in BTF, " + in_cpp + " in C++");
  }
  return differences;
}

Differences compare_enum(const btf *btf, const layout::Enum &expected) {
  const std::string name(expected.name);
  const auto id = btf__find_by_name_kind(btf, name.c_str(), BTF_KIND_ENUM);
  if (id < 0)
    return {name + ": not in BTF"};
  const auto *type = btf__type_by_id(btf, static_cast<__u32>(id));
  const auto said = [](std::string_view enumerator, std::int64_t value) {
    return std::string(enumerator) + " = " + std::to_string(value);
  };
  Differences differences;
  const std::size_t found = btf_vlen(type), wanted = expected.enumerators.size();
  for (std::size_t i = 0; i < std::max(found, wanted); i++) {
    const auto &value = btf_enum(type)[i];
    const auto in_btf =
        i < found ? said(btf__name_by_offset(btf, value.name_off), value.val) : "nothing";
    const auto in_cpp =
        i < wanted ? said(expected.enumerators[i].name, expected.enumerators[i].value) : "nothing";
    if (in_btf != in_cpp)
      differences.push_back(name + ": " + in_btf + " in BTF, " + in_cpp + " in C++");
  }
  return differences;
}

Differences compare_structs(const btf *btf) {
  Differences all;
  for (const auto &expected : layout::structs())
    for (auto &difference : compare_struct(btf, expected))
      all.push_back(std::move(difference));
  return all;
}

// Names of all types of this kind that stand in abi.h itself.
std::set<std::string> defined_in_abi(const char *kind) {
  const std::regex definition(std::string("^") + kind + " (w_[a-z_0-9]+) \\{.*");
  std::set<std::string> names;
  std::smatch match;
  for (const char *header : {WARRANT_ABI_HEADER, WARRANT_ABI_MAPS_HEADER}) {
    std::ifstream in(header);
    REQUIRE(in);
    for (std::string line; std::getline(in, line);)
      if (std::regex_match(line, match, definition))
        names.insert(match[1]);
  }
  return names;
}

template <typename List>
std::set<std::string> names_of(const List &list) {
  std::set<std::string> names;
  for (const auto &type : list)
    names.emplace(type.name);
  return names;
}

// BTF of one struct w_uses as given, to see that a difference is noticed.
Btf one_struct(__u32 size, const std::vector<std::pair<const char *, __u32>> &fields) {
  Btf btf(btf__new_empty(), &btf__free);
  const auto u64 = btf__add_int(btf.get(), "unsigned long long", 8, 0);
  REQUIRE(btf__add_struct(btf.get(), "w_uses", size) > 0);
  for (const auto &[name, offset] : fields)
    REQUIRE(btf__add_field(btf.get(), name, u64, offset * 8, 0) == 0);
  return btf;
}

const layout::Struct &struct_named(std::string_view name) {
  const auto &list = layout::structs();
  return *std::find_if(list.begin(), list.end(), [&](const auto &s) { return s.name == name; });
}

} // namespace

TEST_CASE("the table and the BTF source list every type of abi.h") {
#define NAME(name) #name,
  const std::set<std::string> structs = {W_ABI_STRUCTS(NAME)};
  const std::set<std::string> enums = {W_ABI_ENUMS(NAME)};
#undef NAME
  CHECK(structs == defined_in_abi("struct"));
  CHECK(enums == defined_in_abi("enum"));
  CHECK(structs == names_of(layout::structs()));
  CHECK(enums == names_of(layout::enums()));
}

TEST_CASE("the whole contract is the same for clang's BPF target and C++") {
  const auto btf = read_btf(WARRANT_ABI_OBJECT);
  CHECK(compare_structs(btf.get()) == Differences{});
  Differences differences;
  for (const auto &expected : layout::enums())
    for (auto &difference : compare_enum(btf.get(), expected))
      differences.push_back(std::move(difference));
  CHECK(differences == Differences{});
}

TEST_CASE("the programs that are loaded use that contract") {
  const auto btf = read_btf(WARRANT_BPF_OBJECT);
  CHECK(compare_structs(btf.get()) == Differences{});
}

TEST_CASE("a difference in layout is noticed") {
  const auto &expected = struct_named("w_uses");
  const auto differs = [&](__u32 size, const std::vector<std::pair<const char *, __u32>> &fields) {
    return !compare_struct(one_struct(size, fields).get(), expected).empty();
  };
  CHECK_FALSE(differs(8, {{"left", 0}}));
  CHECK(differs(16, {{"left", 0}}));
  CHECK(differs(8, {{"lefd", 0}}));
  CHECK(differs(16, {{"left", 8}}));
  CHECK(differs(8, {}));
  CHECK(differs(8, {{"left", 0}, {"more", 0}}));
  CHECK_FALSE(compare_struct(one_struct(8, {}).get(), struct_named("w_facts")).empty());
}

TEST_CASE("a difference in an enum is noticed") {
  const layout::Enum expected = {"w_few", {{"A", 0}, {"B", 1}}};
  const auto differs = [&](const std::vector<std::pair<const char *, int>> &values) {
    Btf btf(btf__new_empty(), &btf__free);
    REQUIRE(btf__add_enum(btf.get(), "w_few", 4) > 0);
    for (const auto &[name, value] : values)
      REQUIRE(btf__add_enum_value(btf.get(), name, value) == 0);
    return !compare_enum(btf.get(), expected).empty();
  };
  CHECK_FALSE(differs({{"A", 0}, {"B", 1}}));
  CHECK(differs({{"A", 0}, {"B", 2}}));
  CHECK(differs({{"A", 0}}));
  CHECK(differs({{"A", 0}, {"B", 1}, {"C", 2}}));
  CHECK(differs({{"A", 0}, {"C", 1}}));
}
