// SPDX-License-Identifier: Apache-2.0
#include "daemon/takeover.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

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

Status check_hold(const w_config &config, uint64_t serial, const std::string &state) {
  if (config.abi != W_ABI_VERSION)
    return Error{"the programs in the kernel speak version " + std::to_string(config.abi) +
                 " of the contract, this daemon version " + std::to_string(W_ABI_VERSION) +
                 ": run the daemon that armed them, or restart the machine"};
  if (serial < config.state_serial)
    return Error{"the state in " + state + " is older (" + std::to_string(serial) +
                 ") than what the kernel enforces (" + std::to_string(config.state_serial) +
                 "): it was rolled back, and counted uses with it. What is in force stays"};
  return {};
}

Result<Held> take_hold(const std::string &pins, const std::string &state, Admission &admission) {
  UniqueFd lock = WARRANT_TRY(lock_pins(pins));
  MapSet maps = WARRANT_TRY(MapSet::open(pins));
  const w_config config = WARRANT_TRY(read_config(maps));
  WARRANT_TRY(check_hold(config, admission.state().serial, state));
  admission.bind(root_of(config));
  return Held{std::move(lock), std::move(maps), config};
}

Result<Era> era_of(uint64_t enforcing_since) {
  std::string boot;
  if (!std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot))
    return Error{"cannot read the boot id"};
  return make_era(boot, enforcing_since);
}

} // namespace warrant
