// SPDX-License-Identifier: Apache-2.0
// Why a signed document was refused: the same reasons as the kernel's, plus what a person needs.
#pragma once

#include <string>

#include "artifacts/result.h"
#include "bpf/abi.h"

namespace warrant {

struct Rejection {
  w_reason reason = W_REASON_INVALID;
  std::string field;  ///< path of the member, e.g. `predicate.validity.notAfter`; empty: the whole
  std::string detail; ///< what is wrong with it; printable ASCII, safe for a terminal
  std::string fix;    ///< what to do about it; may be empty

  /// "malformed: predicate.id: 32 hex characters expected (fix: ...)", one line.
  std::string text() const;
  /// For callers whose own errors are plain.
  Error to_error() const { return Error{text()}; }
};

template <class T>
using Checked = Result<T, Rejection>;

/// A document that cannot be what it should be.
Rejection malformed(std::string field, std::string detail, std::string fix = {});

} // namespace warrant
