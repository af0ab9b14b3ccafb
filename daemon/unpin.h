// SPDX-License-Identifier: Apache-2.0
// Takes enforcement away again, so that whatever is left of it at any moment still refuses.
#pragma once

#include <array>
#include <string>

#include "artifacts/result.h"
#include "daemon/pins.h"

namespace warrant {

// kLinks in the order in which they go: first what guards enforcement itself, then who may write to
// code, what lets code be mapped and executed, and last what keeps the context of processes.
// So long as anything that judges is left, it is not the execs that are open.
std::array<LinkName, kLinks.size()> removal_order();

// Removes the pins of all links in that order, and waits until the kernel has let go of them: of
// all that judge before what keeps contexts goes. At the first one that stays the rest stays too;
// the error names it. An error, too: somebody else holds a link, so that it is attached without a
// pin.
Status unpin_links(const std::string &directory);
// Removes what is pinned besides, and the folders if they are empty. Only when no
// link is left.
Status unpin_rest(const std::string &directory);

// Both, as far as it goes: what a start that did not come to its end leaves behind.
void remove_pins(const std::string &directory);

} // namespace warrant
