// SPDX-License-Identifier: Apache-2.0
#include "lineage/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "artifacts/public_base64.h"

namespace warrant {
namespace {

// The line at the front of a text whose lines all end, which is taken off.
std::string_view take_line(std::string_view &text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

} // namespace

Result<uint64_t> parse_decimal(std::string_view text) {
  uint64_t value = 0;
  const char *end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end || (text[0] == '0' && text.size() > 1))
    return Error{"not a decimal number: " + printable(text)};
  return value;
}

Result<Hash> parse_hash(std::string_view text) {
  const std::optional<Bytes> bytes = decode_public_base64(text);
  if (!bytes || bytes->size() != W_DIGEST_SIZE ||
      text.find_first_of("-_") != std::string_view::npos)
    return Error{"not 32 bytes in base64: " + printable(text)};
  Hash hash;
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

std::string serialize_checkpoint(const Checkpoint &checkpoint) {
  std::string text = checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
                     to_base64(checkpoint.root) + "\n";
  for (const std::string &line : checkpoint.extensions)
    text += line + "\n";
  return text;
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  if (!is_note_text(text))
    return Error{"a checkpoint is lines of UTF-8 without control characters"};
  Checkpoint checkpoint;
  checkpoint.origin = take_line(text);
  if (checkpoint.origin.empty())
    return Error{"a checkpoint without origin"};
  checkpoint.size = WARRANT_TRY(parse_decimal(take_line(text)));
  if (checkpoint.size > kMaxTreeSize)
    return Error{"a checkpoint of more than 2^48 leaves"};
  checkpoint.root = WARRANT_TRY(parse_hash(take_line(text)));
  if (checkpoint.size == 0 && checkpoint.root != empty_root())
    return Error{"a checkpoint of an empty log with a root that is not the empty one"};
  while (!text.empty()) {
    checkpoint.extensions.emplace_back(take_line(text));
    if (checkpoint.extensions.back().empty())
      return Error{"a checkpoint with an empty line"};
    if (checkpoint.extensions.size() > kMaxExtensionLines)
      return Error{"a checkpoint with more than " + std::to_string(kMaxExtensionLines) +
                   " extension lines"};
  }
  return checkpoint;
}

Result<SignedCheckpoint> open_checkpoint(std::string_view bytes, const NoteKey &log,
                                         std::span<const NoteKey> witnesses) {
  const Note note = WARRANT_TRY(parse_note(bytes));
  std::vector<NoteKey> known = {log};
  known.insert(known.end(), witnesses.begin(), witnesses.end());
  const VerifiedNote verified = WARRANT_TRY(verify_note(note, known));
  if (!verified.is_signed_by(log))
    return Error{"the checkpoint is not signed by the log's key " + log.vkey()};
  Checkpoint checkpoint = WARRANT_TRY(parse_checkpoint(verified.text()));
  if (checkpoint.origin != log.name())
    return Error{"the checkpoint is of " + printable(checkpoint.origin) + ", not of " +
                 printable(log.name())};
  return SignedCheckpoint{std::move(checkpoint), verified.signers()};
}

} // namespace warrant
