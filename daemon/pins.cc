// SPDX-License-Identifier: Apache-2.0
#include "daemon/pins.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "artifacts/names.h"

namespace warrant {

bool is_security_hook(w_hook hook) {
  return hook != W_HOOK_PERSONALITY && hook != W_HOOK_PERSONALITY_32;
}

std::string hook_function(w_hook hook) {
  if (!is_security_hook(hook))
    return hook == W_HOOK_PERSONALITY ? "__x64_sys_personality" : "__ia32_sys_personality";
  return "bpf_lsm_" + std::string(hook_name(hook));
}

std::string map_pin_path(const std::string &directory, std::string_view name) {
  return directory + "/maps/" + std::string(name);
}

std::string link_pin_path(const std::string &directory, std::string_view name) {
  return directory + "/links/" + std::string(name);
}

std::string take_uses_pin_path(const std::string &directory) {
  return directory + "/" + std::string(kTakeUses);
}

PinState find_pins(const std::string &directory) {
  PinState state;
  auto is_there = [&](const std::string &path, bool optional) {
    const bool there = ::access(path.c_str(), F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
    if (!there && !optional && state.missing.empty())
      state.missing = path;
    return there;
  };
  for (std::string_view name : kMapNames)
    state.maps += is_there(map_pin_path(directory, name), false) ? 1 : 0;
  for (const LinkName &link : kLinks)
    if (is_there(link_pin_path(directory, link.program), link.optional))
      state.hooks |= hook_bit(link.hook);
  return state;
}

namespace {

Result<UniqueFd> open_pin(const std::string &path) {
  const int fd = bpf_obj_get(path.c_str());
  if (fd >= 0)
    return UniqueFd(fd);
  std::string message = "cannot open " + path + ": " + std::strerror(errno);
  if (errno == EPERM)
    message +=
        ". Enforcement is in force and lets nobody near it but programs whose artifact "
        "grants the action administer (fix: have the artifact for this very program name "
        "it)";
  return Error{message};
}

struct Shape {
  bpf_map_type type;
  uint32_t key;   // bytes
  uint32_t value; // bytes; 0: what the programs keep for themselves, or of another version
};

constexpr std::array<Shape, kMapNames.size()> kShapes = {
    {{BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), 0},
     {BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(w_guard)},
     {BPF_MAP_TYPE_ARRAY_OF_MAPS, sizeof(uint32_t), sizeof(uint32_t)},
     {BPF_MAP_TYPE_ARRAY_OF_MAPS, sizeof(uint32_t), sizeof(uint32_t)},
     {BPF_MAP_TYPE_ARRAY_OF_MAPS, sizeof(uint32_t), sizeof(uint32_t)},
     {BPF_MAP_TYPE_ARRAY_OF_MAPS, sizeof(uint32_t), sizeof(uint32_t)},
     {BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(w_environment)},
     {BPF_MAP_TYPE_HASH, sizeof(w_uses_key), sizeof(w_uses)},
     {BPF_MAP_TYPE_INODE_STORAGE, sizeof(int), sizeof(w_inode)},
     {BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), 0},
     {BPF_MAP_TYPE_TASK_STORAGE, sizeof(int), 0},
     {BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), 0},
     {BPF_MAP_TYPE_TASK_STORAGE, sizeof(int), 0},
     {BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(uint32_t), sizeof(uint64_t)},
     {BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), W_SEQUENCE_COUNT * sizeof(uint64_t)},
     {BPF_MAP_TYPE_RINGBUF, 0, 0}}};

// A daemon of another version must not read into room for its own: the kernel writes as much as it
// holds.
Status check_version(int config) {
  bpf_map_info info{};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(config, &info, &size) != 0)
    return Error{std::string("cannot ask for the kernel configuration: ") + std::strerror(errno)};
  if (info.value_size != sizeof(w_config))
    return Error{
        "the programs in the kernel speak another version of the contract than this daemon: run "
        "the daemon that armed them, or restart the machine"};
  return {};
}

Status check_shapes(const std::vector<UniqueFd> &fds) {
  for (size_t i = 0; i < kMapNames.size(); i++) {
    bpf_map_info info{};
    uint32_t size = sizeof(info);
    if (bpf_obj_get_info_by_fd(fds[i].get(), &info, &size) != 0 ||
        !has_shape_of(static_cast<Map>(i), info))
      return Error{"what is pinned as map " + std::string(kMapNames.at(i)) +
                   " is another kind of map. What is in force stays"};
  }
  return {};
}

} // namespace

Error map_error(const std::string &what) {
  return Error{what + ": " + std::strerror(errno)};
}

bool has_shape_of(Map map, const bpf_map_info &info) {
  const Shape &shape = kShapes.at(static_cast<size_t>(map));
  return info.type == shape.type && info.key_size == shape.key &&
         (shape.value == 0 || info.value_size == shape.value);
}

bool has_name_of(Map map, const bpf_map_info &info) {
  const std::string name(kMapNames.at(static_cast<size_t>(map)));
  const std::string_view held(info.name);
  return held == name || held == ".data." + name;
}

Result<MapSet> MapSet::open(const std::string &directory) {
  std::vector<UniqueFd> fds;
  for (std::string_view name : kMapNames)
    fds.push_back(WARRANT_TRY(open_pin(map_pin_path(directory, name))));
  WARRANT_TRY(check_version(fds.at(static_cast<size_t>(Map::kConfig)).get()));
  WARRANT_TRY(check_shapes(fds));
  UniqueFd take_uses = WARRANT_TRY(open_pin(take_uses_pin_path(directory)));
  return MapSet(std::move(fds), std::move(take_uses));
}

} // namespace warrant
