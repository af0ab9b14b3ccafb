// SPDX-License-Identifier: Apache-2.0
// The options that say for whom, where and until when, shared by drafts and baselines.
#pragma once

#include <string>
#include <vector>

#include "artifacts/statement.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

/// --initiator, --host, --governance, --jit, --recovery, --interpreter-entry and
/// --interpreter-reads. What is not given stays as it is in
/// `authorization`, here and in the next two.
Try<void> apply_restrictions(const Arguments &arguments, Authorization &authorization);

/// --not-before, --not-after, --valid-for: issued now, from `begin` unless --not-before says else.
Try<void> apply_window(const Arguments &arguments, int64_t begin, Authorization &authorization);

/// --max-uses, --on-expiry, --on-revoke, --requires-parent, and the --delegate options.
Try<void> apply_constraints(const Arguments &arguments, Authorization &authorization);

/// "exec,map" or several words -> W_ACTION_* bits.
Try<uint32_t> parse_actions(const std::vector<std::string> &words);

/// The sha256 of the payload of the policy that --policy names: what artifacts refer to. The policy
/// must parse.
Try<Digest> policy_digest(const Arguments &arguments);

} // namespace warrant::cli
