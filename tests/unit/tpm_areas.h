// SPDX-License-Identifier: Apache-2.0
// Public areas of TPM keys as tests want them.
#pragma once

#include "artifacts/boot_log.h"
#include "artifacts/bytes.h"
#include "tests/unit/wire_writer.h"

namespace warrant::test {

/// An attestation key that is acceptable; another `fill`, another key.
inline Bytes attestation_area(uint8_t fill = 0x44) {
  WireWriter out(ByteOrder::kBig);
  out.number(uint16_t{0x23}).number(kTpmSha256).number(uint32_t{0x00050072});
  out.number(uint16_t{0}).number(uint16_t{0x10}).number(uint16_t{0x18}).number(kTpmSha256);
  out.number(uint16_t{3}).number(uint16_t{0x10});
  out.sized<uint16_t>(Bytes(32, fill)).sized<uint16_t>(Bytes(32, 0x55));
  return out.done();
}

inline Bytes endorsement_policy() {
  Bytes policy(32);
  from_hex("837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa", policy);
  return policy;
}

struct EndorsementShape {
  uint16_t type = 0x0001;
  uint16_t name = kTpmSha256;
  uint32_t attributes = 0x000300b2;
  Bytes policy = endorsement_policy();
  uint16_t symmetric = 0x0006;
  uint16_t symmetric_bits = 128;
  uint16_t mode = 0x0043;
  uint16_t scheme = 0x0010;
  uint16_t bits = 2048; // RSA
  uint32_t exponent = 0;
  Bytes modulus = Bytes(256, 0xc1);
  uint16_t curve = 0x0003; // ECC
  uint16_t derivation = 0x0010;
  Bytes x = Bytes(32, 0x44);
  Bytes y = Bytes(32, 0x55);
};

inline Bytes endorsement_area(const EndorsementShape &shape = {}) {
  WireWriter out(ByteOrder::kBig);
  out.number(shape.type).number(shape.name).number(shape.attributes).sized<uint16_t>(shape.policy);
  out.number(shape.symmetric).number(shape.symmetric_bits).number(shape.mode).number(shape.scheme);
  if (shape.type == 0x0001)
    out.number(shape.bits).number(shape.exponent).sized<uint16_t>(shape.modulus);
  else
    out.number(shape.curve)
        .number(shape.derivation)
        .sized<uint16_t>(shape.x)
        .sized<uint16_t>(shape.y);
  return out.done();
}

} // namespace warrant::test
