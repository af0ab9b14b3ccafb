// SPDX-License-Identifier: Apache-2.0
// What systemd is told (sd_notify(3)); without NOTIFY_SOCKET these do nothing.
#pragma once

#include <cstdint>
#include <string>

namespace warrant {

// Sends e.g. "READY=1" or "STATUS=..." lines.
void notify_manager(const std::string &state);

// Microseconds after which the manager wants to hear "WATCHDOG=1"; 0: it does not.
uint64_t watchdog_interval();

} // namespace warrant
