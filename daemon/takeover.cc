// SPDX-License-Identifier: Apache-2.0
#include "daemon/takeover.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include "daemon/publish.h"

namespace warrant {

Result<UniqueFd> lock_pins(const std::string &pins) {
  const int fd = ::open(pins.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return Error{"cannot open " + pins + ": " + std::strerror(errno)};
  UniqueFd lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
    return Error{pins + (errno == EWOULDBLOCK
                             ? std::string(": another process has it: another warrantd runs "
                                           "already, or somebody locked it (see `lslocks`)")
                             : std::string(": cannot be locked: ") + std::strerror(errno))};
  return lock;
}

namespace {

bool is_among(uint32_t id, const std::vector<uint32_t> &ids) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

struct Attached {
  uint32_t types = 0; // number of the type information, of which each object has one of its own
  std::vector<uint32_t> maps;
};

// The program behind a pinned link, and the maps that it uses. While enforcement is on nobody loads
// programs of that kind, unless the policy lets everybody, and then nobody who administers.
Result<Attached> attached(const std::string &pins, std::string_view program) {
  const std::string path = link_pin_path(pins, program);
  const Error other{path + " is no link to a program of enforcement"};
  const int opened = bpf_obj_get(path.c_str());
  if (opened < 0)
    return other;
  const UniqueFd link(opened);
  bpf_link_info about{};
  uint32_t size = sizeof(about);
  if (bpf_obj_get_info_by_fd(link.get(), &about, &size) != 0)
    return other;
  const int number = bpf_prog_get_fd_by_id(about.prog_id);
  if (number < 0)
    return other;
  const UniqueFd fd(number);
  std::vector<uint32_t> ids(64);
  bpf_prog_info info{};
  info.nr_map_ids = static_cast<uint32_t>(ids.size());
  info.map_ids = reinterpret_cast<uintptr_t>(ids.data());
  size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0 || info.type != BPF_PROG_TYPE_LSM ||
      std::string_view(info.name) != program.substr(0, sizeof(info.name) - 1))
    return other;
  ids.resize(std::min<size_t>(info.nr_map_ids, ids.size()));
  return Attached{info.btf_id, std::move(ids)};
}

} // namespace

Status check_maps(const std::string &pins, const MapSet &maps) {
  const Attached judge = WARRANT_TRY(attached(pins, "on_bprm_check"));
  const Attached guard = WARRANT_TRY(attached(pins, "on_bpf_map"));
  if (judge.types != guard.types)
    return Error{pins +
                 " has links to programs of several objects: somebody put together this "
                 "folder of pins. What is in force stays"};
  std::vector<uint32_t> used = judge.maps;
  used.insert(used.end(), guard.maps.begin(), guard.maps.end());
  for (size_t i = 0; i < kMapNames.size(); i++) {
    bpf_map_info info{};
    uint32_t size = sizeof(info);
    if (bpf_obj_get_info_by_fd(maps.fd(static_cast<Map>(i)), &info, &size) != 0 ||
        !is_among(info.id, used))
      return Error{map_pin_path(pins, kMapNames[i]) +
                   " is not the map that the programs in the kernel use: somebody put together "
                   "this folder of pins. What is in force stays"};
    if (!has_name_of(static_cast<Map>(i), info))
      return Error{map_pin_path(pins, kMapNames[i]) + " is another map of enforcement, " +
                   printable(info.name) + ". What is in force stays"};
  }
  bpf_prog_info taker{};
  uint32_t size = sizeof(taker);
  if (bpf_obj_get_info_by_fd(maps.take_uses(), &taker, &size) != 0 ||
      taker.type != BPF_PROG_TYPE_SYSCALL || taker.btf_id != judge.types ||
      std::string_view(taker.name) != kTakeUses)
    return Error{take_uses_pin_path(pins) +
                 " is not enforcement's program. What is in force stays"};
  return {};
}

Status check_folder(int lock, const MapSet &maps) {
  const uint32_t zero = 0;
  w_guard guard{};
  struct stat about {};
  if (bpf_map_lookup_elem(maps.fd(Map::kGuard), &zero, &guard) != 0 || ::fstat(lock, &about) != 0)
    return Error{std::string("cannot tell where the pins lie: ") + std::strerror(errno)};
  // The kernel's own number of a device has twenty bits for the minor one (MKDEV, to 7.2).
  const uint32_t device = major(about.st_dev) << 20 | minor(about.st_dev);
  if (device != guard.device || about.st_ino != guard.folders[0])
    return Error{
        "this is not the folder in which enforcement was pinned, but one with links to what lies "
        "there (fix: --pin with the folder itself). What is in force stays"};
  return {};
}

Status check_hold(const w_config &config, uint64_t serial, const Digest &digest,
                  const std::string &state) {
  if (config.abi != W_ABI_VERSION)
    return Error{"the programs in the kernel speak version " + std::to_string(config.abi) +
                 " of the contract, this daemon version " + std::to_string(W_ABI_VERSION) +
                 ": run the daemon that armed them, or restart the machine"};
  if (serial < config.state_serial)
    return Error{"the state in " + state + " is older (" + std::to_string(serial) +
                 ") than what the kernel enforces (" + std::to_string(config.state_serial) +
                 "): it was rolled back, and counted uses with it. What is in force stays"};
  if (!is_left(config, digest))
    return Error{
        "the state in " + state +
        " is not what the daemon left there: somebody changed it, or it belongs to another "
        "machine. What is in force stays (fix: bring back the newest copy, or restart the "
        "machine)"};
  return {};
}

Result<Held> take_hold(const std::string &pins, const std::string &state, const std::string &boot,
                       Admission &admission) {
  UniqueFd lock = WARRANT_TRY(lock_pins(pins));
  MapSet maps = WARRANT_TRY(MapSet::open(pins));
  WARRANT_TRY(check_maps(pins, maps));
  // Who has the lock of another folder has it from nobody.
  if (Status here = check_folder(lock.get(), maps); !here.ok())
    return std::move(here).error().context(pins);
  const w_config config = WARRANT_TRY(read_config(maps));
  WARRANT_TRY(check_hold(config, admission.state().serial, admission.state_digest(), state));
  // What was left says which boot it is of: /proc can be somebody's folder.
  if (admission.state().era != make_era(boot, config.enforcing_since))
    return Error{
        "the boot id is not that of the boot in which enforcement was armed: something "
        "else lies over /proc. What is in force stays"};
  WARRANT_TRY(let_pins_go(maps.fd(Map::kConfig), 0));
  admission.resume(ClockMap{config.boot_minus_wall});
  admission.bind(root_of(config));
  WARRANT_TRY(admission.tie(keeper_of_states(maps)));
  return Held{std::move(lock), std::move(maps), config};
}

} // namespace warrant
