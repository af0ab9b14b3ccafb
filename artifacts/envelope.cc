// SPDX-License-Identifier: Apache-2.0
#include "artifacts/envelope.h"

#include <algorithm>

#include "artifacts/json.h"

namespace warrant {
namespace {

struct ClaimedSignature {
  std::string keyid;
  Signature signature{};
};

struct Envelope {
  Bytes payload;
  std::vector<ClaimedSignature> signatures;
};

/// Either alphabet, as DSSE v1 demands of verifiers; never a mixture.
Checked<Bytes> decode(std::string_view text, const std::string &field) {
  for (const Base64 alphabet : {Base64::kStandard, Base64::kUrlSafe}) {
    Result<Bytes> bytes = from_base64(text, alphabet);
    if (bytes.ok())
      return std::move(bytes).value();
  }
  return malformed(field, "padded base64 expected");
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Checked<ClaimedSignature> read_signature(const Json &value, const std::string &path) {
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(value, path));
  ClaimedSignature claimed;
  if (reader.has("keyid"))
    claimed.keyid = WARRANT_TRY(reader.string("keyid", 0, kMaxKeyIdSize));
  if (!is_printable(claimed.keyid))
    return malformed(reader.at("keyid"), "printable ASCII expected");
  const std::string text = WARRANT_TRY(reader.string("sig", 1, kMaxEnvelopeSize));
  const Bytes signature = WARRANT_TRY(decode(text, reader.at("sig")));
  if (signature.size() != kSignatureSize)
    return malformed(reader.at("sig"), "Ed25519 signature of 64 bytes expected");
  std::copy(signature.begin(), signature.end(), claimed.signature.begin());
  WARRANT_TRY(reader.finish());
  return claimed;
}

Checked<Envelope> read_envelope(ByteView bytes) {
  if (bytes.size() > kMaxEnvelopeSize)
    return malformed("", "envelope larger than " + std::to_string(kMaxEnvelopeSize) + " bytes",
                     "name many files in a manifest");
  const Json document = WARRANT_TRY(parse_json(bytes));
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(document));
  WARRANT_TRY(reader.literal("payloadType", kPayloadType));
  const std::string payload = WARRANT_TRY(reader.string("payload", 1, kMaxEnvelopeSize));
  const Json *signatures = WARRANT_TRY(reader.array("signatures", 1, kMaxSignatures));
  WARRANT_TRY(reader.finish());

  Envelope envelope;
  envelope.payload = WARRANT_TRY(decode(payload, "payload"));
  for (size_t i = 0; i < signatures->size(); i++)
    envelope.signatures.push_back(
        WARRANT_TRY(read_signature((*signatures)[i], "signatures[" + std::to_string(i) + "]")));
  return envelope;
}

/// Fingerprints of those of the keys that made at least one of the signatures.
std::vector<std::string> find_signers(const Envelope &envelope, std::span<const PublicKey> keys) {
  const Bytes message = pae(kPayloadType, envelope.payload);
  std::vector<std::string> signers;
  for (const PublicKey &key : keys) {
    const auto signed_by = [&](const ClaimedSignature &claimed) {
      return key.verify(message, claimed.signature);
    };
    if (std::any_of(envelope.signatures.begin(), envelope.signatures.end(), signed_by))
      signers.push_back(key.fingerprint());
  }
  // The same key given twice counts once.
  std::sort(signers.begin(), signers.end());
  signers.erase(std::unique(signers.begin(), signers.end()), signers.end());
  return signers;
}

Rejection too_few_signers(const Envelope &envelope, size_t found, size_t threshold) {
  std::string claimed;
  for (const ClaimedSignature &signature : envelope.signatures)
    claimed += (claimed.empty() ? "" : ", ") +
               (signature.keyid.empty() ? "no keyid" : printable(signature.keyid));
  return {W_REASON_INVALID_SIGNATURE, "signatures",
          std::to_string(found) + " of " + std::to_string(threshold) +
              " required signatures by trusted keys (keyids claimed: " + claimed + ")",
          "sign with a key that the trust root names for this role"};
}

Json signature_json(std::string_view keyid, const Signature &signature) {
  return {{"keyid", keyid}, {"sig", to_base64(signature)}};
}

std::string serialize(ByteView payload, Json signatures) {
  const Json document = {{"payload", to_base64(payload)},
                         {"payloadType", kPayloadType},
                         {"signatures", std::move(signatures)}};
  return document.dump() + "\n";
}

} // namespace

Bytes pae(std::string_view payload_type, ByteView payload) {
  const std::string head = "DSSEv1 " + std::to_string(payload_type.size()) + " " +
                           std::string(payload_type) + " " + std::to_string(payload.size()) + " ";
  Bytes message;
  message.reserve(head.size() + payload.size());
  message.insert(message.end(), head.begin(), head.end());
  message.insert(message.end(), payload.begin(), payload.end());
  return message;
}

VerifiedBytes::VerifiedBytes(Bytes payload, std::vector<std::string> signers)
    : payload_(std::move(payload)),
      sha256_(warrant::sha256(payload_)),
      signers_(std::move(signers)) {}

Checked<VerifiedBytes> verify_envelope(ByteView bytes, std::span<const PublicKey> keys,
                                       size_t threshold) {
  Envelope envelope = WARRANT_TRY(read_envelope(bytes));
  std::vector<std::string> signers = find_signers(envelope, keys);
  if (signers.size() < std::max<size_t>(threshold, 1))
    return too_few_signers(envelope, signers.size(), std::max<size_t>(threshold, 1));
  return VerifiedBytes(std::move(envelope.payload), std::move(signers));
}

Checked<UnverifiedEnvelope> peek_envelope(ByteView bytes) {
  Envelope envelope = WARRANT_TRY(read_envelope(bytes));
  UnverifiedEnvelope peeked;
  peeked.payload = std::move(envelope.payload);
  for (ClaimedSignature &signature : envelope.signatures)
    peeked.keyids.push_back(std::move(signature.keyid));
  return peeked;
}

Result<std::string> sign_envelope(ByteView payload, std::span<const SecretKey *const> keys) {
  const Bytes message = pae(kPayloadType, payload);
  std::vector<std::pair<std::string, Signature>> signatures;
  for (const SecretKey *key : keys)
    signatures.emplace_back(key->public_key().fingerprint(), key->sign(message));
  std::sort(signatures.begin(), signatures.end());
  signatures.erase(std::unique(signatures.begin(), signatures.end()), signatures.end());
  if (payload.empty())
    return Error{"nothing to sign"};
  if (signatures.empty() || signatures.size() > kMaxSignatures)
    return Error{"1 to " + std::to_string(kMaxSignatures) + " keys expected"};

  Json list = Json::array();
  for (const auto &[keyid, signature] : signatures)
    list.push_back(signature_json(keyid, signature));
  std::string envelope = serialize(payload, std::move(list));
  if (envelope.size() > kMaxEnvelopeSize)
    return Error{"envelope larger than " + std::to_string(kMaxEnvelopeSize) +
                 " bytes; name many files in a manifest"};
  return envelope;
}

Result<std::string> sign_envelope(ByteView payload, const SecretKey &key) {
  const SecretKey *keys[] = {&key};
  return sign_envelope(payload, keys);
}

Checked<std::string> add_signature(ByteView bytes, const SecretKey &key) {
  const Envelope envelope = WARRANT_TRY(read_envelope(bytes));
  const std::string keyid = key.public_key().fingerprint();
  Json list = Json::array();
  for (const ClaimedSignature &claimed : envelope.signatures)
    if (claimed.keyid != keyid)
      list.push_back(signature_json(claimed.keyid, claimed.signature));
  if (list.size() == kMaxSignatures)
    return malformed("signatures", "no room for another signature");
  list.push_back(signature_json(keyid, key.sign(pae(kPayloadType, envelope.payload))));
  return serialize(envelope.payload, std::move(list));
}

} // namespace warrant
