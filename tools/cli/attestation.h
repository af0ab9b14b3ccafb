// SPDX-License-Identifier: Apache-2.0
// What both ends of a remote proof take from the command line.
#pragma once

#include "artifacts/attestation_bundle.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

/// Of --challenge.
Try<Bytes> challenge_of(const Arguments &arguments);

} // namespace warrant::cli
