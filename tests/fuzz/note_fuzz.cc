// SPDX-License-Identifier: Apache-2.0
// Notes of any kind: refused with a reason, or the one spelling of a note, which nobody signed.
#include "lineage/note.h"
#include "tests/fuzz/require.h"

using namespace warrant;

namespace {

NoteSigner signer(std::string_view name, SignatureType type) {
  return NoteSigner::make(name, type, SecretKey::from_seed(std::array<uint8_t, kSeedSize>{1}))
      .value();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const NoteSigner log = signer("fuzz.example/log", SignatureType::kEd25519);
  static const NoteSigner witness = signer("fuzz.example/w", SignatureType::kCosignature);
  static const NoteKey known[] = {log.key(), witness.key()};
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  if (const Result<NoteKey> key = NoteKey::from_vkey(text); key.ok())
    require(key.value().vkey() == text);

  // As the text of a note that is signed.
  if (is_note_text(text) && text.size() < kMaxNoteSize / 2) {
    const Note made{std::string(text), {log.sign(text), witness.sign(text, size)}};
    const Note read = parse_note(serialize_note(made)).value();
    require(read.text == text && read.signatures == made.signatures);
    require(verify_note(read, known).value().signers().size() == 2);
  }

  const Result<Note> note = parse_note(text);
  if (!note.ok()) {
    require(!note.error().message.empty());
    return 0;
  }
  require(serialize_note(note.value()) == text);
  require(is_note_text(note.value().text) && !note.value().signatures.empty());
  const Result<VerifiedNote> verified = verify_note(note.value(), known);
  require(!verified.ok() || verified.value().text() == note.value().text);
  return 0;
}
