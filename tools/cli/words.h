// SPDX-License-Identifier: Apache-2.0
// The building blocks of descriptions in plain words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "artifacts/initiator.h"
#include "artifacts/trust_root.h"

namespace warrant::cli {

/// Adds "  label:      content", all contents below each other.
void add_line(std::string &text, std::string_view label, const std::string &content);
/// Adds threshold and keys; nothing when nobody has the role.
void add_role(std::string &text, std::string_view label, const Role &role);

/// "everybody", "only uid 1000 and unit nginx.service".
std::string initiator_text(const Initiator &initiator);
/// "2026-11-21T10:00:00Z (in 3 days)".
std::string time_text(int64_t time);
/// "1 file", "2 files".
std::string count_text(size_t count, std::string_view what);

} // namespace warrant::cli
