// SPDX-License-Identifier: Apache-2.0
#include "daemon/machine.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <span>

#include "artifacts/bytes.h"

namespace warrant {
namespace {

constexpr size_t kMaxLine = 4096;

btf *read_types(const std::string &path) {
  btf *kernel = btf__parse(path.c_str(), nullptr);
  return libbpf_get_error(kernel) == 0 ? kernel : nullptr;
}

} // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = text.find(separator);
    if (end != 0)
      parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

Machine::Machine(std::string root)
    : root_(std::move(root)), types_(read_types(root_ + "/sys/kernel/btf/vmlinux")) {}

void Machine::Free::operator()(btf *types) const {
  btf__free(types);
}

size_t Machine::type_count() const {
  return types_ ? btf__type_cnt(types_.get()) : 0;
}

bool Machine::has_function(const std::string &name) const {
  return types_ && btf__find_by_name_kind(types_.get(), name.c_str(), BTF_KIND_FUNC) > 0;
}

size_t Machine::parameter_count(const std::string &function) const {
  if (!types_)
    return 0;
  const int id = btf__find_by_name_kind(types_.get(), function.c_str(), BTF_KIND_FUNC);
  const btf_type *type =
      id > 0 ? btf__type_by_id(types_.get(), static_cast<uint32_t>(id)) : nullptr;
  const btf_type *prototype = type != nullptr ? btf__type_by_id(types_.get(), type->type) : nullptr;
  return prototype != nullptr ? btf_vlen(prototype) : 0;
}

bool Machine::has_member(const std::string &structure, std::string_view name) const {
  if (!types_)
    return false;
  const int id = btf__find_by_name_kind(types_.get(), structure.c_str(), BTF_KIND_STRUCT);
  const btf_type *type =
      id > 0 ? btf__type_by_id(types_.get(), static_cast<uint32_t>(id)) : nullptr;
  if (!type)
    return false;
  const std::span members(btf_members(type), btf_vlen(type));
  return std::any_of(members.begin(), members.end(), [&](const btf_member &member) {
    return btf__name_by_offset(types_.get(), member.name_off) == name;
  });
}

std::vector<std::string> Machine::lines(const std::string &path) const {
  std::ifstream file(root_ + path);
  std::vector<std::string> all;
  for (std::string line; std::getline(file, line);)
    all.push_back(line);
  return all;
}

std::string Machine::first_line(const std::string &path) const {
  const std::vector<std::string> all = lines(path);
  return all.empty() ? std::string() : printable(all.front(), kMaxLine);
}

std::string Machine::boot_option(std::string_view name) const {
  const std::string prefix = std::string(name) + "=";
  std::string value;
  for (const std::string &word : split(first_line("/proc/cmdline"), ' '))
    if (word.starts_with(prefix))
      value = word.substr(prefix.size());
  return value;
}

std::string Machine::build_option(std::string_view name) const {
  const std::string prefix = std::string(name) + "=\"";
  for (const std::string &line : lines("/boot/config-" + first_line("/proc/sys/kernel/osrelease")))
    if (line.starts_with(prefix) && line.ends_with('"'))
      return printable(line.substr(prefix.size(), line.size() - prefix.size() - 1));
  return {};
}

uint64_t Machine::effective_capabilities() const {
  constexpr std::string_view kPrefix = "CapEff:\t";
  uint64_t bits = 0;
  for (const std::string &line : lines("/proc/self/status"))
    if (line.starts_with(kPrefix))
      std::from_chars(line.data() + kPrefix.size(), line.data() + line.size(), bits, 16);
  return bits;
}

bool Machine::is_mounted(std::string_view where, std::string_view type) const {
  for (const std::string &line : lines("/proc/self/mounts")) {
    const std::vector<std::string> fields = split(line, ' ');
    if (fields.size() > 2 && fields[1] == where && fields[2] == type)
      return true;
  }
  return false;
}

} // namespace warrant
