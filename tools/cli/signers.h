// SPDX-License-Identifier: Apache-2.0
// Whether the signatures of a document that is shown were checked, and whose they are.
#pragma once

#include <string>
#include <vector>

#include "artifacts/json.h"
#include "artifacts/trust_root.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

struct Signers {
  bool verified = false; ///< only with --trust-root
  std::vector<std::string> fingerprints;
};

/// Verifies with the role of the trust root that --trust-root names; without it, nothing.
Try<Signers> signers_of(const Arguments &arguments, RoleName role, const std::string &path,
                        ByteView envelope);

/// " (UNVERIFIED: give --trust-root)".
std::string signers_mark(const Signers &signers);
/// One line each.
std::string signers_text(const Signers &signers);
/// Members "verified" and "signers".
void add_signers(Json &json, const Signers &signers);

} // namespace warrant::cli
