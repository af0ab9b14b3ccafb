// SPDX-License-Identifier: Apache-2.0
// The attestation key, the endorsement key, and the proof that one TPM holds both.
#include <algorithm>

#include "artifacts/attestation_key.h"
#include "daemon/tpm.h"
#include "daemon/tpm_context.h"
#include "daemon/tpm_templates.h"

namespace warrant {
namespace {

struct LoadedKey {
  TpmHandle handle;
  Bytes area; ///< TPMT_PUBLIC
};

// Whoever waits for random bytes of a key's secret part waits here: seconds for RSA.
Result<LoadedKey> make_primary(const TpmContext &context, ESYS_TR hierarchy,
                               const TPM2B_PUBLIC &shape, std::string_view attempt) {
  const TPM2B_SENSITIVE_CREATE sensitive{};
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION pcrs{};
  ESYS_TR made = ESYS_TR_NONE;
  EsysMemory<TPM2B_PUBLIC> area;
  EsysMemory<TPM2B_CREATION_DATA> data;
  EsysMemory<TPM2B_DIGEST> digest;
  EsysMemory<TPMT_TK_CREATION> ticket;
  WARRANT_TRY(
      tpm_check(Esys_CreatePrimary(context.esys(), hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                   ESYS_TR_NONE, &sensitive, &shape, &outside, &pcrs, &made,
                                   area.out(), data.out(), digest.out(), ticket.out()),
                attempt));
  TpmHandle handle(context, made, TpmHandle::Kind::kLoaded);
  Bytes bytes = WARRANT_TRY(public_bytes(*area));
  return LoadedKey{std::move(handle), std::move(bytes)};
}

Result<LoadedKey> load_endorsement_key(const TpmContext &context) {
  const EndorsementTemplate wanted = WARRANT_TRY(endorsement_template(context));
  return make_primary(context, ESYS_TR_RH_ENDORSEMENT, wanted.area, "making the endorsement key");
}

// A new attestation key below a parent that goes at once: the persistent copy needs it no more.
Result<LoadedKey> make_child(const TpmContext &context) {
  constexpr std::string_view kAttempt = "making an attestation key";
  const LoadedKey parent = WARRANT_TRY(
      make_primary(context, ESYS_TR_RH_OWNER, storage_template(), "making a storage key"));
  const TPM2B_PUBLIC shape = attestation_template();
  const TPM2B_SENSITIVE_CREATE sensitive{};
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION pcrs{};
  EsysMemory<TPM2B_PRIVATE> secret;
  EsysMemory<TPM2B_PUBLIC> area;
  EsysMemory<TPM2B_CREATION_DATA> data;
  EsysMemory<TPM2B_DIGEST> digest;
  EsysMemory<TPMT_TK_CREATION> ticket;
  WARRANT_TRY(
      tpm_check(Esys_Create(context.esys(), parent.handle.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                            ESYS_TR_NONE, &sensitive, &shape, &outside, &pcrs, secret.out(),
                            area.out(), data.out(), digest.out(), ticket.out()),
                kAttempt));
  ESYS_TR loaded = ESYS_TR_NONE;
  WARRANT_TRY(tpm_check(Esys_Load(context.esys(), parent.handle.get(), ESYS_TR_PASSWORD,
                                  ESYS_TR_NONE, ESYS_TR_NONE, &*secret, &*area, &loaded),
                        kAttempt));
  TpmHandle handle(context, loaded, TpmHandle::Kind::kLoaded);
  Bytes bytes = WARRANT_TRY(public_bytes(*area));
  return LoadedKey{std::move(handle), std::move(bytes)};
}

Result<Bytes> read_public(const TpmContext &context, const TpmHandle &key, uint32_t handle) {
  EsysMemory<TPM2B_PUBLIC> area;
  EsysMemory<TPM2B_NAME> name;
  EsysMemory<TPM2B_NAME> qualified;
  WARRANT_TRY(tpm_check(Esys_ReadPublic(context.esys(), key.get(), ESYS_TR_NONE, ESYS_TR_NONE,
                                        ESYS_TR_NONE, area.out(), name.out(), qualified.out()),
                        "reading the key at " + handle_text(handle)));
  return public_bytes(*area);
}

// A session that may use the endorsement key, by the policy that its template has.
Result<TpmHandle> endorsement_session(const TpmContext &context) {
  TPMT_SYM_DEF symmetric{};
  symmetric.algorithm = TPM2_ALG_NULL;
  ESYS_TR started = ESYS_TR_NONE;
  WARRANT_TRY(
      tpm_check(Esys_StartAuthSession(context.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                      ESYS_TR_NONE, ESYS_TR_NONE, nullptr, TPM2_SE_POLICY,
                                      &symmetric, TPM2_ALG_SHA256, &started),
                "starting a policy session"));
  TpmHandle session(context, started, TpmHandle::Kind::kLoaded);
  EsysMemory<TPM2B_TIMEOUT> timeout;
  EsysMemory<TPMT_TK_AUTH> ticket;
  WARRANT_TRY(tpm_check(Esys_PolicySecret(context.esys(), ESYS_TR_RH_ENDORSEMENT, session.get(),
                                          ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, nullptr,
                                          nullptr, nullptr, 0, timeout.out(), ticket.out()),
                        "asking the endorsement hierarchy for its key"));
  return session;
}

} // namespace

Result<std::optional<Bytes>> Tpm::attestation_key(uint32_t handle) {
  const std::optional<TpmHandle> key = WARRANT_TRY(find_handle(*context_, handle));
  if (!key)
    return std::optional<Bytes>();
  return std::optional(WARRANT_TRY(read_public(*context_, *key, handle)));
}

Result<Bytes> Tpm::make_attestation_key(uint32_t handle) {
  if (handle < TPM2_PERSISTENT_FIRST || handle > TPM2_PERSISTENT_LAST)
    return std::move(find_key(*context_, handle)).error();
  if (const std::optional<TpmHandle> there = WARRANT_TRY(find_handle(*context_, handle))) {
    Bytes area = WARRANT_TRY(read_public(*context_, *there, handle));
    if (const Result<AttestationKey> key = parse_attestation_key(area); !key.ok())
      return Error{"another key is at " + handle_text(handle) + " (" + key.error().message +
                   "); remove it, or choose another handle"};
    return area;
  }
  LoadedKey key = WARRANT_TRY(make_child(*context_));
  ESYS_TR kept = ESYS_TR_NONE;
  WARRANT_TRY(
      tpm_check(Esys_EvictControl(context_->esys(), ESYS_TR_RH_OWNER, key.handle.get(),
                                  ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, handle, &kept),
                "keeping the attestation key at " + handle_text(handle)));
  const TpmHandle reference(*context_, kept, TpmHandle::Kind::kKept);
  return std::move(key.area);
}

Result<Bytes> Tpm::endorsement_public() {
  return WARRANT_TRY(load_endorsement_key(*context_)).area;
}

Result<Bytes> Tpm::activate_credential(uint32_t ak_handle, ByteView credential_blob,
                                       ByteView secret) {
  TPM2B_ID_OBJECT blob{};
  TPM2B_ENCRYPTED_SECRET encrypted{};
  if (credential_blob.size() > sizeof(blob.credential) || secret.size() > sizeof(encrypted.secret))
    return Error{"the credential is larger than a TPM takes"};
  blob.size = static_cast<UINT16>(credential_blob.size());
  std::copy(credential_blob.begin(), credential_blob.end(), blob.credential);
  encrypted.size = static_cast<UINT16>(secret.size());
  std::copy(secret.begin(), secret.end(), encrypted.secret);

  const TpmHandle key = WARRANT_TRY(find_key(*context_, ak_handle));
  const LoadedKey endorsement = WARRANT_TRY(load_endorsement_key(*context_));
  const TpmHandle session = WARRANT_TRY(endorsement_session(*context_));
  EsysMemory<TPM2B_DIGEST> hidden;
  WARRANT_TRY(tpm_check(Esys_ActivateCredential(
                            context_->esys(), key.get(), endorsement.handle.get(), ESYS_TR_PASSWORD,
                            session.get(), ESYS_TR_NONE, &blob, &encrypted, hidden.out()),
                        "activating the credential"));
  return bytes_of(*hidden, hidden->buffer);
}

} // namespace warrant
