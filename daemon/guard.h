// SPDX-License-Identifier: Apache-2.0
// Tells the programs where they are kept, before they are attached: from then on nobody opens
// maps but who administers, and nobody takes pins or their mount away.
#pragma once

#include <string>

#include "artifacts/result.h"

struct enforcement;

namespace warrant {

// Called once, with the maps pinned below `directory` and nothing attached. From here on this task
// administers. Error: names the folder, and what is wrong with it.
Status set_guard(const ::enforcement &skeleton, const std::string &directory);

} // namespace warrant
