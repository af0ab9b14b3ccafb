// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace warrant {

inline constexpr const char *kVersion = WARRANT_VERSION;

} // namespace warrant
