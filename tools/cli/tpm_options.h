// SPDX-License-Identifier: Apache-2.0
// Options that name something in a TPM.
#pragma once

#include <string_view>

#include "tools/cli/arguments.h"

namespace warrant::cli {

/// A handle or an index, in hex, with or without 0x.
Try<uint32_t> handle_of(const Arguments &arguments, std::string_view option);

} // namespace warrant::cli
