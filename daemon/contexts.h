// SPDX-License-Identifier: Apache-2.0
// What the kernel knows of a process: the context that the programs keep of it.
#pragma once

#include <sys/types.h>

#include <optional>

#include "bpf/abi.h"
#include "daemon/pins.h"

namespace warrant {

// Room for a context of every process that runs, empty, so that none has to be made where it first
// asks for something: on 6.1 a program that may sleep does so, now and then, while it makes one,
// and every other task on that processor is refused its own meanwhile (docs/kernel-notes.md).
// `tasks`: the map. Threads but the first, and what cannot be done, are left to the programs.
void make_room_for_running(int tasks);

// The context of the process behind a pidfd if it carries a bond; of others only some are told.
std::optional<w_process> process_context(const MapSet &maps, int pidfd);
// The same of whatever process that has executed something and has not ended, which the caller sees
// to; `pid` is its number in the initial namespace. Looks through a table of 16384 entries.
std::optional<w_process> process_context(const MapSet &maps, int pidfd, pid_t pid);

} // namespace warrant
