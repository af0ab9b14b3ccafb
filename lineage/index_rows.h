// SPDX-License-Identifier: Apache-2.0
// What rows of the index hold, read back.
#pragma once

#include <string>

#include "lineage/sqlite.h"
#include "lineage/text.h"

namespace warrant {

/// A text that is not in the escaped form was not written by us: shown as what it is, escaped.
inline Text text_of(const SqlStatement &row, int column) {
  const std::string text = row.text(column);
  return Text::from_escaped(text).value_or(Text(text));
}

} // namespace warrant
