// SPDX-License-Identifier: Apache-2.0
// Names of everything that enforcement leaves in bpffs. One table each, indexed by enum, so that
// loading, adopting and looking can never disagree about what there must be.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "artifacts/result.h"
#include "bpf/abi.h"
#include "daemon/unique_fd.h"

namespace warrant {

inline constexpr std::string_view kDefaultPinDirectory = "/sys/fs/bpf/warrant";

enum class Map : size_t {
  kConfig,
  kVerdicts,
  kArtifacts,
  kUidScopes,
  kCgroupScopes,
  kEnvironments,
  kUses,
  kInodes,
  kTasks,
  kCounters,
  kSequences,
  kEvents,
  kCount
};
inline constexpr std::array<std::string_view, static_cast<size_t>(Map::kCount)> kMapNames = {
    "config", "verdicts", "artifacts", "uid_scopes", "cgroup_scopes", "environments",
    "uses",   "inodes",   "tasks",     "counters",   "sequences",     "events"};

enum class Link : size_t {
  kTaskAlloc,
  kFileOpen,
  kBprmCheck,
  kBprmCommitted,
  kMmapFile,
  kFileMprotect,
  kPathTruncate,
  kCount
};
inline constexpr std::array<std::string_view, static_cast<size_t>(Link::kCount)> kLinkNames = {
    "on_task_alloc", "on_file_open",     "on_bprm_check",   "on_bprm_committed",
    "on_mmap_file",  "on_file_mprotect", "on_path_truncate"};
// Every hook of the contract but W_HOOK_INVALID has a link.
static_assert(kLinkNames.size() == W_HOOK_COUNT - 1);

// The program that the daemon runs itself.
inline constexpr std::string_view kTakeUses = "take_uses";

std::string map_pin_path(const std::string &directory, std::string_view name);
std::string link_pin_path(const std::string &directory, std::string_view name);

// How much of enforcement is pinned under `directory`.
struct PinState {
  size_t maps = 0;
  size_t links = 0;
  std::string missing; // first name that is not there

  bool none() const { return maps == 0 && links == 0; }
  bool complete() const { return maps == kMapNames.size() && links == kLinkNames.size(); }
};
PinState find_pins(const std::string &directory);

// Descriptors of all maps, from the pins. Error: names the pin and errno.
class MapSet {
 public:
  static Result<MapSet> open(const std::string &directory);

  int fd(Map map) const { return fds_[static_cast<size_t>(map)].get(); }

 private:
  explicit MapSet(std::vector<UniqueFd> fds) : fds_(std::move(fds)) {}

  std::vector<UniqueFd> fds_;
};

} // namespace warrant
