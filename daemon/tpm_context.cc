// SPDX-License-Identifier: Apache-2.0
#include "daemon/tpm_context.h"

#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace warrant {
namespace {

// A response code of format one names the handle, session or parameter that it is about; without
// it, and without the layer that passed it on (TPM 2.0 Library, part 2, 6.6).
TSS2_RC plain(TSS2_RC code) {
  const TSS2_RC response = code & ~TSS2_RC_LAYER_MASK;
  return (response & TPM2_RC_FMT1) != 0 ? response & (TPM2_RC_FMT1 | 0x3f) : response;
}

bool is_said_by_tpm(TSS2_RC code) {
  const TSS2_RC layer = code & TSS2_RC_LAYER_MASK;
  return layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER;
}

std::string_view hint(TSS2_RC code) {
  if (!is_said_by_tpm(code))
    return "";
  switch (plain(code)) {
    case TPM2_RC_BAD_AUTH:
    case TPM2_RC_AUTH_FAIL:
      return "; a password is set there, and Warrant has none";
    case TPM2_RC_OBJECT_MEMORY:
    case TPM2_RC_SESSION_MEMORY:
      return "; others fill its slots: use the kernel's resource manager, /dev/tpmrm0";
    case TPM2_RC_INITIALIZE:
      return "; the firmware did not start it (TPM2_Startup)";
    default:
      return "";
  }
}

// Why a device does not open: the TSS says no more than "IO failure".
std::string device_problem(const std::string &tcti) {
  constexpr std::string_view kDevice = "device:";
  if (!tcti.starts_with(kDevice) || ::access(tcti.c_str() + kDevice.size(), R_OK | W_OK) == 0)
    return "";
  return std::strerror(errno);
}

// The loader takes any library's path for one, and loads it; and starts any command (cmd:).
bool is_known_tcti(const std::string &tcti) {
  const std::string name = tcti.substr(0, tcti.find(':'));
  return name == "device" || name == "swtpm" || name == "mssim" || name == "tabrmd";
}

std::string bank_name(TPMI_ALG_HASH bank) {
  switch (bank) {
    case TPM2_ALG_SHA1:
      return "SHA-1";
    case TPM2_ALG_SHA256:
      return "SHA-256";
    case TPM2_ALG_SHA384:
      return "SHA-384";
    case TPM2_ALG_SHA512:
      return "SHA-512";
    default:
      return handle_text(bank);
  }
}

PcrMask mask_of(const TPMS_PCR_SELECTION &selection) {
  PcrMask mask = 0;
  for (size_t i = 0; i < selection.sizeofSelect && i < sizeof(selection.pcrSelect); i++)
    mask |= static_cast<PcrMask>(selection.pcrSelect[i]) << (8 * i);
  return mask;
}

} // namespace

Error tpm_error(TSS2_RC code, std::string_view attempt) {
  return Error{std::string(attempt) + ": " + Tss2_RC_Decode(code) + std::string(hint(code))};
}

Status tpm_check(TSS2_RC code, std::string_view attempt) {
  if (code != TSS2_RC_SUCCESS)
    return tpm_error(code, attempt);
  return {};
}

bool is_missing_handle(TSS2_RC code) {
  return is_said_by_tpm(code) && plain(code) == TPM2_RC_HANDLE;
}

std::string handle_text(uint32_t handle) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0x%08x", handle);
  return text.data();
}

Result<std::unique_ptr<TpmContext>> TpmContext::open(const std::string &tcti) {
  const std::string attempt = "no TPM at " + tcti;
  if (!is_known_tcti(tcti))
    return Error{attempt +
                 ": known are device:PATH, swtpm:..., mssim:... and tabrmd:... (fix: "
                 "device:/dev/tpmrm0)"};
  if (const std::string problem = device_problem(tcti); !problem.empty())
    return Error{attempt + ": " + problem};
  std::unique_ptr<TpmContext> context(new TpmContext());
  WARRANT_TRY(tpm_check(Tss2_TctiLdr_Initialize(tcti.c_str(), &context->tcti_), attempt));
  WARRANT_TRY(tpm_check(Esys_Initialize(&context->esys_, context->tcti_, nullptr), attempt));
  if (Status status = context->learn_banks(); !status.ok())
    return std::move(status).error().context(attempt);
  return context;
}

TpmContext::~TpmContext() {
  if (esys_ != nullptr)
    Esys_Finalize(&esys_);
  if (tcti_ != nullptr)
    Tss2_TctiLdr_Finalize(&tcti_);
}

Status TpmContext::learn_banks() {
  EsysMemory<TPMS_CAPABILITY_DATA> data;
  TPMI_YES_NO more = TPM2_NO;
  WARRANT_TRY(tpm_check(Esys_GetCapability(esys_, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                           TPM2_CAP_PCRS, 0, TPM2_NUM_PCR_BANKS, &more, data.out()),
                        "asking for its PCRs"));
  const TPML_PCR_SELECTION &banks = data->data.assignedPCR;
  for (uint32_t i = 0; i < banks.count; i++) {
    const TPMS_PCR_SELECTION &bank = banks.pcrSelections[i];
    const PcrMask mask = mask_of(bank);
    if (mask == 0)
      continue; // known to this TPM, not in use
    banks_ += (banks_.empty() ? "" : ", ") + bank_name(bank.hash);
    if (bank.hash == TPM2_ALG_SHA256)
      sha256_ = mask;
  }
  return {};
}

Status TpmContext::check_pcrs(PcrMask pcrs) const {
  if (sha256_ == 0)
    return Error{"this TPM has no SHA-256 bank of PCRs, only " +
                 (banks_.empty() ? "none" : banks_) + "; the firmware's setup allocates it"};
  if (pcrs == 0)
    return Error{"no PCR is asked for"};
  for (uint32_t pcr = 0; pcr < 32; pcr++)
    if ((pcrs >> pcr & 1) != 0 && (sha256_ >> pcr & 1) == 0)
      return Error{"this TPM has no PCR " + std::to_string(pcr) + " in its SHA-256 bank"};
  return {};
}

TpmHandle::~TpmHandle() {
  if (handle_ == ESYS_TR_NONE)
    return;
  // Flushing also forgets the reference; what cannot be flushed is forgotten at least.
  if (kind_ == Kind::kLoaded && Esys_FlushContext(esys_, handle_) == TSS2_RC_SUCCESS)
    return;
  Esys_TR_Close(esys_, &handle_);
}

Result<std::optional<TpmHandle>> find_handle(const TpmContext &context, uint32_t handle) {
  ESYS_TR found = ESYS_TR_NONE;
  const TSS2_RC code = Esys_TR_FromTPMPublic(context.esys(), handle, ESYS_TR_NONE, ESYS_TR_NONE,
                                             ESYS_TR_NONE, &found);
  if (is_missing_handle(code))
    return std::optional<TpmHandle>();
  WARRANT_TRY(tpm_check(code, "looking at " + handle_text(handle)));
  return std::optional<TpmHandle>(TpmHandle(context, found, TpmHandle::Kind::kKept));
}

Result<TpmHandle> find_key(const TpmContext &context, uint32_t handle) {
  if (handle < TPM2_PERSISTENT_FIRST || handle > TPM2_PERSISTENT_LAST)
    return Error{handle_text(handle) +
                 " is no handle of a persistent key (0x81000000 to "
                 "0x81ffffff)"};
  std::optional<TpmHandle> found = WARRANT_TRY(find_handle(context, handle));
  if (!found)
    return Error{"no key at " + handle_text(handle)};
  return std::move(*found);
}

Result<Bytes> public_bytes(const TPM2B_PUBLIC &area) {
  Bytes bytes(sizeof(TPMT_PUBLIC));
  size_t size = 0;
  WARRANT_TRY(
      tpm_check(Tss2_MU_TPMT_PUBLIC_Marshal(&area.publicArea, bytes.data(), bytes.size(), &size),
                "writing a public key"));
  bytes.resize(size);
  return bytes;
}

} // namespace warrant
