// SPDX-License-Identifier: Apache-2.0
// What a TPM keeps at NV indices: counters, and the certificate of its endorsement key.
#include <algorithm>

#include "artifacts/wire.h"
#include "daemon/tpm.h"
#include "daemon/tpm_context.h"
#include "daemon/tpm_templates.h"

namespace warrant {
namespace {

constexpr UINT16 kCounterSize = 8;
// By its own, empty password; NO_DA: wrong passwords elsewhere must not keep it from counting.
constexpr TPMA_NV kCounterAttributes = (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT) |
                                       TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_OWNERREAD |
                                       TPMA_NV_NO_DA;
// What every TPM gives at once (PC Client Platform TPM Profile 1.05, 4.5.1: NV_BUFFER_MAX).
constexpr UINT16 kChunk = 512;
constexpr size_t kMaxCertificate = 8192;

struct Index {
  TpmHandle handle;
  TPMS_NV_PUBLIC area;
};

Result<std::optional<Index>> find_index(const TpmContext &context, uint32_t index) {
  if (index < TPM2_NV_INDEX_FIRST || index > TPM2_NV_INDEX_LAST)
    return Error{handle_text(index) + " is no NV index (0x01000000 to 0x01ffffff)"};
  std::optional<TpmHandle> handle = WARRANT_TRY(find_handle(context, index));
  if (!handle)
    return std::optional<Index>();
  EsysMemory<TPM2B_NV_PUBLIC> area;
  EsysMemory<TPM2B_NAME> name;
  WARRANT_TRY(tpm_check(Esys_NV_ReadPublic(context.esys(), handle->get(), ESYS_TR_NONE,
                                           ESYS_TR_NONE, ESYS_TR_NONE, area.out(), name.out()),
                        "looking at NV index " + handle_text(index)));
  return std::optional<Index>(Index{std::move(*handle), area->nvPublic});
}

Status check_counter(const Index &index) {
  constexpr TPMA_NV kNeeded = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE;
  const TPMA_NV is = index.area.attributes;
  if ((is & TPMA_NV_TPM2_NT_MASK) != TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT ||
      index.area.dataSize != kCounterSize)
    return Error{"NV index " + handle_text(index.area.nvIndex) +
                 " holds something else than a "
                 "counter"};
  if ((is & kNeeded) != kNeeded)
    return Error{"the counter at " + handle_text(index.area.nvIndex) +
                 " is not to be read and incremented by its own password"};
  return {};
}

Result<Bytes> read_piece(const TpmContext &context, const Index &index, UINT16 size,
                         UINT16 offset) {
  const bool is_own = (index.area.attributes & TPMA_NV_AUTHREAD) != 0;
  EsysMemory<TPM2B_MAX_NV_BUFFER> data;
  WARRANT_TRY(tpm_check(Esys_NV_Read(context.esys(), is_own ? index.handle.get() : ESYS_TR_RH_OWNER,
                                     index.handle.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                     ESYS_TR_NONE, size, offset, data.out()),
                        "reading NV index " + handle_text(index.area.nvIndex)));
  if (data->size != size)
    return Error{"reading NV index " + handle_text(index.area.nvIndex) +
                 ": the TPM gives less than it was asked for"};
  return bytes_of(*data, data->buffer);
}

Status increment(const TpmContext &context, const Index &index) {
  return tpm_check(Esys_NV_Increment(context.esys(), index.handle.get(), index.handle.get(),
                                     ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE),
                   "incrementing the counter at " + handle_text(index.area.nvIndex));
}

Status define_counter(const TpmContext &context, uint32_t index) {
  TPM2B_NV_PUBLIC area{};
  area.nvPublic.nvIndex = index;
  area.nvPublic.nameAlg = TPM2_ALG_SHA256;
  area.nvPublic.attributes = kCounterAttributes;
  area.nvPublic.dataSize = kCounterSize;
  const TPM2B_AUTH none{};
  ESYS_TR made = ESYS_TR_NONE;
  WARRANT_TRY(tpm_check(Esys_NV_DefineSpace(context.esys(), ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
                                            ESYS_TR_NONE, ESYS_TR_NONE, &none, &area, &made),
                        "making a counter at " + handle_text(index)));
  const TpmHandle handle(context, made, TpmHandle::Kind::kKept);
  return {};
}

// Bytes of the DER value at the front, with its head: what pads an NV index is no part of it.
std::optional<size_t> der_size(ByteView bytes) {
  Cursor cursor(bytes, ByteOrder::kBig);
  const auto tag = cursor.number<uint8_t>();
  const auto first = cursor.number<uint8_t>();
  if (!tag || *tag != 0x30 || !first) // SEQUENCE
    return std::nullopt;
  size_t content = *first;
  if (*first == 0x81)
    content = cursor.number<uint8_t>().value_or(0);
  else if (*first == 0x82)
    content = cursor.number<uint16_t>().value_or(0);
  else if (*first >= 0x80)
    return std::nullopt;
  const size_t whole = cursor.at() + content;
  return content == 0 || whole > bytes.size() ? std::nullopt : std::optional(whole);
}

} // namespace

Result<std::optional<uint64_t>> Tpm::read_counter(uint32_t index) {
  const std::optional<Index> found = WARRANT_TRY(find_index(*context_, index));
  if (!found)
    return std::optional<uint64_t>();
  WARRANT_TRY(check_counter(*found));
  if ((found->area.attributes & TPMA_NV_WRITTEN) == 0)
    return Error{"the counter at " + handle_text(index) + " has not begun to count"};
  const Bytes bytes = WARRANT_TRY(read_piece(*context_, *found, kCounterSize, 0));
  return Cursor(bytes, ByteOrder::kBig).number<uint64_t>();
}

Status Tpm::increment_counter(uint32_t index) {
  const std::optional<Index> found = WARRANT_TRY(find_index(*context_, index));
  if (!found)
    return Error{"no counter at " + handle_text(index)};
  WARRANT_TRY(check_counter(*found));
  return increment(*context_, *found);
}

Status Tpm::make_counter(uint32_t index) {
  if (!WARRANT_TRY(find_index(*context_, index)))
    WARRANT_TRY(define_counter(*context_, index));
  const std::optional<Index> found = WARRANT_TRY(find_index(*context_, index));
  if (!found)
    return Error{"the counter at " + handle_text(index) + " is gone as soon as it is made"};
  WARRANT_TRY(check_counter(*found));
  if ((found->area.attributes & TPMA_NV_WRITTEN) != 0)
    return {};
  return increment(*context_, *found);
}

Result<std::optional<Bytes>> Tpm::endorsement_certificate() {
  const EndorsementTemplate &wanted = WARRANT_TRY(endorsement_template(*context_));
  const std::optional<Index> found = WARRANT_TRY(find_index(*context_, wanted.certificate));
  if (!found || (found->area.attributes & TPMA_NV_WRITTEN) == 0)
    return std::optional<Bytes>();
  const size_t size = found->area.dataSize;
  if (size > kMaxCertificate)
    return Error{"NV index " + handle_text(wanted.certificate) + " is larger than a certificate"};
  Bytes bytes;
  while (bytes.size() < size) {
    const Bytes piece = WARRANT_TRY(read_piece(
        *context_, *found, static_cast<UINT16>(std::min<size_t>(size - bytes.size(), kChunk)),
        static_cast<UINT16>(bytes.size())));
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  }
  const std::optional<size_t> whole = der_size(bytes);
  if (!whole)
    return Error{"NV index " + handle_text(wanted.certificate) + " holds no certificate"};
  bytes.resize(*whole);
  return std::optional(std::move(bytes));
}

} // namespace warrant
