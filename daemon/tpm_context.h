// SPDX-License-Identifier: Apache-2.0
// What the parts of daemon/tpm.h share: owners of what the TSS hands out, and words for its errors.
#pragma once

#include <tss2/tss2_esys.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "artifacts/bytes.h"
#include "artifacts/quote.h"

namespace warrant {

/// "quoting PCRs: tpm:handle(1):value is out of range ...".
Error tpm_error(TSS2_RC code, std::string_view attempt);
/// Success, or that error.
Status tpm_check(TSS2_RC code, std::string_view attempt);
/// Whether the TPM itself said that there is nothing at the handle.
bool is_missing_handle(TSS2_RC code);
/// "0x81010010".
std::string handle_text(uint32_t handle);

/// Memory of the TSS, filled through out().
template <class T>
class EsysMemory {
 public:
  EsysMemory() = default;
  EsysMemory(const EsysMemory &) = delete;
  EsysMemory &operator=(const EsysMemory &) = delete;
  ~EsysMemory() { Esys_Free(memory_); }
  T **out() { return &memory_; }
  T *operator->() const { return memory_; }
  T &operator*() const { return *memory_; }

 private:
  T *memory_ = nullptr;
};

/// The connection: TCTI and ESAPI context, and what never changes while a TPM is on.
class TpmContext {
 public:
  static Result<std::unique_ptr<TpmContext>> open(const std::string &tcti);
  TpmContext(const TpmContext &) = delete;
  TpmContext &operator=(const TpmContext &) = delete;
  ~TpmContext();

  ESYS_CONTEXT *esys() const { return esys_; }
  /// Success if the SHA-256 bank has all of these PCRs, and these are some.
  Status check_pcrs(PcrMask pcrs) const;

 private:
  TpmContext() = default;
  Status learn_banks();

  TSS2_TCTI_CONTEXT *tcti_ = nullptr;
  ESYS_CONTEXT *esys_ = nullptr;
  PcrMask sha256_ = 0;
  std::string banks_; ///< in words
};

/// A key or a session that the TPM has loaded for us, or our reference to what it keeps: gone with
/// this.
class TpmHandle {
 public:
  enum class Kind {
    kLoaded, ///< takes one of the TPM's few slots
    kKept,   ///< persistent key or NV index: stays in the TPM
  };

  TpmHandle(const TpmContext &context, ESYS_TR handle, Kind kind)
      : esys_(context.esys()), handle_(handle), kind_(kind) {}
  TpmHandle(TpmHandle &&other) noexcept
      : esys_(other.esys_),
        handle_(std::exchange(other.handle_, ESYS_TR_NONE)),
        kind_(other.kind_) {}
  TpmHandle(const TpmHandle &) = delete;
  TpmHandle &operator=(const TpmHandle &) = delete;
  TpmHandle &operator=(TpmHandle &&) = delete;
  ~TpmHandle();

  ESYS_TR get() const { return handle_; }

 private:
  ESYS_CONTEXT *esys_;
  ESYS_TR handle_;
  Kind kind_;
};

/// A persistent key or an NV index; nothing if there is none.
Result<std::optional<TpmHandle>> find_handle(const TpmContext &context, uint32_t handle);
/// The key at a persistent handle. Error: "no key at 0x81010010".
Result<TpmHandle> find_key(const TpmContext &context, uint32_t handle);

/// TPMT_PUBLIC as bytes.
Result<Bytes> public_bytes(const TPM2B_PUBLIC &area);

template <class Sized>
Bytes bytes_of(const Sized &sized, const BYTE *content) {
  return Bytes(content, content + sized.size);
}

} // namespace warrant
