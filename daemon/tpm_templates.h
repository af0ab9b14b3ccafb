// SPDX-License-Identifier: Apache-2.0
// The shapes of the keys that daemon/tpm.h makes.
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include "daemon/tpm_context.h"

namespace warrant {

struct EndorsementTemplate {
  uint32_t certificate; ///< NV index
  TPM2B_PUBLIC area;
};

/// The one that this TPM has a certificate for; RSA when it has both or none.
Result<EndorsementTemplate> endorsement_template(const TpmContext &context);

/// ECC P-256 storage key (TCG TPM v2.0 Provisioning Guidance, 7.5.1), the attestation key's parent.
TPM2B_PUBLIC storage_template();
/// As parse_attestation_key() wants it.
TPM2B_PUBLIC attestation_template();

} // namespace warrant
