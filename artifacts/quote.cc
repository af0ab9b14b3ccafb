// SPDX-License-Identifier: Apache-2.0
#include "artifacts/quote.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <algorithm>
#include <optional>
#include <string>

#include "artifacts/openssl.h"
#include "artifacts/wire.h"

namespace warrant {
namespace {

// TPM 2.0 Library, part 2: 6.2, 6.9; Algorithm Registry.
constexpr uint32_t kGenerated = 0xff544347;
constexpr uint16_t kAttestQuote = 0x8018;
constexpr uint16_t kEcdsa = 0x0018;
constexpr size_t kMaxName = 68;  // TPM2B_NAME: an algorithm and a SHA-512
constexpr size_t kMaxSelect = 4; // bytes of a PCR selection
constexpr size_t kScalar = 32;   // bytes of a number of P-256

using openssl::DigestContext;
using openssl::Key;
using openssl::Number;
using Signature = openssl::Owned<ECDSA_SIG, ECDSA_SIG_free>;

Error broken(const std::string &what) {
  return Error{"quote: " + what};
}

Status take_into(Cursor &cursor, size_t limit, Bytes &out) {
  const auto bytes = cursor.sized<uint16_t>(limit);
  if (!bytes)
    return broken("cut off, or a field of more than " + std::to_string(limit) + " bytes");
  out.assign(bytes->begin(), bytes->end());
  return {};
}

// TPML_PCR_SELECTION with one bank, SHA-256's.
Result<PcrMask> read_selection(Cursor &cursor) {
  const auto count = cursor.number<uint32_t>();
  if (!count || *count != 1)
    return broken("it is of " + (count ? std::to_string(*count) : "no") +
                  " banks of PCRs; one was asked for");
  const auto bank = cursor.number<uint16_t>();
  if (!bank || *bank != kTpmSha256)
    return broken("it is of another bank than SHA-256");
  const auto select = cursor.sized<uint8_t>(kMaxSelect);
  if (!select)
    return broken("its selection of PCRs cannot be read");
  PcrMask pcrs = 0;
  for (size_t i = 0; i < select->size(); i++)
    pcrs |= static_cast<PcrMask>((*select)[i]) << (8 * i);
  if (pcrs == 0 || pcrs >> kPcrCount != 0)
    return broken("it is of no PCR, or of one that there cannot be");
  return pcrs;
}

// As DER, the form in which OpenSSL takes it.
Result<Bytes> der_of(ByteView signature) {
  Cursor cursor(signature, ByteOrder::kBig);
  const auto scheme = cursor.number<uint16_t>();
  const auto hash = cursor.number<uint16_t>();
  if (!scheme || !hash || *scheme != kEcdsa || *hash != kTpmSha256)
    return broken("it is not signed by ECDSA with SHA-256");
  const auto r = cursor.sized<uint16_t>(kScalar);
  const auto s = cursor.sized<uint16_t>(kScalar);
  if (!r || !s || cursor.left() != 0)
    return broken("its signature cannot be read");
  Number first(BN_bin2bn(r->data(), static_cast<int>(r->size()), nullptr));
  Number second(BN_bin2bn(s->data(), static_cast<int>(s->size()), nullptr));
  const Signature both(ECDSA_SIG_new());
  if (!first || !second || !both || ECDSA_SIG_set0(both.get(), first.get(), second.get()) != 1)
    return broken("no memory for its signature");
  (void)first.release(); // both owns them now
  (void)second.release();
  unsigned char *der = nullptr;
  const int size = i2d_ECDSA_SIG(both.get(), &der);
  if (size <= 0)
    return broken("its signature cannot be written as DER");
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

} // namespace

Result<Quote> parse_quote(ByteView attest) {
  if (attest.size() > kMaxQuote)
    return broken("larger than " + std::to_string(kMaxQuote) + " bytes");
  Cursor cursor(attest, ByteOrder::kBig);
  const auto magic = cursor.number<uint32_t>();
  const auto type = cursor.number<uint16_t>();
  if (!magic || *magic != kGenerated)
    return broken("no TPM generated it");
  if (!type || *type != kAttestQuote)
    return broken("the TPM says something, but not of PCRs");
  Quote quote;
  WARRANT_TRY(take_into(cursor, kMaxName, quote.signer));
  WARRANT_TRY(take_into(cursor, kMaxQuoteNonce, quote.nonce));
  const auto clock = cursor.number<uint64_t>();
  const auto resets = cursor.number<uint32_t>();
  const auto restarts = cursor.number<uint32_t>();
  const auto safe = cursor.number<uint8_t>();
  const auto firmware = cursor.number<uint64_t>();
  if (!clock || !resets || !restarts || !safe || !firmware)
    return broken("cut off");
  if (*safe > 1)
    return broken("its clock is neither safe nor unsafe");
  quote.clock = *clock;
  quote.resets = *resets;
  quote.restarts = *restarts;
  quote.is_safe = *safe == 1;
  quote.firmware = *firmware;
  quote.pcrs = WARRANT_TRY(read_selection(cursor));
  const auto digest = cursor.sized<uint16_t>(W_DIGEST_SIZE);
  if (!digest || digest->size() != W_DIGEST_SIZE)
    return broken("its digest of the PCRs is not a SHA-256");
  std::copy(digest->begin(), digest->end(), quote.pcr_digest.begin());
  if (cursor.left() != 0)
    return broken("something stands behind it");
  return quote;
}

Status verify_quote_signature(ByteView attest, ByteView signature, const P256Point &key) {
  if (attest.size() > kMaxQuote || signature.size() > kMaxQuoteSignature)
    return broken("larger than a TPM makes it");
  const Bytes der = WARRANT_TRY(der_of(signature));
  Result<Key> public_key = openssl::p256_key(key);
  if (!public_key.ok())
    return broken(public_key.error().message);
  const DigestContext context(EVP_MD_CTX_new());
  if (!context || EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr,
                                          public_key.value().get(), nullptr) != 1)
    return broken("OpenSSL cannot verify by this key");
  if (EVP_DigestVerify(context.get(), der.data(), der.size(), attest.data(), attest.size()) != 1)
    return broken("the key did not sign it");
  return {};
}

Result<Digest> digest_of_pcrs(const PcrValues &values, PcrMask pcrs) {
  Bytes all;
  for (uint32_t pcr = 0; pcr < kPcrCount; pcr++) {
    if ((pcrs >> pcr & 1) == 0)
      continue;
    const auto value = values.find(pcr);
    if (value == values.end())
      return broken("there is no value of PCR " + std::to_string(pcr));
    all.insert(all.end(), value->second.begin(), value->second.end());
  }
  return sha256(all);
}

} // namespace warrant
