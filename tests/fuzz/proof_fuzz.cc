// SPDX-License-Identifier: Apache-2.0
// Proofs of any kind: refused with a reason, or the one spelling of a proof that proves nothing
// about an entry that was never logged; and lists of hashes of any kind, which prove nothing
// either.
#include <cstring>

#include "lineage/proof_bundle.h"
#include "lineage/proof_extra.h"
#include "lineage/witness.h"
#include "tests/fuzz/require.h"

using namespace warrant;

namespace {

const NoteKey &log_key() {
  static const NoteKey key =
      NoteKey::make("fuzz.example/log", SignatureType::kEd25519,
                    SecretKey::from_seed(std::array<uint8_t, kSeedSize>{1}).public_key())
          .value();
  return key;
}

uint64_t number(const uint8_t *data) {
  uint64_t value = 0;
  std::memcpy(&value, data, sizeof value);
  return value;
}

// Nobody finds a proof that leads to a root of one's own choice: the root is a hash of nothing.
void check_hashes(const uint8_t *data, size_t size) {
  if (size < 16)
    return;
  std::vector<Hash> proof((size - 16) / W_DIGEST_SIZE);
  if (!proof.empty())
    std::memcpy(proof.data(), data + 16, proof.size() * W_DIGEST_SIZE);
  const Hash root = empty_root();
  require(!verify_inclusion(Hash{1}, number(data), number(data + 8), root, proof).ok());
  require(!verify_consistency(number(data), number(data + 8), Hash{1}, root, proof).ok());
}

// What a proof carries, and what a witness is asked: refused, or their one spelling.
void check_others(std::string_view text) {
  const Checked<ProofExtra> extra = parse_proof_extra(view(text));
  if (extra.ok())
    require(serialize_proof_extra(extra.value()) == text);
  const Result<WitnessRequest> request = parse_witness_request(text);
  if (request.ok())
    require(serialize_witness_request(request.value()) == text);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check_hashes(data, size);
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  check_others(text);
  const Result<ProofBundle> proof = parse_proof(text);
  if (!proof.ok()) {
    require(!proof.error().message.empty());
    return 0;
  }
  require(serialize_proof(proof.value()) == text);
  require(proof.value().hashes.size() <= kMaxProofHashes);
  require(!verify_proof(proof.value(), view("never logged"), log_key()).ok());
  return 0;
}
