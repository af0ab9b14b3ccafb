// SPDX-License-Identifier: Apache-2.0
#include "lineage/proof_bundle.h"

#include <utility>

#include "artifacts/public_base64.h"
#include "lineage/log_check.h"
#include "lineage/log_state.h"
#include "lineage/tile_reader.h"

namespace warrant {
namespace {

constexpr std::string_view kHeader = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";

// The next line without its newline; an error at the end.
Result<std::string_view> take_line(std::string_view &text) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos)
    return Error{"a proof that ends too early"};
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

Result<Bytes> parse_extra(std::string_view base64) {
  std::optional<Bytes> bytes = decode_public_base64(base64);
  if (!bytes || base64.find_first_of("-_") != std::string_view::npos)
    return Error{"extra data that is not base64"};
  if (bytes->size() > kMaxProofExtra)
    return Error{"more than " + std::to_string(kMaxProofExtra) + " bytes of extra data"};
  return std::move(*bytes);
}

} // namespace

std::string serialize_proof(const ProofBundle &proof) {
  std::string text = std::string(kHeader) + "\n";
  if (proof.extra)
    text += std::string(kExtra) + to_base64(*proof.extra) + "\n";
  text += std::string(kIndex) + std::to_string(proof.index) + "\n";
  for (const Hash &hash : proof.hashes)
    text += to_base64(hash) + "\n";
  return text + "\n" + proof.checkpoint;
}

Result<ProofBundle> parse_proof(std::string_view text) {
  if (text.size() > kMaxProofSize)
    return Error{"a proof of more than " + std::to_string(kMaxProofSize) + " bytes"};
  if (WARRANT_TRY(take_line(text)) != kHeader)
    return Error{"not a proof: its first line is not " + std::string(kHeader)};
  ProofBundle proof;
  std::string_view line = WARRANT_TRY(take_line(text));
  if (line.starts_with(kExtra)) {
    proof.extra = WARRANT_TRY(parse_extra(line.substr(kExtra.size())));
    line = WARRANT_TRY(take_line(text));
  }
  if (!line.starts_with(kIndex))
    return Error{"a proof without the index of its entry"};
  proof.index = WARRANT_TRY(parse_decimal(line.substr(kIndex.size())));
  while (!(line = WARRANT_TRY(take_line(text))).empty()) {
    if (proof.hashes.size() == kMaxProofHashes)
      return Error{"a proof with more than " + std::to_string(kMaxProofHashes) + " hashes"};
    proof.hashes.push_back(WARRANT_TRY(parse_hash(line)));
  }
  WARRANT_TRY(parse_note(text));
  proof.checkpoint = text;
  return proof;
}

Result<SignedCheckpoint> verify_proof(const ProofBundle &proof, ByteView entry, const NoteKey &log,
                                      std::span<const NoteKey> witnesses) {
  SignedCheckpoint opened = WARRANT_TRY(open_checkpoint(proof.checkpoint, log, witnesses));
  WARRANT_TRY(verify_inclusion(leaf_hash(entry), proof.index, opened.checkpoint.size,
                               opened.checkpoint.root, proof.hashes));
  return opened;
}

Result<ProvenEntry> prove_entry(LogFiles &files, uint64_t index, const NoteKey &log) {
  const std::optional<Bytes> note = WARRANT_TRY(files.read(kCheckpointFile, kMaxNoteSize));
  if (!note)
    return Error{std::string(kCheckpointFile) + ": is missing: nothing can be proved"};
  const SignedCheckpoint opened = WARRANT_TRY(open_checkpoint(text_of(*note), log));
  if (index >= opened.checkpoint.size)
    return Error{"entry " + std::to_string(index) +
                 " is not under the last checkpoint, which is of " +
                 std::to_string(opened.checkpoint.size) + " entries"};
  TileReader tiles(files, opened.checkpoint.size);
  ProvenEntry proven;
  proven.entry = WARRANT_TRY(tiles.entry(index));
  proven.proof.index = index;
  proven.proof.hashes = WARRANT_TRY(prove_inclusion(index, opened.checkpoint.size, tiles.hashes()));
  proven.proof.checkpoint = text_of(*note);
  const Result<SignedCheckpoint> holds = verify_proof(proven.proof, proven.entry, log);
  if (!holds.ok())
    return Error(holds.error()).context("entry " + std::to_string(index));
  return proven;
}

Result<std::vector<Hash>> prove_growth(LogFiles &files, uint64_t old_size, const NoteKey &log) {
  const SignedCheckpoint opened = WARRANT_TRY(read_checkpoint(files, log));
  TileReader tiles(files, opened.checkpoint.size);
  return prove_consistency(old_size, opened.checkpoint.size, tiles.hashes());
}

} // namespace warrant
