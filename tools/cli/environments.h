// SPDX-License-Identifier: Apache-2.0
// What is said on the command line about the machine: of artifacts what they ask for, of policies
// what they call it and how it is proven.
#pragma once

#include <string>

#include "artifacts/environment.h"
#include "artifacts/policy.h"
#include "tools/cli/arguments.h"
#include "tools/cli/failure.h"

namespace warrant::cli {

/// --environment profile=NAME, group=NAME, key=HEX or pcr=N:SHA256; each may be given, all must
/// hold.
Try<void> apply_demands(const Arguments &arguments, EnvironmentDemand &demand);

/// --environment NAME=FILE and --attestation WORD=VALUE,...: checked when the policy is serialized.
Try<void> apply_attestation(const Arguments &arguments, Policy &policy);

/// "host a, key 000b...", one line; empty: nothing is asked.
std::string demand_text(const EnvironmentDemand &demand);
/// "60 s leases, renewed every 20 s, profile x for all, measured into PCR 13".
std::string attestation_text(const Attestation &attestation);

} // namespace warrant::cli
