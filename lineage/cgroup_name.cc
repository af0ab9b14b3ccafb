// SPDX-License-Identifier: Apache-2.0
#include "lineage/cgroup_name.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace warrant {
namespace {

constexpr size_t kContainerIdSize = 64;

// Calls `take` with each name, the outermost first.
template <class Take>
void each_name(std::string_view cgroup, Take take) {
  while (!cgroup.empty()) {
    const size_t end = std::min(cgroup.find('/'), cgroup.size());
    if (end > 0)
      take(cgroup.substr(0, end));
    cgroup.remove_prefix(std::min(end + 1, cgroup.size()));
  }
}

// What stands between; nothing if the name does not begin and end so.
std::optional<std::string_view> between(std::string_view name, std::string_view begin,
                                        std::string_view end) {
  if (name.size() <= begin.size() + end.size() || !name.starts_with(begin) || !name.ends_with(end))
    return std::nullopt;
  return name.substr(begin.size(), name.size() - begin.size() - end.size());
}

template <class T>
std::optional<T> number_between(std::string_view cgroup, std::string_view begin,
                                std::string_view end) {
  std::optional<T> found;
  each_name(cgroup, [&](std::string_view name) {
    const std::optional<std::string_view> digits = between(name, begin, end);
    T number{};
    if (!digits)
      return;
    const char *last = digits->data() + digits->size();
    const auto parsed = std::from_chars(digits->data(), last, number);
    if (parsed.ec == std::errc() && parsed.ptr == last)
      found = number;
  });
  return found;
}

} // namespace

bool is_in_unit(std::string_view cgroup, std::string_view unit) {
  bool is_in = false;
  each_name(cgroup, [&](std::string_view name) { is_in = is_in || name == unit; });
  return is_in;
}

std::string unit_of(std::string_view cgroup) {
  constexpr std::array<std::string_view, 5> kKinds = {".service", ".scope", ".socket", ".mount",
                                                      ".swap"};
  std::string found;
  each_name(cgroup, [&](std::string_view name) {
    if (std::any_of(kKinds.begin(), kKinds.end(),
                    [&](std::string_view kind) { return name.ends_with(kind); }))
      found = name;
  });
  return found;
}

std::optional<uint64_t> session_of(std::string_view cgroup) {
  return number_between<uint64_t>(cgroup, "session-", ".scope");
}

std::optional<uint32_t> login_of(std::string_view cgroup) {
  return number_between<uint32_t>(cgroup, "user-", ".slice");
}

std::string container_of(std::string_view cgroup) {
  std::string found;
  each_name(cgroup, [&](std::string_view name) {
    if (name.ends_with(".scope"))
      name.remove_suffix(std::string_view(".scope").size());
    name.remove_prefix(name.rfind('-') == std::string_view::npos ? 0 : name.rfind('-') + 1);
    const bool is_hex = std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
    if (is_hex && name.size() == kContainerIdSize)
      found = name;
  });
  return found;
}

} // namespace warrant
