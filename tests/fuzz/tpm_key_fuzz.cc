// SPDX-License-Identifier: Apache-2.0
// Any bytes as public keys of a TPM. What is read as attestation key can do nothing but attest,
// and is no endorsement key; each has all its bytes in its name.
#include <algorithm>
#include <variant>

#include "artifacts/attestation_key.h"
#include "artifacts/endorsement_key.h"
#include "tests/fuzz/require.h"

using namespace warrant;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ByteView bytes(data, size);
  const Result<AttestationKey> attesting = parse_attestation_key(bytes);
  const Result<EndorsementKey> endorsing = parse_endorsement_key(bytes);
  require(!(attesting.ok() && endorsing.ok()));
  const Digest digest = sha256(bytes);
  if (attesting.ok()) {
    const AttestationKey &key = attesting.value();
    require(key.name[0] == 0 && key.name[1] == 0x0b);
    require(std::equal(digest.begin(), digest.end(), key.name.begin() + 2));
    // TPMA_OBJECT: fixedTPM, fixedParent, sensitiveDataOrigin, restricted, sign; no decrypt.
    require((data[7] & 0x32) == 0x32 && (data[5] & 0x07) == 0x05);
  } else {
    require(attesting.error().message.starts_with("attestation key: "));
  }
  if (endorsing.ok()) {
    require(endorsing.value().sha256 == digest);
    if (const auto *modulus = std::get_if<Rsa2048Modulus>(&endorsing.value().number))
      require((*modulus)[0] >= 0x80 && size == 8 + 2 + 32 + 14 + 2 + 256);
  } else {
    require(endorsing.error().message.starts_with("endorsement key: "));
  }
  return 0;
}
