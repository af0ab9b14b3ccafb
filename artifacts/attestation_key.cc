// SPDX-License-Identifier: Apache-2.0
#include "artifacts/attestation_key.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "artifacts/wire.h"

namespace warrant {
namespace {

// Algorithm Registry and part 2, 6.4.
constexpr uint16_t kEcc = 0x0023;
constexpr uint16_t kNull = 0x0010;
constexpr uint16_t kEcdsa = 0x0018;
constexpr uint16_t kP256 = 0x0003;

// TPMA_OBJECT (part 2, 8.3).
struct Attribute {
  uint32_t bit;
  bool wanted;
  std::string_view without; // what the key is when it is not as wanted
};
constexpr std::array kAttributes = std::to_array<Attribute>({
    {1u << 1, true, "it may leave its TPM (fixedTPM)"},
    {1u << 2, false, "it ends with the next start of the TPM (stClear)"},
    {1u << 4, true, "it may leave its parent (fixedParent)"},
    {1u << 5, true, "it was not made in a TPM (sensitiveDataOrigin)"},
    {1u << 16, true, "it signs what anybody gives it (restricted)"},
    {1u << 17, false, "it decrypts, too (decrypt)"},
    {1u << 18, true, "it does not sign (sign)"},
});

Error broken_key(const std::string &what) {
  return Error{"attestation key: " + what};
}

// A number of P-256 may be given without its zeros in front.
bool take_number(Cursor &cursor, std::array<uint8_t, 32> &out) {
  const auto bytes = cursor.sized<uint16_t>(out.size());
  if (!bytes || bytes->empty())
    return false;
  std::copy(bytes->begin(), bytes->end(), out.end() - static_cast<long>(bytes->size()));
  return true;
}

} // namespace

Result<AttestationKey> parse_attestation_key(ByteView public_area) {
  if (public_area.size() > kMaxTpmPublic)
    return broken_key("larger than " + std::to_string(kMaxTpmPublic) + " bytes");
  Cursor cursor(public_area, ByteOrder::kBig);
  const auto type = cursor.number<uint16_t>();
  const auto name_algorithm = cursor.number<uint16_t>();
  const auto attributes = cursor.number<uint32_t>();
  const auto policy = cursor.sized<uint16_t>(64);
  if (!type || !name_algorithm || !attributes || !policy)
    return broken_key("cut off");
  if (*type != kEcc)
    return broken_key("it is not an elliptic curve's");
  if (*name_algorithm != kTpmSha256)
    return broken_key("its name is not made by SHA-256");
  for (const Attribute &attribute : kAttributes)
    if (((*attributes & attribute.bit) != 0) != attribute.wanted)
      return broken_key(std::string(attribute.without));
  const auto symmetric = cursor.number<uint16_t>();
  const auto scheme = cursor.number<uint16_t>();
  const auto hash = cursor.number<uint16_t>();
  if (!symmetric || *symmetric != kNull || !scheme || *scheme != kEcdsa || !hash ||
      *hash != kTpmSha256)
    return broken_key("it does not sign by ECDSA with SHA-256 alone");
  const auto curve = cursor.number<uint16_t>();
  const auto derivation = cursor.number<uint16_t>();
  if (!curve || *curve != kP256 || !derivation || *derivation != kNull)
    return broken_key("its curve is not P-256");
  AttestationKey key;
  if (!take_number(cursor, key.point.x) || !take_number(cursor, key.point.y))
    return broken_key("its point cannot be read");
  if (cursor.left() != 0)
    return broken_key("something stands behind it");
  key.name[0] = static_cast<uint8_t>(kTpmSha256 >> 8);
  key.name[1] = static_cast<uint8_t>(kTpmSha256 & 0xff);
  const Digest digest = sha256(public_area);
  std::copy(digest.begin(), digest.end(), key.name.begin() + 2);
  return key;
}

} // namespace warrant
