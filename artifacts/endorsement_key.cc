// SPDX-License-Identifier: Apache-2.0
#include "artifacts/endorsement_key.h"

#include <algorithm>
#include <string>

#include "artifacts/wire.h"

namespace warrant {
namespace {

// Algorithm Registry and part 2, 6.4, 8.3, 9.3.
constexpr uint16_t kRsa = 0x0001;
constexpr uint16_t kEcc = 0x0023;
constexpr uint16_t kNull = 0x0010;
constexpr uint16_t kAes = 0x0006;
constexpr uint16_t kCfb = 0x0043;
constexpr uint16_t kP256 = 0x0003;
constexpr uint16_t kModulusBits = 2048;
// fixedTPM, fixedParent, sensitiveDataOrigin, adminWithPolicy, restricted, decrypt; nothing else.
constexpr uint32_t kAttributes = 0x000300b2;
// PolicySecret(TPM_RH_ENDORSEMENT), B.6.2.
constexpr Digest kPolicy = {0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc,
                            0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52,
                            0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};

Error broken_endorsement(const std::string &what) {
  return Error{"endorsement key: " + what};
}

template <size_t Size>
bool take_padded(Cursor &cursor, std::array<uint8_t, Size> &out) {
  const auto bytes = cursor.sized<uint16_t>(Size);
  if (!bytes || bytes->empty())
    return false;
  std::copy(bytes->begin(), bytes->end(), out.end() - static_cast<long>(bytes->size()));
  return true;
}

Result<Rsa2048Modulus> read_rsa(Cursor &cursor) {
  const auto scheme = cursor.number<uint16_t>();
  const auto bits = cursor.number<uint16_t>();
  const auto exponent = cursor.number<uint32_t>();
  if (!scheme || *scheme != kNull)
    return broken_endorsement("it has a scheme");
  if (!bits || *bits != kModulusBits)
    return broken_endorsement("it is not of 2048 bits");
  if (!exponent || (*exponent != 0 && *exponent != 65537))
    return broken_endorsement("its exponent is not 65537");
  Rsa2048Modulus modulus{};
  // A shorter number is of fewer bits.
  if (!take_padded(cursor, modulus) || modulus[0] < 0x80)
    return broken_endorsement("its modulus cannot be read");
  return modulus;
}

Result<P256Point> read_ecc(Cursor &cursor) {
  const auto scheme = cursor.number<uint16_t>();
  const auto curve = cursor.number<uint16_t>();
  const auto derivation = cursor.number<uint16_t>();
  if (!scheme || *scheme != kNull)
    return broken_endorsement("it has a scheme");
  if (!curve || *curve != kP256 || !derivation || *derivation != kNull)
    return broken_endorsement("its curve is not P-256");
  P256Point point;
  if (!take_padded(cursor, point.x) || !take_padded(cursor, point.y))
    return broken_endorsement("its point cannot be read");
  return point;
}

} // namespace

Result<EndorsementKey> parse_endorsement_key(ByteView public_area) {
  if (public_area.size() > kMaxTpmPublic)
    return broken_endorsement("larger than " + std::to_string(kMaxTpmPublic) + " bytes");
  Cursor cursor(public_area, ByteOrder::kBig);
  const auto type = cursor.number<uint16_t>();
  const auto name_algorithm = cursor.number<uint16_t>();
  const auto attributes = cursor.number<uint32_t>();
  const auto policy = cursor.sized<uint16_t>(64);
  if (!type || !name_algorithm || !attributes || !policy)
    return broken_endorsement("cut off");
  if (*type != kRsa && *type != kEcc)
    return broken_endorsement("it is neither RSA nor an elliptic curve's");
  if (*name_algorithm != kTpmSha256)
    return broken_endorsement("its name is not made by SHA-256");
  if (*attributes != kAttributes)
    return broken_endorsement("its attributes are not those of the default template");
  if (!std::equal(policy->begin(), policy->end(), kPolicy.begin(), kPolicy.end()))
    return broken_endorsement("its policy is not that of the default template");
  const auto symmetric = cursor.number<uint16_t>();
  const auto bits = cursor.number<uint16_t>();
  const auto mode = cursor.number<uint16_t>();
  if (!symmetric || *symmetric != kAes || !bits || *bits != 128 || !mode || *mode != kCfb)
    return broken_endorsement("it does not protect by AES-128 in CFB mode");
  EndorsementKey key;
  if (*type == kRsa)
    key.number = WARRANT_TRY(read_rsa(cursor));
  else
    key.number = WARRANT_TRY(read_ecc(cursor));
  if (cursor.left() != 0)
    return broken_endorsement("something stands behind it");
  key.sha256 = sha256(public_area);
  return key;
}

} // namespace warrant
