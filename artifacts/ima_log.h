// SPDX-License-Identifier: Apache-2.0
// The log of what Linux measured since: IMA's binary_runtime_measurements (Linux,
// Documentation/security/IMA-templates.rst; security/integrity/ima/ima_fs.c, 6.1 to 7.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "artifacts/boot_log.h"
#include "artifacts/bytes.h"

namespace warrant {

inline constexpr size_t kMaxImaLog = 64u << 20; ///< bytes
inline constexpr size_t kMaxImaEntries = 1u << 20;
inline constexpr size_t kMaxImaTemplateName = 16; ///< bytes
inline constexpr size_t kMaxImaEntry = 1u << 16;  ///< bytes of template data

/// What PCRs were extended by: digests of the SHA-256 bank, in order.
struct ImaEntry {
  uint32_t pcr = 0;
  Digest sha256{}; ///< of the template data; all ones for a violation (ima_violation_digest)
};

/// Little-endian, as x86-64 writes it; the old template "ima" is refused. Error: where it is no
/// log.
Result<std::vector<ImaEntry>> parse_ima_log(ByteView bytes);

/// How many entries must have been measured for the PCR to be what was quoted: a log goes on
/// growing while the TPM is asked. Error: no number of them.
Result<size_t> match_ima_log(const std::vector<ImaEntry> &log, uint32_t pcr, const Digest &quoted);

} // namespace warrant
