// SPDX-License-Identifier: Apache-2.0
// The series in which the kernel numbers events and execs of one boot.
#pragma once

#include <cstdint>

#include "artifacts/result.h"
#include "daemon/pins.h"

namespace warrant {

// The number of the last event that the kernel has numbered in this boot; 0: none.
Result<uint64_t> last_number(const MapSet &maps);
// Before anything is attached: numbers of events and execs go on behind these.
Status continue_numbers(const MapSet &maps, uint64_t last_event, uint64_t last_lineage);

} // namespace warrant
