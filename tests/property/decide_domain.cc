// SPDX-License-Identifier: Apache-2.0
#include "tests/property/decide_domain.h"

#include <iterator>
#include <sstream>

namespace warrant::domain {

std::string describe(const w_facts &facts) {
  std::ostringstream out;
  out << "request " << +facts.request << " mode " << +facts.mode << " audit " << +facts.audit
      << " measure " << +facts.measure << " chain " << +facts.chain << " object " << +facts.object
      << " flags 0x" << std::hex << facts.flags << std::dec << " now " << facts.now
      << " candidates " << facts.candidate_count;
  for (std::uint32_t i = 0; i < facts.candidate_count && i < W_MAX_CANDIDATES; i++) {
    const auto &grant = facts.candidates[i];
    out << "\n  [" << i << "] artifact " << grant.artifact << " actions 0x" << std::hex
        << grant.actions << " flags 0x" << grant.flags << std::dec << " window " << grant.not_before
        << ".." << grant.not_after << " lease " << grant.lease_until;
  }
  return out.str();
}

const char *reason_text(unsigned reason) {
  static const char *const texts[] = {
#define W_TEXT(name, text) text,
      W_REASONS(W_TEXT)
#undef W_TEXT
  };
  return reason < std::size(texts) ? texts[reason] : "unknown";
}

std::string describe(w_decision decision) {
  std::ostringstream out;
  out << "verdict " << +decision.verdict << " reason " << reason_text(decision.reason)
      << " candidate " << +decision.candidate << " enforced " << +decision.enforced;
  return out.str();
}

} // namespace warrant::domain
