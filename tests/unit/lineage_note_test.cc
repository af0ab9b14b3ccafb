// SPDX-License-Identifier: Apache-2.0
#include "lineage/checkpoint.h"
#include "lineage/note.h"
#include "tests/catch.h"

using namespace warrant;

namespace {

// golang.org/x/mod/sumdb/note, as c2sp.org/signed-note has them.
constexpr std::string_view kVkey =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view kNote =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\xe2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n"
    "\xe2\x80\x94 EnochRoot "
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWL"
    "ox33WWd1RvMc+QQ=\n";

NoteSigner signer(std::string_view name, SignatureType type, uint8_t seed) {
  std::array<uint8_t, kSeedSize> bytes{};
  bytes.fill(seed);
  return NoteSigner::make(name, type, SecretKey::from_seed(bytes)).value();
}

NoteKey peter() {
  return NoteKey::from_vkey(kVkey).value();
}

std::string with(std::string_view text, std::string_view from, std::string_view to) {
  std::string changed(text);
  changed.replace(changed.find(from), from.size(), to);
  return changed;
}

bool verifies(std::string_view bytes, const NoteKey &key) {
  const auto note = parse_note(bytes);
  return note.ok() && verify_note(note.value(), std::span(&key, 1)).ok();
}

} // namespace

TEST_CASE("a published note verifies by the key that is known") {
  CHECK(peter().vkey() == kVkey);
  CHECK(peter().id() == 0xc74f20a3);
  const Note note = parse_note(kNote).value();
  CHECK(note.signatures.size() == 2);
  CHECK(serialize_note(note) == kNote);
  const NoteKey known[] = {peter()};
  const VerifiedNote verified = verify_note(note, known).value();
  CHECK(verified.text().ends_with("what your problem is.\n"));
  REQUIRE(verified.signers().size() == 1);
  CHECK(verified.is_signed_by(known[0]));
  CHECK_FALSE(verified.is_signed_by(signer("PeterNeumann", SignatureType::kEd25519, 1).key()));
}

TEST_CASE("a note with anything changed is refused") {
  CHECK(verifies(kNote, peter()));
  CHECK_FALSE(verifies(with(kNote, "answer", "Answer"), peter()));
  CHECK_FALSE(verifies(with(kNote, "x08go/ZJ", "x08go/ZK"), peter()));
  CHECK_FALSE(verifies(with(kNote, "x08go", "y08go"), peter())); // another key's: nobody known
  CHECK_FALSE(verifies(with(kNote, " PeterNeumann ", " PeterNeumamn "), peter()));
  CHECK_FALSE(verify_note(parse_note(kNote).value(), {}).ok());
  // A known key whose signature fails spoils the note, also beside one that verifies.
  const Note twice =
      parse_note(std::string(kNote) +
                 with(kNote.substr(kNote.find("\xe2\x80\x94 Peter")), "/ZJk", "/ZJl"))
          .value();
  const NoteKey known[] = {peter()};
  CHECK_FALSE(verify_note(twice, known).ok());
}

TEST_CASE("what is no note is refused") {
  const std::string_view line = "\xe2\x80\x94 name AAAAAAA=\n";
  const auto note = [&](std::string_view text, std::string_view signatures) {
    return parse_note(std::string(text) + "\n" + std::string(signatures)).ok();
  };
  CHECK(note("text\n", line));
  CHECK(note("a\n\n\nb\n", line));
  CHECK(note("\xc3\xa9\n", line));
  CHECK_FALSE(note("text", line));
  CHECK_FALSE(note("text\n", ""));
  CHECK_FALSE(note("te\txt\n", line));
  CHECK_FALSE(note(std::string_view("te\0xt\n", 6), line));
  CHECK_FALSE(note("te\rxt\n", line));
  CHECK_FALSE(note("\xff\n", line));
  CHECK_FALSE(note("\xed\xa0\x80\n", line)); // a surrogate
  for (const std::string_view bad :
       {"\xe2\x80\x94 name AAAAAAA=", "-- name AAAAAAA=\n", "\xe2\x80\x94 nameAAAAAAA=\n",
        "\xe2\x80\x94  AAAAAAA=\n", "\xe2\x80\x94 na+me AAAAAAA=\n", "\xe2\x80\x94 name AAAAAA==\n",
        "\xe2\x80\x94 name AAAAAAB=\n", "\xe2\x80\x94 name AAAAAAA\n",
        "\xe2\x80\x94 name AAAA_AA=\n", "\xe2\x80\x94 name AAAA-AA=\n", "\xe2\x80\x94 name \n",
        "\xe2\x80\x94 name AAAAAAA= \n", "\xe2\x80\x94 name two AAAAAAA=\n",
        "\xe2\x80\x94 na\xc2\xa0me AAAAAAA=\n", "x\n", "\xe2\x80\x94 name AAAA\nAAA=\n"}) {
    INFO(bad);
    CHECK_FALSE(note("text\n", bad));
  }
  std::string many;
  for (size_t i = 0; i < kMaxNoteSignatures; ++i)
    many += line;
  CHECK(note("text\n", many));
  CHECK_FALSE(note("text\n", many + std::string(line)));
  CHECK_FALSE(note(std::string(kMaxNoteSize, 'x') + "\n", line));
}

TEST_CASE("verifier keys have one spelling") {
  const std::string_view rest = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
  for (const std::string &bad : std::initializer_list<std::string>{
           "PeterNeumann", "PeterNeumann+c74f20a3", "PeterNeumann+C74F20A3+" + std::string(rest),
           "PeterNeumann+c74f20a4+" + std::string(rest),
           "Peter Neumann+c74f20a3+" + std::string(rest), "+c74f20a3+" + std::string(rest),
           "PeterNeumann+c74f20a3+" + std::string(rest) + "A",
           "PeterNeumann+c74f20a3+Z" + std::string(rest.substr(1))}) {
    INFO(bad);
    CHECK_FALSE(NoteKey::from_vkey(bad).ok());
  }
  const NoteKey witness = signer("w.example/1", SignatureType::kCosignature, 5).key();
  CHECK(NoteKey::from_vkey(witness.vkey()).value().vkey() == witness.vkey());
  CHECK(witness.id() != signer("w.example/1", SignatureType::kEd25519, 5).key().id());
}

TEST_CASE("a checkpoint with a cosignature") {
  const NoteSigner log = signer("host.example/log", SignatureType::kEd25519, 1);
  const NoteSigner witness = signer("w.example/1", SignatureType::kCosignature, 2);
  const Checkpoint checkpoint{"host.example/log", 3, leaf_hash({}), {}};
  const std::string text = serialize_checkpoint(checkpoint);
  const Note note{text, {log.sign(text), witness.sign(text, 1679315147)}};
  const NoteKey witnesses[] = {witness.key()};
  const std::string bytes = serialize_note(note);

  const SignedCheckpoint opened = open_checkpoint(bytes, log.key(), witnesses).value();
  CHECK(opened.checkpoint == checkpoint);
  REQUIRE(opened.signers.size() == 2);
  CHECK(opened.signers[1].time == 1679315147);
  CHECK(note.signatures[1].bytes.size() == 72);
  // The message by hand: what another implementation would verify.
  const std::string message = "cosignature/v1\ntime 1679315147\n" + text;
  Signature signature;
  std::copy_n(note.signatures[1].bytes.begin() + 8, 64, signature.begin());
  CHECK(witness.key().key().verify(view(message), signature));

  CHECK(open_checkpoint(bytes, log.key()).value().signers.size() == 1);
  CHECK_FALSE(
      open_checkpoint(serialize_note({text, {note.signatures[1]}}), log.key(), witnesses).ok());
  Note later = note;
  later.signatures[1].bytes[7] ^= 1; // another time
  CHECK_FALSE(open_checkpoint(serialize_note(later), log.key(), witnesses).ok());
  CHECK(open_checkpoint(serialize_note(later), log.key()).ok()); // an unknown witness says nothing
  later.signatures[1] = witness.sign(text, uint64_t{1} << 63);
  CHECK_FALSE(open_checkpoint(serialize_note(later), log.key(), witnesses).ok());
  // Signed by the same key under another type, or by another key of that name.
  const NoteSigner other = signer("host.example/log", SignatureType::kEd25519, 3);
  CHECK_FALSE(open_checkpoint(serialize_note({text, {other.sign(text)}}), log.key()).ok());
  const NoteSigner elsewhere = signer("other.example/log", SignatureType::kEd25519, 1);
  CHECK_FALSE(
      open_checkpoint(serialize_note({text, {elsewhere.sign(text)}}), elsewhere.key()).ok());
}

TEST_CASE("checkpoints have one spelling; extension lines are kept") {
  const std::string root = to_base64(leaf_hash({})) + "\n";
  const std::string text = "o\n1\n" + root;
  CHECK(serialize_checkpoint(parse_checkpoint(text).value()) == text);
  CHECK(serialize_checkpoint(parse_checkpoint(text + "ext\n").value()) == text + "ext\n");
  CHECK(parse_checkpoint("o\n0\n" + to_base64(empty_root()) + "\n").ok());
  for (const std::string &bad : std::initializer_list<std::string>{
           "", "\n", "\n1\n" + root, "o\n01\n" + root, "o\n+1\n" + root, "o\n-1\n" + root,
           "o\n1 \n" + root, "o\n\n" + root, "o\n0\n" + root, "o\n281474976710657\n" + root,
           "o\n99999999999999999999\n" + root, std::string("o\n1\n"), std::string("o\n1\n\n"),
           "o\n1\n" + root.substr(1), "o\n1\nA" + root, text + "\n", text + "a\n\nb\n",
           text.substr(0, text.size() - 1)}) {
    INFO(bad);
    CHECK_FALSE(parse_checkpoint(bad).ok());
  }
}
