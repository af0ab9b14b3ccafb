// SPDX-License-Identifier: Apache-2.0
#include "lineage/note.h"

#include <algorithm>
#include <cstring>

#include "artifacts/public_base64.h"
#include "lineage/utf8.h"

namespace warrant {
namespace {

constexpr std::string_view kSignaturePrefix = "\xe2\x80\x94 "; // em dash, space
constexpr size_t kMaxNameSize = 255;
constexpr size_t kKeyIdSize = 4;
constexpr size_t kTimeSize = 8;

void append_big_endian(Bytes &bytes, uint64_t value, size_t size) {
  for (size_t i = size; i-- > 0;)
    bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

uint64_t big_endian(ByteView bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes)
    value = value << 8 | byte;
  return value;
}

// Unicode White_Space, as Go's unicode.IsSpace has it.
bool is_space(uint32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

template <class IsRefused>
bool is_utf8_without(std::string_view text, IsRefused is_refused) {
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    if (point.length == 0 || is_refused(point.value))
      return false;
    text.remove_prefix(point.length);
  }
  return true;
}

bool is_control_in_note(uint32_t c) {
  return c < 0x20 && c != '\n';
}

// The standard alphabet only; the decoder knows the other one too.
std::optional<Bytes> decode_standard(std::string_view text) {
  if (text.find_first_of("-_") != std::string_view::npos)
    return std::nullopt;
  return decode_public_base64(text);
}

uint32_t key_id(std::string_view name, SignatureType type, const PublicKey &key) {
  Bytes bytes(name.begin(), name.end());
  bytes.push_back('\n');
  bytes.push_back(static_cast<uint8_t>(type));
  bytes.insert(bytes.end(), key.bytes().begin(), key.bytes().end());
  return static_cast<uint32_t>(big_endian(ByteView(sha256(bytes)).first(kKeyIdSize)));
}

std::string hex_of(uint32_t id) {
  Bytes bytes;
  append_big_endian(bytes, id, kKeyIdSize);
  return to_hex(bytes);
}

Result<NoteSignature> parse_signature(std::string_view line) {
  if (!line.starts_with(kSignaturePrefix))
    return Error{"a signature line does not begin with an em dash and a space"};
  line.remove_prefix(kSignaturePrefix.size());
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || !is_key_name(line.substr(0, space)))
    return Error{"a signature line without a key name"};
  const std::optional<Bytes> bytes = decode_standard(line.substr(space + 1));
  if (!bytes || bytes->size() <= kKeyIdSize)
    return Error{"a signature that is not base64 of a key id and more"};
  const ByteView all(*bytes);
  const ByteView rest = all.subspan(kKeyIdSize);
  return NoteSignature{std::string(line.substr(0, space)),
                       static_cast<uint32_t>(big_endian(all.first(kKeyIdSize))),
                       Bytes(rest.begin(), rest.end())};
}

// c2sp.org/tlog-cosignature, "Ed25519 signed message".
std::string cosigned_message(std::string_view text, uint64_t time) {
  return "cosignature/v1\ntime " + std::to_string(time) + "\n" + std::string(text);
}

// The time of the signature, 0 for those without one; nothing if it does not verify.
std::optional<uint64_t> verify_signature(const NoteKey &key, std::string_view text,
                                         ByteView bytes) {
  uint64_t time = 0;
  std::string message(text);
  if (key.type() == SignatureType::kCosignature) {
    if (bytes.size() != kTimeSize + kSignatureSize)
      return std::nullopt;
    time = big_endian(bytes.first(kTimeSize));
    if (time > INT64_MAX)
      return std::nullopt;
    bytes = bytes.subspan(kTimeSize);
    message = cosigned_message(text, time);
  }
  if (bytes.size() != kSignatureSize)
    return std::nullopt;
  Signature signature;
  std::copy(bytes.begin(), bytes.end(), signature.begin());
  return key.key().verify(view(message), signature) ? std::optional(time) : std::nullopt;
}

} // namespace

bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameSize &&
         is_utf8_without(name, [](uint32_t c) { return c < 0x20 || c == '+' || is_space(c); });
}

bool is_note_text(std::string_view text) {
  return text.ends_with('\n') && text.size() <= kMaxNoteSize &&
         is_utf8_without(text, is_control_in_note);
}

NoteKey::NoteKey(std::string name, SignatureType type, const PublicKey &key)
    : name_(std::move(name)), type_(type), key_(key), id_(key_id(name_, type, key)) {}

Result<NoteKey> NoteKey::make(std::string_view name, SignatureType type, const PublicKey &key) {
  if (!is_key_name(name))
    return Error{"not a key name (no spaces, no plus sign, at most 255 bytes): " + printable(name)};
  return NoteKey(std::string(name), type, key);
}

Result<NoteKey> NoteKey::from_vkey(std::string_view vkey) {
  const size_t first = vkey.find('+');
  const size_t second = first == std::string_view::npos ? first : vkey.find('+', first + 1);
  if (second == std::string_view::npos)
    return Error{"not a verifier key: <name>+<key id>+<base64> expected"};
  const std::optional<Bytes> bytes = decode_standard(vkey.substr(second + 1));
  if (!bytes || bytes->size() != 1 + kPublicKeySize)
    return Error{"not a verifier key: base64 of a type and 32 bytes expected"};
  const auto type = static_cast<SignatureType>((*bytes)[0]);
  if (type != SignatureType::kEd25519 && type != SignatureType::kCosignature)
    return Error{"a verifier key of type " + std::to_string((*bytes)[0]) +
                 "; only 1 (Ed25519) and 4 (cosignature) are known"};
  const PublicKey key = WARRANT_TRY(PublicKey::from_bytes(ByteView(*bytes).subspan(1)));
  NoteKey made = WARRANT_TRY(make(vkey.substr(0, first), type, key));
  if (vkey.substr(first + 1, second - first - 1) != hex_of(made.id()))
    return Error{"the verifier key's id is not that of its name and key, which is " +
                 hex_of(made.id())};
  return made;
}

std::string NoteKey::vkey() const {
  Bytes bytes = {static_cast<uint8_t>(type_)};
  bytes.insert(bytes.end(), key_.bytes().begin(), key_.bytes().end());
  return name_ + "+" + hex_of(id_) + "+" + to_base64(bytes);
}

Result<Note> parse_note(std::string_view bytes) {
  if (bytes.size() > kMaxNoteSize)
    return Error{"a note of more than " + std::to_string(kMaxNoteSize) + " bytes"};
  if (!is_note_text(bytes))
    return Error{"a note is UTF-8, without control characters, that ends with a newline"};
  const size_t split = bytes.rfind("\n\n");
  if (split == std::string_view::npos)
    return Error{"a note without a blank line before its signatures"};
  Note note;
  note.text = bytes.substr(0, split + 1);
  std::string_view rest = bytes.substr(split + 2);
  if (rest.empty())
    return Error{"a note without signatures"};
  while (!rest.empty()) {
    if (note.signatures.size() == kMaxNoteSignatures)
      return Error{"a note with more than " + std::to_string(kMaxNoteSignatures) + " signatures"};
    const size_t end = rest.find('\n');
    note.signatures.push_back(WARRANT_TRY(parse_signature(rest.substr(0, end))));
    rest.remove_prefix(end + 1);
  }
  return note;
}

std::string serialize_note(const Note &note) {
  std::string bytes = note.text + "\n";
  for (const NoteSignature &signature : note.signatures) {
    Bytes signed_bytes;
    append_big_endian(signed_bytes, signature.key_id, kKeyIdSize);
    signed_bytes.insert(signed_bytes.end(), signature.bytes.begin(), signature.bytes.end());
    bytes += kSignaturePrefix;
    bytes += signature.name + " " + to_base64(signed_bytes) + "\n";
  }
  return bytes;
}

bool VerifiedNote::is_signed_by(const NoteKey &key) const {
  return std::any_of(signers_.begin(), signers_.end(), [&](const Signer &signer) {
    return signer.key.name() == key.name() && signer.key.type() == key.type() &&
           signer.key.key() == key.key();
  });
}

Result<VerifiedNote> verify_note(const Note &note, std::span<const NoteKey> known) {
  VerifiedNote verified;
  for (const NoteSignature &signature : note.signatures) {
    for (const NoteKey &key : known) {
      if (key.name() != signature.name || key.id() != signature.key_id)
        continue;
      const std::optional<uint64_t> time = verify_signature(key, note.text, signature.bytes);
      if (!time)
        return Error{"the signature by " + printable(key.name()) + " does not verify"};
      auto same =
          std::find_if(verified.signers_.begin(), verified.signers_.end(),
                       [&](const VerifiedNote::Signer &s) { return s.key.vkey() == key.vkey(); });
      if (same == verified.signers_.end())
        verified.signers_.push_back({key, *time});
      else
        same->time = std::max(same->time, *time);
    }
  }
  if (verified.signers_.empty())
    return Error{"no signature by a known key"};
  verified.text_ = note.text;
  return verified;
}

Result<NoteSigner> NoteSigner::make(std::string_view name, SignatureType type, SecretKey secret) {
  NoteKey key = WARRANT_TRY(NoteKey::make(name, type, secret.public_key()));
  return NoteSigner(std::move(key), std::move(secret));
}

NoteSignature NoteSigner::sign(std::string_view text, uint64_t time) const {
  NoteSignature signature{key_.name(), key_.id(), {}};
  std::string message(text);
  if (key_.type() == SignatureType::kCosignature) {
    append_big_endian(signature.bytes, time, kTimeSize);
    message = cosigned_message(text, time);
  }
  const Signature made = secret_.sign(view(message));
  signature.bytes.insert(signature.bytes.end(), made.begin(), made.end());
  return signature;
}

} // namespace warrant
