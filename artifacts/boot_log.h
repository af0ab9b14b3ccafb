// SPDX-License-Identifier: Apache-2.0
// The log of what firmware and boot loader measured before Linux: TCG PC Client Platform Firmware
// Profile 1.06, section 10 (crypto agile). Linux hands it out unchanged as
// /sys/kernel/security/tpm0/binary_bios_measurements.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/bytes.h"

namespace warrant {

inline constexpr size_t kMaxBootLog = 4u << 20; ///< bytes
inline constexpr size_t kMaxBootEvents = 16384;
inline constexpr size_t kMaxBootEventData = 1u << 20; ///< bytes of one event
inline constexpr uint32_t kPcrCount = 24;

/// TCG_ALG_ID (TCG Algorithm Registry 1.32).
inline constexpr uint16_t kTpmSha256 = 0x000b;

/// Event types that are more to us than bytes (section 10.4.1).
inline constexpr uint32_t kEvNoAction = 0x3;
inline constexpr uint32_t kEvSeparator = 0x4;
inline constexpr uint32_t kEvIpl = 0xd;
inline constexpr uint32_t kEvEfiVariableDriverConfig = 0x80000001;
inline constexpr uint32_t kEvEfiBootServicesApplication = 0x80000003;

/// "EV_IPL", or the number of a type that has no name here, in hex.
std::string boot_event_name(uint32_t type);

struct BootEvent {
  uint32_t pcr = 0; ///< below kPcrCount
  uint32_t type = 0;
  Digest sha256{}; ///< what the PCR was extended by; of kEvNoAction: nothing is extended
  Bytes data;      ///< what the event says of itself: only some types bind it to the digest
};

/// A log that can be read to its end. What it says is the firmware's word until its replay is what
/// a TPM quotes.
struct BootLog {
  std::vector<BootEvent> events; ///< in the order of measurement
  uint8_t locality = 0;          ///< of TPM2_Startup, which PCR 0 begins with
};

/// Error: where the log is not one, by byte and event; "has no SHA-256" for logs of SHA-1 alone.
Result<BootLog> parse_boot_log(ByteView bytes);

using PcrValues = std::map<uint32_t, Digest>;

/// What the PCRs must be if the log is whole and true: those that it extends. `upto`: only the
/// first so many events.
PcrValues replay(const BootLog &log, size_t upto = SIZE_MAX);

/// The value of a PCR after one more extension (TPM 2.0 Library, part 1, 11.4.7.4).
Digest extend(const Digest &pcr, const Digest &measurement);

} // namespace warrant
