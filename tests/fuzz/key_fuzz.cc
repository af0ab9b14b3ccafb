// SPDX-License-Identifier: Apache-2.0
// Any bytes as key files. A public key that is accepted has one file; a private one signs.
#include "artifacts/key.h"
#include "tests/fuzz/require.h"

using namespace warrant;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ByteView bytes(data, size);
  const auto key = parse_public_key(bytes);
  if (key.ok()) {
    require(parse_public_key(view(serialize_public_key(key.value()))).value() == key.value());
    require(key.value().fingerprint().size() == 7 + 43);
  }
  const auto secret = SecretKey::parse(bytes);
  require(!(key.ok() && secret.ok()));
  if (secret.ok()) {
    const Signature signature = secret.value().sign(bytes);
    require(secret.value().public_key().verify(bytes, signature));
    require(PublicKey::from_bytes(secret.value().public_key().bytes()).ok());
  }
  return 0;
}
