// SPDX-License-Identifier: Apache-2.0
#include "daemon/contexts.h"

#include <bpf/bpf.h>

#include <cstring>
#include <vector>

namespace warrant {
namespace {

// What the programs keep of a task is more than this tool knows of; zeros: it cannot be asked.
size_t value_size(int map) {
  bpf_map_info info{};
  uint32_t size = sizeof(info);
  return bpf_obj_get_info_by_fd(map, &info, &size) == 0 ? info.value_size : 0;
}

std::optional<w_process> stored_context(int map, int pidfd) {
  std::vector<char> value(value_size(map));
  w_process process{};
  if (value.size() < sizeof(process) || bpf_map_lookup_elem(map, &pidfd, value.data()) != 0)
    return std::nullopt;
  // The context stands first in what the programs keep of a task.
  std::memcpy(&process, value.data(), sizeof(process));
  return process;
}

// Of tasks of that number all but one have ended; it was executed last.
std::optional<w_process> slot_context(int map, uint32_t tgid) {
  std::vector<char> value(value_size(map));
  std::optional<w_process> latest;
  w_known_task task{};
  if (value.size() < sizeof(task))
    return std::nullopt;
  for (uint32_t slot = 0; bpf_map_lookup_elem(map, &slot, value.data()) == 0; slot++) {
    std::memcpy(&task, value.data(), sizeof(task));
    if (task.task != 0 && task.tgid == tgid && (!latest || latest->since < task.process.since))
      latest = task.process;
  }
  return latest;
}

} // namespace

std::optional<w_process> process_context(const MapSet &maps, int pidfd) {
  return stored_context(maps.fd(Map::kTasks), pidfd);
}

std::optional<w_process> process_context(const MapSet &maps, int pidfd, pid_t pid) {
  const std::optional<w_process> stored = stored_context(maps.fd(Map::kTasks), pidfd);
  return stored ? stored : slot_context(maps.fd(Map::kContexts), static_cast<uint32_t>(pid));
}

} // namespace warrant
