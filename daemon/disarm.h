// SPDX-License-Identifier: Apache-2.0
// The orderly end of enforcement: by a break-glass artifact, recorded before anything is taken away
// (ADR 0015).
#pragma once

#include <cstdint>
#include <string>

#include "artifacts/bytes.h"
#include "artifacts/result.h"
#include "daemon/service.h"
#include "daemon/source.h"
#include "lineage/attribution.h"

namespace warrant {

// The artifact that lets uid 0 end enforcement at `boot_ns` (CLOCK_BOOTTIME) with the program of
// this content: break-glass, in force, for this host, whose grant for that content has `exec` and
// `administer`; nullptr: there is none. What is compiled decides, as it does in the kernel:
// blocked, revoked, outside of its window or for another initiator, it grants nothing.
const AcceptedArtifact *find_disarming(const Collection &collection, const Digest &program,
                                       uint64_t boot_ns);

// Why none does, for a person: what it takes, and what is wrong with each that comes near.
std::string why_none_disarms(const Collection &collection, const Digest &program, uint64_t boot_ns);

// Ends enforcement that is pinned, and returns what allowed it. In this order: the record, the
// artifact is spent, the links, the uses that are left, the maps. Until the first link goes an
// error leaves all as it was, but for a spent artifact. Errors: nothing is pinned, a daemon runs,
// what take_hold() refuses, no artifact allows it (recorded, too).
Result<Attribution> disarm(const ServiceOptions &options);

} // namespace warrant
