// SPDX-License-Identifier: Apache-2.0
// Any bytes as an envelope. What is accepted can be signed once more without changing what it says,
// and nothing but a signature of the trusted key makes verified bytes.
#include "artifacts/envelope.h"
#include "tests/fuzz/require.h"

using namespace warrant;

namespace {

const SecretKey &trusted_key() {
  static const SecretKey key = SecretKey::from_seed(std::array<uint8_t, kSeedSize>{1});
  return key;
}

const SecretKey &other_key() {
  static const SecretKey key = SecretKey::from_seed(std::array<uint8_t, kSeedSize>{2});
  return key;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ByteView bytes(data, size);
  const std::vector<PublicKey> keys = {trusted_key().public_key()};
  const auto peeked = peek_envelope(bytes);
  const auto verified = verify_envelope(bytes, keys, 1);
  if (!peeked.ok()) {
    require(peeked.error().reason == W_REASON_MALFORMED);
    require(!verified.ok() && verified.error().reason == W_REASON_MALFORMED);
    return 0;
  }
  require(!peeked.value().keyids.empty() && peeked.value().keyids.size() <= kMaxSignatures);
  if (!verified.ok())
    require(verified.error().reason == W_REASON_INVALID_SIGNATURE);
  else
    require(verified.value().payload() == peeked.value().payload);

  // A stranger's signature changes nothing, the trusted one makes it good.
  const auto strange = add_signature(bytes, other_key());
  if (strange.ok())
    require(verify_envelope(view(strange.value()), keys, 1).ok() == verified.ok());
  const auto added = add_signature(bytes, trusted_key());
  if (added.ok() && added.value().size() <= kMaxEnvelopeSize) {
    const auto good = verify_envelope(view(added.value()), keys, 1);
    require(good.ok());
    require(good.value().payload() == peeked.value().payload);
    require(good.value().signers().size() == 1);
  }
  return 0;
}
