// SPDX-License-Identifier: Apache-2.0
// What must hold of the decision whatever the facts are, for the exhaustive test and the fuzzer.
#pragma once
#include <string_view>
#include <vector>

#include "bpf/abi.h"

namespace warrant {

struct Invariant {
  std::string_view words;
  bool (*holds)(const w_facts &);
};

/// All invariants, each true of every bit pattern of `facts`.
const std::vector<Invariant> &decide_invariants();

/// The words of the first invariant that these facts break; empty: none.
std::string_view broken_invariant(const w_facts &facts);

} // namespace warrant
