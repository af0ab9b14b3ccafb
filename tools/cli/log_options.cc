// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/log_options.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "artifacts/time.h"
#include "lineage/text.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

constexpr size_t kMaxVerifierSize = 1024;
using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kBetweenNotes{2};

} // namespace

std::string folder_beside(const std::string &folder) {
  std::string path_text = folder;
  while (path_text.size() > 1 && path_text.ends_with('/'))
    path_text.pop_back();
  // Beside the name, which may be a link; but `.` and `..` have no folder in their text.
  if (const std::string name = path_text.substr(path_text.rfind('/') + 1);
      name != "." && name != "..")
    return directory_of(path_text);
  std::error_code none;
  const std::filesystem::path path = std::filesystem::canonical(folder, none);
  return none ? directory_of(folder) : path.parent_path().string();
}

LogProgress progress_notes() {
  return [next = Clock::now() + kBetweenNotes](uint64_t entries, uint64_t size) mutable {
    if (Clock::now() < next)
      return;
    next = Clock::now() + kBetweenNotes;
    note("warrant: " + std::to_string(entries) + " of " + std::to_string(size) +
         " entries checked\n");
  };
}

Try<NoteKey> verifier_key_of(const std::string &word) {
  if (Result<NoteKey> key = NoteKey::from_vkey(word); key.ok())
    return std::move(key).value();
  const Bytes bytes = CLI_TRY(read_file(word, kMaxVerifierSize));
  std::string_view text = text_of(bytes);
  if (text.ends_with('\n'))
    text.remove_suffix(1);
  Result<NoteKey> key = NoteKey::from_vkey(text);
  if (!key.ok())
    return trouble(printable(word) + ": no verifier key: " + key.error().message +
                   " (fix: NAME+HASH+KEY, as `warrant lineage key` prints it, or its file)");
  return std::move(key).value();
}

Try<LogTrust> log_trust_of(const Arguments &arguments, const std::string &folder) {
  const bool is_given = arguments.has("--key");
  const std::string beside = folder_beside(folder) + "/log.vkey";
  Try<NoteKey> key = verifier_key_of(is_given ? arguments.text("--key") : beside);
  if (!key.ok() && !is_given)
    return trouble("--key is not given, and beside the log: " + key.error().message);
  LogTrust trust{CLI_TRY(std::move(key)), !is_given, {}};
  if (trust.key.type() != SignatureType::kEd25519)
    return usage("--key: the key of a witness; that of the log is needed");
  if (arguments.takes("--witness"))
    for (const std::string &word : arguments.all("--witness"))
      trust.witnesses.push_back(CLI_TRY(verifier_key_of(word)));
  return trust;
}

Try<std::unique_ptr<FolderFiles>> open_log_folder(const std::string &folder) {
  return CLI_TRY(FolderFiles::open(folder));
}

Try<std::string> read_note(const std::string &path) {
  const Bytes bytes = CLI_TRY(read_file(path, kMaxNoteSize));
  return std::string(text_of(bytes));
}

Try<SignedCheckpoint> open_note(const std::string &path, const std::string &note,
                                const LogTrust &trust) {
  Result<SignedCheckpoint> opened = open_checkpoint(note, trust.key, trust.witnesses);
  if (!opened.ok())
    return trouble(path + ": " + opened.error().message);
  return std::move(opened).value();
}

Try<SignedCheckpoint> read_signed_checkpoint(const std::string &path, const LogTrust &trust) {
  return CLI_TRY(open_note(path, CLI_TRY(read_note(path)), trust));
}

std::string missing_witness(const SignedCheckpoint &checkpoint, const LogTrust &trust) {
  for (const NoteKey &witness : trust.witnesses)
    if (std::none_of(checkpoint.signers.begin(), checkpoint.signers.end(),
                     [&](const auto &signer) { return signer.key.vkey() == witness.vkey(); }))
      return "the checkpoint is not cosigned by " + Text(witness.name()).escaped();
  return {};
}

Json checkpoint_json(const SignedCheckpoint &signed_one) {
  const Checkpoint &checkpoint = signed_one.checkpoint;
  Json signers = Json::array();
  for (const VerifiedNote::Signer &signer : signed_one.signers) {
    Json one = {{"name", signer.key.name()}, {"vkey", signer.key.vkey()}};
    if (signer.time != 0)
      one["time"] = format_time(static_cast<int64_t>(signer.time));
    signers.push_back(std::move(one));
  }
  return {{"origin", checkpoint.origin},
          {"size", checkpoint.size},
          {"root", to_base64(checkpoint.root)},
          {"signedBy", std::move(signers)}};
}

std::string checkpoint_text(const SignedCheckpoint &signed_one) {
  const Checkpoint &checkpoint = signed_one.checkpoint;
  std::string text = Text(checkpoint.origin).escaped() + ", " + std::to_string(checkpoint.size) +
                     " entries, root " + to_base64(checkpoint.root);
  for (const VerifiedNote::Signer &signer : signed_one.signers)
    if (signer.key.type() == SignatureType::kCosignature)
      text += "; cosigned by " + Text(signer.key.name()).escaped() + " at " +
              format_time(static_cast<int64_t>(signer.time));
  return text;
}

} // namespace warrant::cli
