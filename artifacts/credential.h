// SPDX-License-Identifier: Apache-2.0
// A secret that one TPM alone gives back, and only if it also holds a certain key: what
// TPM2_MakeCredential does (TPM 2.0 Library, part 1, 24), without a TPM.
#pragma once

#include "artifacts/attestation_key.h"
#include "artifacts/bytes.h"
#include "artifacts/endorsement_key.h"

namespace warrant {

inline constexpr size_t kMaxCredentialSecret = 32; ///< bytes: no longer than the name's digest
inline constexpr size_t kMaxCredentialBlob = 128;  ///< bytes of a TPMS_ID_OBJECT
inline constexpr size_t kMaxEncryptedSeed = 256;   ///< bytes in a TPM2B_ENCRYPTED_SECRET

struct Credential {
  Bytes blob;   ///< TPMS_ID_OBJECT, without a size in front
  Bytes secret; ///< content of TPM2B_ENCRYPTED_SECRET: the seed that the blob is protected by
};

/// 1 to kMaxCredentialSecret bytes, for the TPM with this endorsement key if it also has the object
/// of this name. Never the same twice.
Result<Credential> make_credential(const EndorsementKey &key, const TpmName &name, ByteView secret);
/// The same for a TPMT_PUBLIC.
Result<Credential> make_credential(ByteView ek_public, const TpmName &name, ByteView secret);

} // namespace warrant
