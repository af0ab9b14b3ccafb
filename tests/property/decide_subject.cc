// SPDX-License-Identifier: Apache-2.0
#include "tests/property/decide_subject.h"

#include "bpf/decide.h"

namespace warrant {

w_decision subject_decide(const w_facts &facts) {
  return w_decide(&facts);
}
int subject_errno(w_decision decision) {
  return w_errno(decision);
}

} // namespace warrant
