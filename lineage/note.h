// SPDX-License-Identifier: Apache-2.0
// Signed notes (c2sp.org/signed-note): a text and the signatures under it, Ed25519 (0x01) and
// timestamped witness cosignatures (0x04, c2sp.org/tlog-cosignature).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/key.h"
#include "artifacts/result.h"

namespace warrant {

/// Of a whole note, in bytes. Sixteen post-quantum signatures, which we do not check but must let
/// pass, take half of it.
inline constexpr size_t kMaxNoteSize = 256 * 1024;
inline constexpr size_t kMaxNoteSignatures = 64;

enum class SignatureType : uint8_t { kEd25519 = 0x01, kCosignature = 0x04 };

/// Not empty, valid UTF-8 without control characters, Unicode spaces and plus signs, and at most
/// 255 bytes.
bool is_key_name(std::string_view name);

/// Who may have signed: a name, a public key and the one type of signature that it makes.
class NoteKey {
 public:
  /// Errors: not a key name.
  static Result<NoteKey> make(std::string_view name, SignatureType type, const PublicKey &key);
  /// "<name>+<8 hex digits>+<base64(type || key)>". Refuses other types, ids that are not the
  /// key's, and points that are no key.
  static Result<NoteKey> from_vkey(std::string_view vkey);
  std::string vkey() const;

  const std::string &name() const { return name_; }
  SignatureType type() const { return type_; }
  const PublicKey &key() const { return key_; }
  /// SHA-256(name || 0x0A || type || key)[:4], big-endian.
  uint32_t id() const { return id_; }

 private:
  NoteKey(std::string name, SignatureType type, const PublicKey &key);
  std::string name_;
  SignatureType type_;
  PublicKey key_;
  uint32_t id_;
};

struct NoteSignature {
  std::string name;
  uint32_t key_id = 0;
  Bytes bytes; ///< not empty; what they mean is the key's business

  friend bool operator==(const NoteSignature &, const NoteSignature &) = default;
};

/// Well-formed, and not to be believed: see verify_note().
struct Note {
  std::string text; ///< with the newline at its end
  std::vector<NoteSignature> signatures;
};

/// Refuses what the specification does, over-large notes, and base64 in any but its one spelling.
Result<Note> parse_note(std::string_view bytes);
/// parse_note() gives the same back.
std::string serialize_note(const Note &note);

/// Valid UTF-8, no control character but the newline, and one at its end.
bool is_note_text(std::string_view text);

/// A text that at least one known key signed. Only verify_note() makes one.
class VerifiedNote {
 public:
  struct Signer {
    NoteKey key;
    uint64_t time = 0; ///< of a cosignature, in seconds since 1970; otherwise 0
  };
  const std::string &text() const { return text_; }
  /// Each key once, in the order of the note; a key that cosigned twice with its later time.
  const std::vector<Signer> &signers() const { return signers_; }
  bool is_signed_by(const NoteKey &key) const;

 private:
  friend Result<VerifiedNote> verify_note(const Note &note, std::span<const NoteKey> known);
  VerifiedNote() = default;
  std::string text_;
  std::vector<Signer> signers_;
};

/// Signatures of unknown keys are passed over. Errors: a known key's signature that does not verify
/// (whatever the others say), or none by a known key.
Result<VerifiedNote> verify_note(const Note &note, std::span<const NoteKey> known);

class NoteSigner {
 public:
  static Result<NoteSigner> make(std::string_view name, SignatureType type, SecretKey secret);

  const NoteKey &key() const { return key_; }
  /// Of a text that is_note_text(). `time`, in seconds since 1970 and below 2^63, goes into a
  /// cosignature; for the other type it is not used. Whoever cosigns vouches for consistency:
  /// the text must be a checkpoint that follows from all that this key cosigned before.
  NoteSignature sign(std::string_view text, uint64_t time = 0) const;

 private:
  NoteSigner(NoteKey key, SecretKey secret) : key_(std::move(key)), secret_(std::move(secret)) {}
  NoteKey key_;
  SecretKey secret_;
};

} // namespace warrant
