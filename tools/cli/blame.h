// SPDX-License-Identifier: Apache-2.0
// A document that was made from options names its own members when it is refused; people typed
// options.
#pragma once

#include "tools/cli/arguments.h"

namespace warrant::cli {

/// A usage error that names the option which the refused member was made from, if the command has
/// such a one; else the refusal as it is.
Failure blame(const Arguments &arguments, const Rejection &rejection);

/// The value, or blame().
template <class T>
Try<T> from_options(const Arguments &arguments, Checked<T> result) {
  if (result.ok())
    return std::move(result).value();
  return blame(arguments, result.error());
}

} // namespace warrant::cli
