// SPDX-License-Identifier: Apache-2.0
#include "artifacts/initiator.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace warrant {
namespace {

constexpr std::array<std::string_view, 3> kKinds = {"task", "baseline", "breakglass"};
constexpr std::string_view kUnitSuffix = ".service";
constexpr std::string_view kUnitSlice = "/system.slice/";
/// A longer name cannot be told from a cut one in the kernel's buffer (bpf/abi.h).
constexpr size_t kMaxCgroupName = W_CGROUP_NAME_SIZE - 2;
constexpr size_t kMaxCgroupPath = W_CGROUP_DEPTH * (kMaxCgroupName + 1);
/// -1 is nobody's id: "no change" as uid or gid, "none yet" as audit session.
constexpr int64_t kMaxId = 0xfffffffe;

bool is_cgroup_path(std::string_view path) {
  size_t depth = 0;
  while (!path.empty()) {
    if (path.front() != '/' || ++depth > W_CGROUP_DEPTH)
      return false;
    path.remove_prefix(1);
    const std::string_view name = path.substr(0, path.find('/'));
    if (name.empty() || name.size() > kMaxCgroupName || name == "." || name == "..")
      return false;
    path.remove_prefix(name.size());
  }
  return depth > 0;
}

Checked<std::string> read_cgroup(ObjectReader &reader) {
  std::string path = WARRANT_TRY(reader.string("cgroup", 1, kMaxCgroupPath));
  if (!is_cgroup_path(path))
    return malformed(reader.at("cgroup"),
                     "absolute path below the root of the cgroup2 tree expected, of at most " +
                         std::to_string(W_CGROUP_DEPTH) + " names of at most " +
                         std::to_string(kMaxCgroupName) + " bytes",
                     "write it like /agents.slice/agent-7.service");
  return path;
}

/// Only units that certainly live directly in system.slice: instances have a slice of their own.
Checked<std::string> read_unit(ObjectReader &reader) {
  std::string unit = WARRANT_TRY(reader.string("unit", 1, kMaxCgroupName));
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view(":-_.\\").find(c) != std::string_view::npos;
  };
  if (unit.size() <= kUnitSuffix.size() || !unit.ends_with(kUnitSuffix) ||
      !std::all_of(unit.begin(), unit.end(), allowed))
    return malformed(
        reader.at("unit"), "name of a service in system.slice expected",
        "for an instance, a slice or another manager's unit give " + reader.at("cgroup"));
  return unit;
}

Checked<std::optional<uint32_t>> read_number(ObjectReader &reader, std::string_view name) {
  if (!reader.has(name))
    return std::optional<uint32_t>();
  return std::optional(static_cast<uint32_t>(WARRANT_TRY(reader.integer(name, 0, kMaxId))));
}

bool is_restricted(const Initiator &initiator) {
  return initiator.uid || initiator.gid || initiator.cgroup || initiator.unit ||
         initiator.parent_sha256 || initiator.session;
}

Checked<void> check_meaning(const ObjectReader &reader, const Initiator &initiator) {
  if (!initiator.any && !is_restricted(initiator))
    return malformed(reader.at("any"), "no restriction given, which means nobody",
                     "name uid, gid, cgroup, unit, parentSha256 or session, or say \"any\": true");
  if (initiator.any && is_restricted(initiator))
    return malformed(reader.at("any"), "excludes all restrictions", "remove it or them");
  if (initiator.cgroup && initiator.unit)
    return malformed(reader.at("unit"),
                     "a process has one cgroup: unit and cgroup exclude each other",
                     "give the narrower of the two");
  return {};
}

bool is_cgroup_within(const std::string &inner, const std::string &outer) {
  return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
}

} // namespace

std::string_view kind_name(ArtifactKind kind) {
  return kKinds.at(static_cast<size_t>(kind));
}

std::optional<ArtifactKind> kind_from_name(std::string_view name) {
  const auto *const found = std::find(kKinds.begin(), kKinds.end(), name);
  if (found == kKinds.end())
    return std::nullopt;
  return static_cast<ArtifactKind>(found - kKinds.begin());
}

std::optional<std::string> Initiator::cgroup_path() const {
  return unit ? std::string(kUnitSlice) + *unit : cgroup;
}

Checked<Initiator> read_initiator(ObjectReader &&reader) {
  Initiator initiator;
  if (reader.has("any")) {
    initiator.any = WARRANT_TRY(reader.boolean("any"));
    if (!initiator.any)
      return malformed(reader.at("any"), "true expected", "leave it out instead");
  }
  initiator.uid = WARRANT_TRY(read_number(reader, "uid"));
  initiator.gid = WARRANT_TRY(read_number(reader, "gid"));
  if (reader.has("cgroup"))
    initiator.cgroup = WARRANT_TRY(read_cgroup(reader));
  if (reader.has("unit"))
    initiator.unit = WARRANT_TRY(read_unit(reader));
  if (reader.has("parentSha256"))
    initiator.parent_sha256 = WARRANT_TRY(reader.digest("parentSha256"));
  initiator.session = WARRANT_TRY(read_number(reader, "session"));
  WARRANT_TRY(reader.finish());
  WARRANT_TRY(check_meaning(reader, initiator));
  return initiator;
}

Json initiator_json(const Initiator &initiator) {
  Json json = Json::object();
  if (initiator.any)
    json["any"] = true;
  if (initiator.uid)
    json["uid"] = *initiator.uid;
  if (initiator.gid)
    json["gid"] = *initiator.gid;
  if (initiator.cgroup)
    json["cgroup"] = *initiator.cgroup;
  if (initiator.unit)
    json["unit"] = *initiator.unit;
  if (initiator.parent_sha256)
    json["parentSha256"] = to_hex(*initiator.parent_sha256);
  if (initiator.session)
    json["session"] = *initiator.session;
  return json;
}

std::optional<std::string> wider_member(const Initiator &inner, const Initiator &outer) {
  if (outer.any)
    return std::nullopt;
  if (!is_restricted(outer)) // nobody
    return "any";
  if (outer.uid && inner.uid != outer.uid)
    return "uid";
  if (outer.gid && inner.gid != outer.gid)
    return "gid";
  const std::optional<std::string> around = outer.cgroup_path();
  const std::optional<std::string> within = inner.cgroup_path();
  if (around && !within)
    return outer.unit ? "unit" : "cgroup";
  if (around && !is_cgroup_within(*within, *around))
    return inner.unit ? "unit" : "cgroup";
  if (outer.parent_sha256 && inner.parent_sha256 != outer.parent_sha256)
    return "parentSha256";
  if (outer.session && inner.session != outer.session)
    return "session";
  return std::nullopt;
}

} // namespace warrant
