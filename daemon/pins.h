// SPDX-License-Identifier: Apache-2.0
// Names of everything that enforcement leaves in bpffs. One table each, indexed by enum, so that
// loading, adopting and looking can never disagree about what there must be.
#pragma once

#include <linux/bpf.h>

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
  kGuard,
  kVerdicts,
  kArtifacts,
  kUidScopes,
  kCgroupScopes,
  kEnvironments,
  kUses,
  kInodes,
  kContexts,
  kTasks,
  kRooms,
  kOwnRooms,
  kCounters,
  kSequences,
  kEvents,
  kCount
};
inline constexpr std::array<std::string_view, static_cast<size_t>(Map::kCount)> kMapNames = {
    "config",       "guard",    "verdicts",  "artifacts", "uid_scopes", "cgroup_scopes",
    "environments", "uses",     "inodes",    "contexts",  "tasks",      "rooms",
    "own_rooms",    "counters", "sequences", "events"};

// Whether a map is of the kind of enforcement's of that name, and holds as much: the kernel writes
// as much as a map holds, per processor where it is of such a kind, whatever room there is for it.
bool has_shape_of(Map map, const bpf_map_info &info);
// Whether it was made under that name. Of shapes alike that tells them apart, among maps that the
// programs use.
bool has_name_of(Map map, const bpf_map_info &info);

// One program, pinned under its name, for each hook of the contract.
struct LinkName {
  w_hook hook;
  std::string_view program;
  bool optional = false; // not every kernel has a use for it: attached where there is one
};
inline constexpr std::array<LinkName, W_HOOK_COUNT - 1> kLinks = {
    {{W_HOOK_TASK_ALLOC, "on_task_alloc"},
     {W_HOOK_TASK_FREE, "on_task_free"},
     {W_HOOK_FOLLOW_LINK, "on_follow_link"},
     {W_HOOK_FILE_OPEN, "on_file_open"},
     {W_HOOK_FILE_POST_OPEN, "on_file_post_open", true},
     {W_HOOK_BPRM_CREDS, "on_bprm_creds", true},
     {W_HOOK_BPRM_CHECK, "on_bprm_check"},
     {W_HOOK_BPRM_FILE, "on_bprm_file", true},
     {W_HOOK_BPRM_COMMITTED, "on_bprm_committed"},
     {W_HOOK_MMAP_FILE, "on_mmap_file"},
     {W_HOOK_FILE_MPROTECT, "on_file_mprotect"},
     {W_HOOK_INODE_SETATTR, "on_inode_setattr"},
     {W_HOOK_FILE_IOCTL, "on_file_ioctl"},
     {W_HOOK_FILE_IOCTL_COMPAT, "on_file_ioctl_compat", true},
     {W_HOOK_INODE_UNLINK, "on_inode_unlink"},
     {W_HOOK_INODE_RMDIR, "on_inode_rmdir"},
     {W_HOOK_INODE_RENAME, "on_inode_rename"},
     {W_HOOK_SB_MOUNT, "on_sb_mount"},
     {W_HOOK_SB_REMOUNT, "on_sb_remount"},
     {W_HOOK_SB_UMOUNT, "on_sb_umount"},
     {W_HOOK_SB_PIVOTROOT, "on_sb_pivotroot"},
     {W_HOOK_MOVE_MOUNT, "on_move_mount"},
     {W_HOOK_BPF_MAP, "on_bpf_map"},
     {W_HOOK_BPF_PROG, "on_bpf_prog"},
     {W_HOOK_BPF, "on_bpf"},
     {W_HOOK_PERF_EVENT_OPEN, "on_perf_event_open", true},
     {W_HOOK_PTRACE_ACCESS_CHECK, "on_ptrace_access_check"},
     {W_HOOK_PTRACE_TRACEME, "on_ptrace_traceme"},
     {W_HOOK_INODE_INIT_SECURITY_ANON, "on_inode_init_security_anon"},
     {W_HOOK_LOCKED_DOWN, "on_locked_down"},
     {W_HOOK_KERNEL_READ_FILE, "on_kernel_read_file"},
     {W_HOOK_KERNEL_LOAD_DATA, "on_kernel_load_data"},
     {W_HOOK_PERSONALITY, "on_personality"},
     {W_HOOK_PERSONALITY_32, "on_personality_32", true},
     {W_HOOK_FILE_FCNTL, "on_file_fcntl"},
     {W_HOOK_QUOTA_ON, "on_quota_on"}}};
constexpr bool links_are_in_order() {
  for (size_t i = 0; i < kLinks.size(); i++)
    if (kLinks[i].hook != i + 1)
      return false;
  return true;
}
static_assert(links_are_in_order());

// What keeps contexts where they are looked for, from a task's birth to its end; in the order in
// which it is attached, before anything else. It goes after all else. As long as anything is judged
// by whose context it is, it must stay (bpf/contexts.bpf.h).
inline constexpr std::array<w_hook, 3> kFollowers = {W_HOOK_TASK_FREE, W_HOOK_TASK_ALLOC,
                                                     W_HOOK_BPRM_FILE};

constexpr uint64_t hook_bit(w_hook hook) {
  return uint64_t{1} << hook;
}

// The program that the daemon runs itself.
inline constexpr std::string_view kTakeUses = "take_uses";

// Whether the program of a hook is asked as a security module; else it sees a call begin.
bool is_security_hook(w_hook hook);
// The kernel function that the program of a hook is attached to.
std::string hook_function(w_hook hook);
std::string map_pin_path(const std::string &directory, std::string_view name);
std::string link_pin_path(const std::string &directory, std::string_view name);
std::string take_uses_pin_path(const std::string &directory);

// What could not be done with a map, and errno's word for why.
Error map_error(const std::string &what);

// How much of enforcement is pinned under `directory`.
struct PinState {
  size_t maps = 0;
  uint64_t hooks = 0;  // hook_bit() of each link
  std::string missing; // first name that is not there and that every kernel has

  bool none() const { return maps == 0 && hooks == 0; }
  // Which of the optional links there must be, only the configuration in the kernel tells.
  bool complete() const { return missing.empty(); }
};
PinState find_pins(const std::string &directory);

// Descriptors of all maps, and of the program take_uses, from the pins: opened once, so that
// nothing depends on the paths afterwards. Error: names the pin and errno.
class MapSet {
 public:
  static Result<MapSet> open(const std::string &directory);

  int fd(Map map) const { return fds_[static_cast<size_t>(map)].get(); }
  int take_uses() const { return take_uses_.get(); }

 private:
  MapSet(std::vector<UniqueFd> fds, UniqueFd take_uses)
      : fds_(std::move(fds)), take_uses_(std::move(take_uses)) {}

  std::vector<UniqueFd> fds_;
  UniqueFd take_uses_;
};

} // namespace warrant
