// SPDX-License-Identifier: Apache-2.0
#include "daemon/tpm.h"

#include <tss2/tss2_mu.h>

#include <algorithm>
#include <cstdlib>

#include "daemon/tpm_context.h"

namespace warrant {
namespace {

constexpr int kReadAttempts = 8;

TPML_PCR_SELECTION selection_of(PcrMask pcrs) {
  TPML_PCR_SELECTION selection{};
  selection.count = 1;
  selection.pcrSelections[0].hash = TPM2_ALG_SHA256;
  selection.pcrSelections[0].sizeofSelect = kPcrCount / 8;
  for (uint32_t i = 0; i < kPcrCount / 8; i++)
    selection.pcrSelections[0].pcrSelect[i] = static_cast<BYTE>(pcrs >> (8 * i));
  return selection;
}

// Adds the values that one command tells, and says which those are: at most eight of what was asked
// for. `at` counts the extensions of this TPM's PCRs.
Result<PcrMask> read_some(const TpmContext &context, PcrMask pcrs, uint32_t &at,
                          PcrValues &values) {
  const TPML_PCR_SELECTION asked = selection_of(pcrs);
  EsysMemory<TPML_PCR_SELECTION> told;
  EsysMemory<TPML_DIGEST> digests;
  WARRANT_TRY(tpm_check(Esys_PCR_Read(context.esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                      &asked, &at, told.out(), digests.out()),
                        "reading PCRs"));
  PcrMask done = 0;
  uint32_t next = 0;
  for (uint32_t pcr = 0; pcr < kPcrCount; pcr++) {
    const TPMS_PCR_SELECTION &bank = told->pcrSelections[0];
    if (told->count != 1 || bank.hash != TPM2_ALG_SHA256 || pcr / 8 >= bank.sizeofSelect ||
        (bank.pcrSelect[pcr / 8] >> (pcr % 8) & 1) == 0)
      continue;
    if (next >= digests->count || digests->digests[next].size != W_DIGEST_SIZE)
      return Error{"reading PCRs: the TPM does not tell the value of PCR " + std::to_string(pcr)};
    const TPM2B_DIGEST &digest = digests->digests[next++];
    std::copy_n(digest.buffer, W_DIGEST_SIZE, values[pcr].begin());
    done |= PcrMask{1} << pcr;
  }
  if (done == 0 || (done & ~pcrs) != 0)
    return Error{"reading PCRs: the TPM tells of others than it was asked for"};
  return done;
}

// Nothing: a PCR was extended between two commands.
Result<std::optional<PcrValues>> read_once(const TpmContext &context, PcrMask pcrs) {
  PcrValues values;
  std::optional<uint32_t> first;
  while (pcrs != 0) {
    uint32_t at = 0;
    pcrs &= ~WARRANT_TRY(read_some(context, pcrs, at, values));
    if (first.value_or(at) != at)
      return std::optional<PcrValues>();
    first = at;
  }
  return std::optional(std::move(values));
}

} // namespace

void silence_tss() {
  ::setenv("TSS2_LOG", "all+NONE", 0);
}

Tpm::Tpm(std::unique_ptr<TpmContext> context) : context_(std::move(context)) {}
Tpm::Tpm(Tpm &&other) noexcept = default;
Tpm &Tpm::operator=(Tpm &&other) noexcept = default;
Tpm::~Tpm() = default;

Result<Tpm> Tpm::open(const std::string &tcti) {
  return Tpm(WARRANT_TRY(TpmContext::open(tcti)));
}

Result<PcrValues> Tpm::read_pcrs(PcrMask pcrs) {
  WARRANT_TRY(context_->check_pcrs(pcrs));
  for (int attempt = 0; attempt < kReadAttempts; attempt++)
    if (std::optional<PcrValues> values = WARRANT_TRY(read_once(*context_, pcrs)))
      return std::move(*values);
  return Error{"reading PCRs: each of " + std::to_string(kReadAttempts) +
               " times one was extended meanwhile"};
}

Status Tpm::extend(uint32_t pcr, const Digest &measurement) {
  if (pcr >= kPcrCount)
    return Error{"there is no PCR " + std::to_string(pcr)};
  WARRANT_TRY(context_->check_pcrs(PcrMask{1} << pcr));
  TPML_DIGEST_VALUES digests{};
  digests.count = 1;
  digests.digests[0].hashAlg = TPM2_ALG_SHA256;
  std::copy(measurement.begin(), measurement.end(), digests.digests[0].digest.sha256);
  return tpm_check(Esys_PCR_Extend(context_->esys(), ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD,
                                   ESYS_TR_NONE, ESYS_TR_NONE, &digests),
                   "extending PCR " + std::to_string(pcr));
}

Result<SignedQuote> Tpm::quote(uint32_t handle, PcrMask pcrs, ByteView nonce) {
  if (nonce.size() > kMaxQuoteNonce)
    return Error{"a nonce has at most " + std::to_string(kMaxQuoteNonce) + " bytes"};
  WARRANT_TRY(context_->check_pcrs(pcrs));
  const TpmHandle key = WARRANT_TRY(find_key(*context_, handle));
  TPM2B_DATA data{};
  data.size = static_cast<UINT16>(nonce.size());
  std::copy(nonce.begin(), nonce.end(), data.buffer);
  TPMT_SIG_SCHEME scheme{};
  scheme.scheme = TPM2_ALG_NULL; // the key's own
  const TPML_PCR_SELECTION selection = selection_of(pcrs);
  EsysMemory<TPM2B_ATTEST> attest;
  EsysMemory<TPMT_SIGNATURE> signature;
  WARRANT_TRY(
      tpm_check(Esys_Quote(context_->esys(), key.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                           ESYS_TR_NONE, &data, &scheme, &selection, attest.out(), signature.out()),
                "quoting PCRs with the key at " + handle_text(handle)));
  SignedQuote quote{bytes_of(*attest, attest->attestationData), Bytes(sizeof(TPMT_SIGNATURE))};
  size_t size = 0;
  WARRANT_TRY(tpm_check(Tss2_MU_TPMT_SIGNATURE_Marshal(&*signature, quote.signature.data(),
                                                       quote.signature.size(), &size),
                        "writing a signature"));
  quote.signature.resize(size);
  return quote;
}

} // namespace warrant
