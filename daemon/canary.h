// SPDX-License-Identifier: Apache-2.0
// The live proof of enforcement: code that nobody can have authorized is executed, and must be
// refused.
#pragma once

#include <string>

#include "artifacts/result.h"

namespace warrant {

struct CanaryResult {
  /// EPERM, as a denial by the programs gives. Any other failure proves nothing.
  bool refused = false;
  /// Let begin, and ended by SIGSEGV, as the kernel ends an exec that it cannot take back: its code
  /// was refused when it was mapped, so that only a part of the programs is in place.
  bool killed = false;
  int error = 0;      ///< errno of the exec; 0: it ran, or was killed
  std::string detail; ///< one sentence for a person
};

/// Executes a tiny program with random bytes behind it, from a sealed memfd: on a file system that
/// policies trust, so that the refusal is for its digest and not for the place it came from. Its
/// only instruction is exit(0). An error means that it could not be tried.
Result<CanaryResult> run_canary();

} // namespace warrant
