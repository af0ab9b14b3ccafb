// SPDX-License-Identifier: Apache-2.0
#include "tests/property/decide_subject.h"

#include "bpf/decide.h"

namespace warrant {

w_decision subject_decide(const w_facts &facts) {
  return w_decide(&facts);
}
w_decision subject_decide_in(const w_facts &facts, w_decision room) {
  return w_decide_in(&facts, &room);
}
int subject_errno(w_decision decision) {
  return w_errno(decision);
}

} // namespace warrant
