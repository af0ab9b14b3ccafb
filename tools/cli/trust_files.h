// SPDX-License-Identifier: Apache-2.0
// Trust root, policy and revocation list, from the files that the options name.
#pragma once

#include "artifacts/trust.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

/// What is read when neither --policy nor --revocation is given, and it is there.
inline constexpr const char *kRevocationFile = "/etc/warrant/revocation.json";

enum class Drafts { kRefuse, kAllow };

/// Of --trust-root, --policy and --revocation, each verified, for the host of --host or this one.
/// With kAllow, --policy may name a draft, which nobody vouches for: its digest is what it will
/// have when it is signed.
Try<TrustState> load_trust_of(const Arguments &arguments, Drafts drafts = Drafts::kRefuse);

} // namespace warrant::cli
