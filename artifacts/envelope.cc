// SPDX-License-Identifier: Apache-2.0
#include "artifacts/envelope.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/json.h"
#include "artifacts/public_base64.h"

namespace warrant {
namespace {

Checked<Bytes> decode(std::string_view text, const std::string &field) {
  std::optional<Bytes> bytes = decode_public_base64(text);
  if (!bytes)
    return malformed(field, "padded base64 expected");
  return std::move(*bytes);
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Checked<void> read_signature(const Json &value, const std::string &path,
                             UnverifiedEnvelope &envelope) {
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(value, path));
  std::string keyid;
  if (reader.has("keyid"))
    keyid = WARRANT_TRY(reader.string("keyid", 0, kMaxKeyIdSize));
  if (!is_printable(keyid))
    return malformed(reader.at("keyid"), "printable ASCII expected");
  const std::string text = WARRANT_TRY(reader.string("sig", 1, kMaxEnvelopeSize));
  const Bytes bytes = WARRANT_TRY(decode(text, reader.at("sig")));
  if (bytes.size() != kSignatureSize)
    return malformed(reader.at("sig"), "Ed25519 signature of 64 bytes expected");
  WARRANT_TRY(reader.finish());
  envelope.keyids.push_back(std::move(keyid));
  std::copy(bytes.begin(), bytes.end(), envelope.signatures.emplace_back().begin());
  return {};
}

/// Which of the keys made the signature: the one that its keyid claims is tried first.
const PublicKey *find_signer(const Signature &signature, const std::string &keyid, ByteView message,
                             std::span<const PublicKey> keys) {
  const auto is_claimed = [&](const PublicKey &key) { return key.fingerprint() == keyid; };
  const auto claimed = std::find_if(keys.begin(), keys.end(), is_claimed);
  if (claimed != keys.end() && claimed->verify(message, signature))
    return &*claimed;
  for (const PublicKey &key : keys)
    if (!is_claimed(key) && key.verify(message, signature))
      return &key;
  return nullptr;
}

/// Fingerprints of those of the keys that made at least one of the signatures.
std::vector<std::string> find_signers(const UnverifiedEnvelope &envelope,
                                      std::span<const PublicKey> keys) {
  const Bytes message = pae(kPayloadType, envelope.payload);
  std::vector<std::string> signers;
  for (size_t i = 0; i < envelope.signatures.size(); i++) {
    const PublicKey *signer =
        find_signer(envelope.signatures[i], envelope.keyids[i], message, keys);
    if (signer)
      signers.push_back(signer->fingerprint());
  }
  // The same key given twice counts once.
  std::sort(signers.begin(), signers.end());
  signers.erase(std::unique(signers.begin(), signers.end()), signers.end());
  return signers;
}

Rejection too_few_signers(const UnverifiedEnvelope &envelope, size_t found, size_t threshold) {
  std::string claimed;
  for (const std::string &keyid : envelope.keyids)
    claimed += (claimed.empty() ? "" : ", ") + (keyid.empty() ? "no keyid" : printable(keyid));
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
  return verify_envelope(WARRANT_TRY(peek_envelope(bytes)), keys, threshold);
}

Checked<VerifiedBytes> verify_envelope(UnverifiedEnvelope envelope, std::span<const PublicKey> keys,
                                       size_t threshold) {
  std::vector<std::string> signers = find_signers(envelope, keys);
  if (signers.size() < std::max<size_t>(threshold, 1))
    return too_few_signers(envelope, signers.size(), std::max<size_t>(threshold, 1));
  return VerifiedBytes(std::move(envelope.payload), std::move(signers));
}

Checked<UnverifiedEnvelope> peek_envelope(ByteView bytes) {
  if (bytes.size() > kMaxEnvelopeSize)
    return malformed("", "envelope larger than " + std::to_string(kMaxEnvelopeSize) + " bytes",
                     "name many files in a manifest");
  const Json document = WARRANT_TRY(parse_json(bytes));
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(document));
  WARRANT_TRY(reader.literal("payloadType", kPayloadType));
  const std::string payload = WARRANT_TRY(reader.string("payload", 1, kMaxEnvelopeSize));
  const Json *signatures = WARRANT_TRY(reader.array("signatures", 1, kMaxSignatures));
  WARRANT_TRY(reader.finish());

  UnverifiedEnvelope envelope;
  envelope.payload = WARRANT_TRY(decode(payload, "payload"));
  for (size_t i = 0; i < signatures->size(); i++)
    WARRANT_TRY(
        read_signature((*signatures)[i], "signatures[" + std::to_string(i) + "]", envelope));
  return envelope;
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
  const UnverifiedEnvelope envelope = WARRANT_TRY(peek_envelope(bytes));
  const Signature made = key.sign(pae(kPayloadType, envelope.payload));
  Json list = Json::array();
  // By the signature, not by the keyid, which is only what somebody claims: Ed25519 is
  // deterministic, so this key's own signature is this one (RFC 8032 section 5.1.6).
  for (size_t i = 0; i < envelope.signatures.size(); i++)
    if (envelope.signatures[i] != made)
      list.push_back(signature_json(envelope.keyids[i], envelope.signatures[i]));
  if (list.size() == kMaxSignatures)
    return malformed("signatures", "no room for another signature");
  list.push_back(signature_json(key.public_key().fingerprint(), made));
  return serialize(envelope.payload, std::move(list));
}

} // namespace warrant
