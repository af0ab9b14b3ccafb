// SPDX-License-Identifier: Apache-2.0
#include "lineage/witness.h"

#include <utility>

#include "artifacts/bytes.h"

namespace warrant {
namespace {

constexpr std::string_view kOld = "old ";
constexpr size_t kMaxCheckpointText = 4096;

using Kind = WitnessRefusal::Kind;

// Origins are other people's text; their digests are good names of files.
std::string file_of(const std::string &origin) {
  return "cosigned/" + to_hex(sha256(view(origin)));
}

Result<std::string_view> take_line(std::string_view &text) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos)
    return Error{"a request that ends too early"};
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

Status check_growth(const Checkpoint &old, const Checkpoint &next, std::span<const Hash> proof) {
  if (old.size > 0)
    return verify_consistency(old.size, next.size, old.root, next.root, proof);
  return proof.empty() ? Status() : Status(Error{"a proof from an empty tree has no hashes"});
}

} // namespace

std::string serialize_witness_request(const WitnessRequest &request) {
  std::string text = std::string(kOld) + std::to_string(request.old_size) + "\n";
  for (const Hash &hash : request.proof)
    text += to_base64(hash) + "\n";
  return text + "\n" + request.checkpoint;
}

Result<WitnessRequest> parse_witness_request(std::string_view text) {
  if (text.size() > kMaxWitnessRequest)
    return Error{"a request of more than " + std::to_string(kMaxWitnessRequest) + " bytes"};
  WitnessRequest request;
  std::string_view line = WARRANT_TRY(take_line(text));
  if (!line.starts_with(kOld))
    return Error{"not a request to a witness: its first line is not \"old SIZE\""};
  request.old_size = WARRANT_TRY(parse_decimal(line.substr(kOld.size())));
  while (!(line = WARRANT_TRY(take_line(text))).empty()) {
    if (request.proof.size() == kMaxProofHashes)
      return Error{"a request with more than " + std::to_string(kMaxProofHashes) + " hashes"};
    request.proof.push_back(WARRANT_TRY(parse_hash(line)));
  }
  WARRANT_TRY(parse_note(text));
  request.checkpoint = text;
  return request;
}

Result<Witness> Witness::open(LogFiles &files, NoteSigner signer) {
  if (signer.key().type() != SignatureType::kCosignature)
    return Error{"the key of a witness must make cosignatures"};
  WARRANT_TRY(files.lock());
  Witness witness(files, std::move(signer));
  WARRANT_TRY(witness.durable_.prepare());
  // What a crash may have left in place, but not durable, is believed from here on.
  WARRANT_TRY(files.make_directory("cosigned"));
  WARRANT_TRY(witness.durable_.sync_directory("cosigned"));
  WARRANT_TRY(witness.durable_.sync_directory("."));
  return witness;
}

Result<Checkpoint> Witness::last(const std::string &origin) {
  const std::string path = file_of(origin);
  const std::optional<Bytes> text = WARRANT_TRY(durable_.files().read(path, kMaxCheckpointText));
  if (!text)
    return Checkpoint{origin, 0, empty_root(), {}};
  Result<Checkpoint> last = parse_checkpoint(text_of(*text));
  if (!last.ok())
    return std::move(last).error().context(path);
  if (last.value().origin != origin)
    return Error{path + ": is that of " + printable(last.value().origin)};
  return last;
}

Result<NoteSignature, WitnessRefusal> Witness::cosign(const WitnessRequest &request,
                                                      const NoteKey &log, uint64_t time) {
  const Result<SignedCheckpoint> opened = open_checkpoint(request.checkpoint, log);
  if (!opened.ok())
    return WitnessRefusal{Kind::kUnsigned, opened.error().message, 0};
  const Checkpoint &next = opened.value().checkpoint;
  const Result<Checkpoint> known = last(next.origin);
  if (!known.ok())
    return WitnessRefusal{Kind::kFailed, known.error().message, 0};
  const Checkpoint &old = known.value();
  if (request.old_size > next.size)
    return WitnessRefusal{Kind::kBad,
                          "the old size, " + std::to_string(request.old_size) +
                              ", is above that of the checkpoint, " + std::to_string(next.size),
                          old.size};
  if (request.old_size != old.size)
    return WitnessRefusal{Kind::kConflict,
                          "the last checkpoint that was cosigned is of " +
                              std::to_string(old.size) + " entries, not of " +
                              std::to_string(request.old_size),
                          old.size};
  if (const Status grown = check_growth(old, next, request.proof); !grown.ok())
    return WitnessRefusal{
        Kind::kInconsistent,
        "the log does not follow from what was cosigned last: " + grown.error().message, old.size};
  // Extensions are the log's; what must not be forgotten is size and root.
  const std::string text = serialize_checkpoint({next.origin, next.size, next.root, {}});
  const NewFile file{file_of(next.origin), Bytes(text.begin(), text.end())};
  if (const Status kept = durable_.replace(std::span(&file, 1)); !kept.ok())
    return WitnessRefusal{Kind::kFailed, kept.error().message, old.size};
  const Result<Note> note = parse_note(request.checkpoint);
  if (!note.ok())
    return WitnessRefusal{Kind::kBad, note.error().message, next.size};
  return signer_.sign(note.value().text, time);
}

} // namespace warrant
