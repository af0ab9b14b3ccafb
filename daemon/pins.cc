// SPDX-License-Identifier: Apache-2.0
#include "daemon/pins.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace warrant {

std::string map_pin_path(const std::string &directory, std::string_view name) {
  return directory + "/maps/" + std::string(name);
}

std::string link_pin_path(const std::string &directory, std::string_view name) {
  return directory + "/links/" + std::string(name);
}

PinState find_pins(const std::string &directory) {
  PinState state;
  auto look = [&](const std::string &path, size_t &count) {
    if (::access(path.c_str(), F_OK) == 0)
      count++;
    else if (state.missing.empty())
      state.missing = path;
  };
  for (std::string_view name : kMapNames)
    look(map_pin_path(directory, name), state.maps);
  for (std::string_view name : kLinkNames)
    look(link_pin_path(directory, name), state.links);
  return state;
}

Result<MapSet> MapSet::open(const std::string &directory) {
  std::vector<UniqueFd> fds;
  for (std::string_view name : kMapNames) {
    std::string path = map_pin_path(directory, name);
    int fd = bpf_obj_get(path.c_str());
    if (fd < 0)
      return Error{"cannot open pinned map " + path + ": " + std::strerror(errno)};
    fds.emplace_back(fd);
  }
  return MapSet(std::move(fds));
}

} // namespace warrant
