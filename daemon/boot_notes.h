// SPDX-License-Identifier: Apache-2.0
// What the daemon must know for as long as the machine runs, whatever becomes of the daemon: what
// it extended a PCR by, and how often the TPM had been reset. A file that names its boot.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/measurement.h"
#include "artifacts/rejection.h"
#include "artifacts/result.h"

namespace warrant {

struct BootNotes {
  std::string boot; // boot id
  std::optional<uint32_t> tpm_resets;
  std::vector<Measurement> measurements; // in their order

  bool operator==(const BootNotes &) const = default;
};

std::string serialize_notes(const BootNotes &notes);
Checked<BootNotes> parse_notes(ByteView text);

// Those of this boot; of another boot, or where there is no file: empty ones.
Result<BootNotes> load_notes(const std::string &path, const std::string &boot);
// Durable by the time that it returns.
Status save_notes(const std::string &path, const BootNotes &notes);

} // namespace warrant
