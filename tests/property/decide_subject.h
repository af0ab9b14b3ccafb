// SPDX-License-Identifier: Apache-2.0
// The decision under test, behind a call: mutate.sh swaps what stands behind it.
#pragma once
#include "bpf/abi.h"

namespace warrant {

/// w_decide() of bpf/decide.h.
w_decision subject_decide(const w_facts &facts);

/// w_decide_in() of bpf/decide.h; what lies in `room` before must not matter.
w_decision subject_decide_in(const w_facts &facts, w_decision room);

/// w_errno() of bpf/decide.h.
int subject_errno(w_decision decision);

} // namespace warrant
