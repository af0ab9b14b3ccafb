// SPDX-License-Identifier: Apache-2.0
#include "daemon/contexts.h"

#include <bpf/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/unique_fd.h"

namespace warrant {
namespace {

// What the programs keep of a task is more than this tool knows of; zeros: it cannot be asked.
size_t value_size(int map) {
  bpf_map_info info{};
  uint32_t size = sizeof(info);
  return bpf_obj_get_info_by_fd(map, &info, &size) == 0 ? info.value_size : 0;
}

Result<std::optional<w_process>> stored_context(int map, int pidfd) {
  std::vector<char> value(value_size(map));
  w_process process{};
  if (value.size() < sizeof(process))
    return Error{"the kernel does not tell how much it keeps of a task"};
  if (bpf_map_lookup_elem(map, &pidfd, value.data()) != 0) {
    if (errno != ENOENT)
      return map_error("cannot look up what is kept of a task");
    return std::optional<w_process>();
  }
  // The context stands first in what the programs keep of a task.
  std::memcpy(&process, value.data(), sizeof(process));
  // Room that was made for it, and that it has not come to yet.
  return process.lineage != 0 ? std::optional(process) : std::nullopt;
}

// When the process of that number was started, by CLOCK_BOOTTIME; no later than it was, but up to a
// tick of the kernel earlier (proc(5), starttime). Nothing: there is none.
std::optional<uint64_t> started(pid_t pid) {
  constexpr int kFieldsAfterName = 20; // from the third to the twenty-second
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line) || line.rfind(')') == std::string::npos)
    return std::nullopt;
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string field;
  for (int i = 0; i < kFieldsAfterName; i++)
    fields >> field;
  uint64_t ticks = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), ticks);
  if (!fields || error != std::errc{} || end != field.data() + field.size())
    return std::nullopt;
  return ticks * (1'000'000'000 / static_cast<uint64_t>(::sysconf(_SC_CLK_TCK)));
}

// A task that has ended may still be held by somebody, and its number be another's by now: such a
// one was executed before the other was started.
std::optional<w_process> slot_context(int map, pid_t pid) {
  std::vector<char> value(value_size(map));
  const std::optional<uint64_t> start = started(pid);
  std::optional<w_process> latest;
  w_known_task task{};
  if (value.size() < sizeof(task) || !start)
    return std::nullopt;
  for (uint32_t slot = 0; bpf_map_lookup_elem(map, &slot, value.data()) == 0; slot++) {
    std::memcpy(&task, value.data(), sizeof(task));
    if (task.task != 0 && task.tgid == static_cast<uint32_t>(pid) && task.process.since >= *start &&
        (!latest || latest->since < task.process.since))
      latest = task.process;
  }
  return latest;
}

} // namespace

Result<std::optional<w_process>> process_context(const MapSet &maps, int pidfd) {
  return stored_context(maps.fd(Map::kTasks), pidfd);
}

std::optional<w_process> process_context(const MapSet &maps, int pidfd, pid_t pid) {
  const Result<std::optional<w_process>> stored = stored_context(maps.fd(Map::kTasks), pidfd);
  return stored.ok() && stored.value() ? stored.value()
                                       : slot_context(maps.fd(Map::kContexts), pid);
}

Result<w_process> own_context(const MapSet &maps) {
  const UniqueFd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  const std::optional<w_process> known = process_context(maps, self.get(), ::getpid());
  if (!known)
    return Error{
        "the kernel does not say what this process is to it (is another /proc in place of "
        "its own?)"};
  return *known;
}

} // namespace warrant
