// SPDX-License-Identifier: Apache-2.0
// What a boot log tells of how the machine was started. All of it is worth as much as the log: see
// judge_environment(), which replays it against what a TPM quotes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/boot_log.h"

namespace warrant {

inline constexpr uint32_t kPcrBootLoader = 4; ///< EFI applications (PC Client profile, 2.3.4.5)
inline constexpr uint32_t kPcrSecureBoot = 7; ///< (2.3.4.8)
inline constexpr uint32_t kPcrIma = 10;       ///< Linux's default (CONFIG_IMA_MEASURE_PCR_IDX)
inline constexpr uint32_t kEvEventTag = 0x6;

/// "event 12 (EV_IPL of PCR 8)".
std::string event_text(const BootLog &log, size_t index);

/// The variable SecureBoot as the firmware measured it: one event of PCR 7, whose data are what was
/// digested. Error: there is none, there are two, or they are something else.
Result<bool> secure_boot(const BootLog &log);

/// The events of EFI applications: boot loaders, unified kernel images, kernels.
std::vector<size_t> loaded_applications(const BootLog &log);

/// The event whose digest is that of this command line of Linux (as /proc/cmdline has it, without
/// the line feed): as GRUB (PCR 8), systemd-stub (12) and Linux's own EFI stub (9) measure it.
std::optional<size_t> find_command_line(const BootLog &log, std::string_view command_line);

/// A word with `_` for each `-` in the parameter's name.
std::string normal_parameter(std::string_view word);

/// The words of a command line as Linux takes them apart: quotes keep white space together and are
/// dropped, `-` in a parameter's name becomes `_`.
std::vector<std::string> command_line_words(std::string_view command_line);

} // namespace warrant
