// SPDX-License-Identifier: Apache-2.0
// What replay needs of a record's line, without a document: the parser of records builds one,
// writes it anew and compares, which takes ten times as long as all that decide() does.
//
// Only the usual spelling is understood: a canonical object of printable ASCII in which no string
// has an escape. Whatever else goes to parse_record(), which says what is wrong with it, or that
// nothing is.
#pragma once

#include <string_view>

#include "bpf/abi.h"

namespace warrant {

/// Facts and verdict, exactly as parse_record() reads them. The line is canonical JSON from end to
/// end, with the members that such a record has; what the others say was not looked at.
struct VerdictLine {
  std::string_view id;      ///< of the record; a view of the line
  bool is_decision = false; ///< if not, it is a commit, and the rest is zero
  w_facts facts{};
  w_decision decision{};
};

/// `out` is one just made. False: ask parse_record(), and believe nothing of `out`.
bool read_verdict_line(std::string_view line, VerdictLine &out);

} // namespace warrant
