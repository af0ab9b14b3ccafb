// SPDX-License-Identifier: Apache-2.0
#include "artifacts/rejection.h"

#include "artifacts/names.h"

namespace warrant {

std::string Rejection::text() const {
  std::string line(reason_name(reason));
  if (!field.empty())
    line += ": " + field;
  if (!detail.empty())
    line += ": " + detail;
  if (!fix.empty())
    line += " (fix: " + fix + ")";
  return line;
}

Rejection malformed(std::string field, std::string detail, std::string fix) {
  return {W_REASON_MALFORMED, std::move(field), std::move(detail), std::move(fix)};
}

} // namespace warrant
