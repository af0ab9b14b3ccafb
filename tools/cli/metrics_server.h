// SPDX-License-Identifier: Apache-2.0
// Answers whoever connects to a unix socket with the metrics of that moment.
#pragma once

#include <functional>
#include <string>

#include "tools/cli/failure.h"

namespace warrant::cli {

/// Until SIGINT or SIGTERM. Each client gets an HTTP answer with what `text` gives, whatever it
/// asks for; one that sends or takes nothing for two seconds is let go. The socket is everybody's
/// who may write to it (mode 0660), and is removed at the end. Errors: something else is there; the
/// socket cannot be made; `text` fails.
Try<void> serve_metrics(const std::string &path, const std::function<Try<std::string>()> &text);

} // namespace warrant::cli
