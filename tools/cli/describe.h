// SPDX-License-Identifier: Apache-2.0
// Documents in plain words: what a signature would say, or says.
#pragma once

#include <string>
#include <string_view>

#include "artifacts/enrollment.h"
#include "artifacts/policy.h"
#include "artifacts/revocation.h"
#include "artifacts/statement.h"
#include "artifacts/trust_root.h"

namespace warrant::cli {

/// Several lines, safe for a terminal, each behind two spaces.
std::string describe(const Authorization &authorization);
std::string describe(const TrustRoot &root);
std::string describe(const Policy &policy);
std::string describe(const Revocation &revocation);
std::string describe(const Enrollment &enrollment);

/// How a moment lies to an artifact's window.
enum class Window { kNotYetValid, kOpen, kExpired };
Window window_at(const Authorization &authorization, int64_t at);
/// "notYetValid", "open", "expired".
std::string_view window_name(Window window);

/// "in 3 days", "2 hours ago", "now".
std::string relative(int64_t time, int64_t now);

} // namespace warrant::cli
