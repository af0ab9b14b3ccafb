// SPDX-License-Identifier: Apache-2.0
// This host's TPM 2.0, through the TSS's ESAPI. Only daemon/tpm*.cc include its headers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "artifacts/boot_log.h"
#include "artifacts/bytes.h"
#include "artifacts/quote.h"

namespace warrant {

class TpmContext;

inline constexpr const char *kDefaultTcti = "device:/dev/tpmrm0";
/// Where the attestation key and the counter are kept unless somebody says otherwise; what TCG and
/// makers put into a TPM lies elsewhere.
inline constexpr uint32_t kAttestationKeyHandle = 0x81010010;
inline constexpr uint32_t kCounterIndex = 0x01810010;

/// The TSS writes what fails to standard error unless it is told not to, and everything that fails
/// here is an Error already. Before the first thread starts, since it changes the environment; a
/// TSS2_LOG that is set stays.
void silence_tss();

/// One connection to a TPM, for one thread at a time. Each call blocks its thread for as long as
/// the TPM takes, usually milliseconds, seconds for keys, and forever if the TPM never answers:
/// whoever must not wait calls from a thread of its own. No call leaves a key or a session loaded,
/// also where nobody manages the TPM's three slots. An error of the connection itself is final:
/// open another one. Owner and endorsement hierarchy must have no password.
class Tpm {
 public:
  /// `tcti` as the TSS's loader takes it: "device:/dev/tpmrm0", "swtpm:path=/run/tpm", and mssim:
  /// and tabrmd:, but no library by its path and no command. Error: "no
  /// TPM at device:/dev/tpmrm0: ...".
  static Result<Tpm> open(const std::string &tcti);
  Tpm(Tpm &&other) noexcept;
  Tpm &operator=(Tpm &&other) noexcept;
  ~Tpm();

  /// TPMT_PUBLIC of a persistent key, for parse_attestation_key(), which judges it. Nothing: there
  /// is no key.
  Result<std::optional<Bytes>> attestation_key(uint32_t handle);
  /// At least one PCR, and a nonce of at most kMaxQuoteNonce bytes.
  Result<SignedQuote> quote(uint32_t handle, PcrMask pcrs, ByteView nonce);

  // PCRs are those of the SHA-256 bank. Error: that this TPM has none, and which it has.

  /// All of one moment: read anew when one was extended meanwhile.
  Result<PcrValues> read_pcrs(PcrMask pcrs);
  Status extend(uint32_t pcr, const Digest &measurement);

  /// Value of an NV counter. Nothing: there is no such index. Error: it is no counter, or has not
  /// begun to count.
  Result<std::optional<uint64_t>> read_counter(uint32_t index);
  Status increment_counter(uint32_t index);
  /// A counter that everybody who reaches the TPM may read and increment and nobody may set. One
  /// that is there already stays as it is; anything else at this index is refused. A counter that
  /// is made anew goes on above every value that any counter of this TPM had (part 3, 31.8).
  Status make_counter(uint32_t index);

  /// A key that parse_attestation_key() accepts, made persistent; its TPMT_PUBLIC. A key that is
  /// there already stays and is returned if it is acceptable.
  Result<Bytes> make_attestation_key(uint32_t handle);

  /// TPMT_PUBLIC of the endorsement key, from the default template of the TCG EK Credential
  /// Profile (2.5, B.3): RSA 2048 (L-1), or ECC P-256 (L-2) where only that one is certified.
  Result<Bytes> endorsement_public();
  /// DER of the certificate that the maker left for that key. Nothing: he left none.
  Result<std::optional<Bytes>> endorsement_certificate();
  /// What make_credential() hid, if this TPM has both keys. `credential_blob` is a TPMS_ID_OBJECT,
  /// `secret` what TPM2B_ENCRYPTED_SECRET holds, each without a size in front.
  Result<Bytes> activate_credential(uint32_t ak_handle, ByteView credential_blob, ByteView secret);

 private:
  explicit Tpm(std::unique_ptr<TpmContext> context);
  std::unique_ptr<TpmContext> context_;
};

} // namespace warrant
