// SPDX-License-Identifier: Apache-2.0
// Whether the state on disk is the newest, told by a counter in the TPM. The state is one step
// ahead of the counter only between being saved and the counter's step.
#pragma once

#include <cstdint>
#include <optional>

#include "artifacts/result.h"

namespace warrant {

// `state`: the epoch that was saved with the state; 0: none yet. `counter`: what the TPM's counter
// is; nothing: there is none. `resolves`: the counter for which the enrollment accepts any state.
// Error: the state is older than the TPM knows, or of another TPM; with what to do.
Status check_epoch(uint64_t state, std::optional<uint64_t> counter,
                   std::optional<uint64_t> resolves);

} // namespace warrant
