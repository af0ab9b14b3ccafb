// SPDX-License-Identifier: Apache-2.0
// Taking hold of enforcement that another process armed: only by a daemon that speaks the programs'
// contract, remembers all that the kernel was given, and believes whom the kernel's trust root led
// to.
#pragma once

#include <string>

#include "artifacts/result.h"
#include "bpf/abi.h"
#include "daemon/admission.h"
#include "daemon/ledger.h"
#include "daemon/pins.h"
#include "daemon/unique_fd.h"

namespace warrant {

// One daemon at a time has what is pinned below `pins`, whatever its state directory. Error:
// another process has it.
Result<UniqueFd> lock_pins(const std::string &pins);

struct Held {
  UniqueFd lock;
  MapSet maps;
  w_config config;
};

// Locks and opens what is pinned below `pins` and binds `admission` to the kernel's trust root.
// `state` is the state directory, for messages. Errors: see check_hold(); a pin cannot be opened.
// `boot`: its id, as the records have it.
Result<Held> take_hold(const std::string &pins, const std::string &state, const std::string &boot,
                       Admission &admission);

// Whether the maps are those of the programs that are attached: `pins` may be anybody's folder,
// with links to some of ours in it.
Status check_maps(const std::string &pins, const MapSet &maps);

// Whether the folder that was locked is the one that the programs guard: links lead there from any
// number of others.
Status check_folder(int lock, const MapSet &maps);

// Whether a daemon whose durable state has this serial and SHA-256 may take over what the kernel
// says of itself: the same contract, and the state is what the last daemon left, neither rolled
// back nor changed.
Status check_hold(const w_config &config, uint64_t serial, const Digest &digest,
                  const std::string &state);

} // namespace warrant
