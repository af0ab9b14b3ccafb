// SPDX-License-Identifier: Apache-2.0
// What the kernel knows of a process: the context that the programs keep of it.
#pragma once

#include <sys/types.h>

#include <optional>

#include "bpf/abi.h"
#include "daemon/pins.h"

namespace warrant {

// The context of the process behind a pidfd if it carries a bond; of others only some are told.
// Error: it could not be looked up.
Result<std::optional<w_process>> process_context(const MapSet &maps, int pidfd);
// The same of whatever process that has executed something and has not ended, which the caller sees
// to; `pid` is its number in the initial namespace. Looks through a table of 16384 entries.
std::optional<w_process> process_context(const MapSet &maps, int pidfd, pid_t pid);

// What the kernel knows of this process. Error: it knows of none that has executed anything under
// that number, or another /proc lies over its own.
Result<w_process> own_context(const MapSet &maps);

} // namespace warrant
