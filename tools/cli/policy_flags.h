// SPDX-License-Identifier: Apache-2.0
// Policies from the command line and from drafts.
#pragma once

#include <string>

#include "artifacts/policy.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

/// From --mode, --audit, --filesystem and so on; issued now.
Try<Policy> policy_of_flags(const Arguments &arguments);
/// An error if any of these options is given: they say what a draft says itself.
Try<void> refuse_policy_flags(const Arguments &arguments);

/// A draft is the predicate alone, indented so that it can be edited.
Try<std::string> policy_draft_text(const Arguments &arguments, const Policy &policy);
/// A draft, or an envelope whose signatures nobody has checked.
Try<Policy> read_policy(const std::string &path, ByteView document);

} // namespace warrant::cli
