// SPDX-License-Identifier: Apache-2.0
// The commands of the log of records, as cmd.h has the others; and their part of the table.
#pragma once

#include <span>

#include "tools/cli/arguments.h"

namespace warrant::cli {

Answer lineage_verify(const Arguments &arguments);
Answer lineage_prove(const Arguments &arguments);
Answer lineage_verify_proof(const Arguments &arguments);
Answer lineage_consistency(const Arguments &arguments);
Answer lineage_key(const Arguments &arguments);
Answer lineage_prune(const Arguments &arguments);
Answer witness(const Arguments &arguments);

/// Commands that read the log of records, prove what is in it, and witness it.
std::span<const Command> log_commands();

} // namespace warrant::cli
