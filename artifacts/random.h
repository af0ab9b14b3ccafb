// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace warrant {

// From the kernel itself (getrandom(2), Linux 3.17), once it has enough; never from a device file,
// which may be another one by the time it is opened. The process ends where the kernel gives none.
void fill_random(std::span<uint8_t> bytes);

} // namespace warrant
