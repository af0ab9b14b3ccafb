// SPDX-License-Identifier: Apache-2.0
#include "daemon/tpm_templates.h"

#include <algorithm>
#include <array>

namespace warrant {
namespace {

// TCG EK Credential Profile for TPM Family 2.0, 2.5: 2.2.1.4 and B.3.
constexpr uint32_t kRsaCertificate = 0x01c00002;
constexpr uint32_t kEccCertificate = 0x01c0000a;
// PolicySecret(endorsement hierarchy).
constexpr std::array<BYTE, 32> kEndorsementPolicy = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
    0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};
constexpr UINT16 kRsaBytes = 256;
constexpr UINT16 kEccBytes = 32;
constexpr TPMA_OBJECT kBound =
    TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN;
constexpr TPMA_OBJECT kEndorsement =
    kBound | TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;

TPMT_SYM_DEF_OBJECT aes() {
  TPMT_SYM_DEF_OBJECT symmetric{};
  symmetric.algorithm = TPM2_ALG_AES;
  symmetric.keyBits.aes = 128;
  symmetric.mode.aes = TPM2_ALG_CFB;
  return symmetric;
}

TPM2B_PUBLIC ecc(TPMA_OBJECT attributes) {
  TPM2B_PUBLIC area{};
  area.publicArea.type = TPM2_ALG_ECC;
  area.publicArea.nameAlg = TPM2_ALG_SHA256;
  area.publicArea.objectAttributes = attributes;
  TPMS_ECC_PARMS &parameters = area.publicArea.parameters.eccDetail;
  parameters.symmetric.algorithm = TPM2_ALG_NULL;
  parameters.scheme.scheme = TPM2_ALG_NULL;
  parameters.curveID = TPM2_ECC_NIST_P256;
  parameters.kdf.scheme = TPM2_ALG_NULL;
  return area;
}

void set_policy(TPM2B_PUBLIC &area) {
  area.publicArea.authPolicy.size = kEndorsementPolicy.size();
  std::copy(kEndorsementPolicy.begin(), kEndorsementPolicy.end(),
            area.publicArea.authPolicy.buffer);
}

TPM2B_PUBLIC endorsement_rsa() {
  TPM2B_PUBLIC area{};
  area.publicArea.type = TPM2_ALG_RSA;
  area.publicArea.nameAlg = TPM2_ALG_SHA256;
  area.publicArea.objectAttributes = kEndorsement;
  set_policy(area);
  TPMS_RSA_PARMS &parameters = area.publicArea.parameters.rsaDetail;
  parameters.symmetric = aes();
  parameters.scheme.scheme = TPM2_ALG_NULL;
  parameters.keyBits = kRsaBytes * 8;
  area.publicArea.unique.rsa.size = kRsaBytes; // zeros
  return area;
}

TPM2B_PUBLIC endorsement_ecc() {
  TPM2B_PUBLIC area = ecc(kEndorsement);
  set_policy(area);
  area.publicArea.parameters.eccDetail.symmetric = aes();
  area.publicArea.unique.ecc.x.size = kEccBytes; // zeros
  area.publicArea.unique.ecc.y.size = kEccBytes;
  return area;
}

} // namespace

Result<EndorsementTemplate> endorsement_template(const TpmContext &context) {
  const bool has_rsa = WARRANT_TRY(find_handle(context, kRsaCertificate)).has_value();
  if (!has_rsa && WARRANT_TRY(find_handle(context, kEccCertificate)))
    return EndorsementTemplate{kEccCertificate, endorsement_ecc()};
  return EndorsementTemplate{kRsaCertificate, endorsement_rsa()};
}

TPM2B_PUBLIC storage_template() {
  TPM2B_PUBLIC area = ecc(kBound | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |
                          TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT);
  area.publicArea.parameters.eccDetail.symmetric = aes();
  return area;
}

TPM2B_PUBLIC attestation_template() {
  // NODA: wrong passwords elsewhere must not keep it from quoting.
  TPM2B_PUBLIC area = ecc(kBound | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |
                          TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT);
  TPMT_ECC_SCHEME &scheme = area.publicArea.parameters.eccDetail.scheme;
  scheme.scheme = TPM2_ALG_ECDSA;
  scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  return area;
}

} // namespace warrant
