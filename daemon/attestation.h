// SPDX-License-Identifier: Apache-2.0
// Collects what a host tells somebody far away of its state, and has its TPM sign it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "artifacts/attestation_bundle.h"
#include "artifacts/result.h"
#include "daemon/tpm.h"

namespace warrant {

struct AttestationRequest {
  Bytes challenge;
  uint32_t key_handle = kAttestationKeyHandle;
  PcrMask pcrs = 0xffff; // those above can be reset while Linux runs
  Bytes enrollment;      // envelope
  std::optional<std::string> checkpoint;
  // Paths; nothing: left out.
  std::optional<std::string> boot_log;
  std::optional<std::string> ima_log;
  std::string notes; // of the daemon, which need not be there
  std::string boot;  // boot id
  std::string root;  // below which the kernel's own words are read; "" but in tests
  int64_t time = 0;  // unix seconds
};

// Where Linux keeps its logs (securityfs).
extern const char *const kBootLogPath;
extern const char *const kImaLogPath;

// Tried again while logs and PCRs do not fit each other, since they grow while they are read; what
// is left then is for the verifier to judge. Error: a file cannot be read, or the TPM cannot be
// asked.
Result<AttestationBundle> attest(Tpm &tpm, const AttestationRequest &request);

} // namespace warrant
