// SPDX-License-Identifier: Apache-2.0
// Logs as people name them on the command line, and whom they must be signed by.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "artifacts/json.h"
#include "lineage/checkpoint.h"
#include "lineage/log_check.h"
#include "lineage/log_files.h"
#include "lineage/note.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

/// Who signs a log, and how that is known.
struct LogTrust {
  NoteKey key;
  bool is_beside = false; ///< it lies beside the log: who can change the one can change the other
  std::vector<NoteKey> witnesses;
};

/// Where what belongs to a log lies: the folder that its folder is in.
std::string folder_beside(const std::string &folder);

/// A verifier key, or a file that holds nothing else.
Try<NoteKey> verifier_key_of(const std::string &word);
/// --key, or without it log.vkey beside the log's folder; and all of --witness.
Try<LogTrust> log_trust_of(const Arguments &arguments, const std::string &folder);

Try<std::unique_ptr<FolderFiles>> open_log_folder(const std::string &folder);
/// A note in a file.
Try<std::string> read_note(const std::string &path);
/// The note that was read from a file; an error that names it unless the log signed it.
Try<SignedCheckpoint> open_note(const std::string &path, const std::string &note,
                                const LogTrust &trust);
/// Both at once.
Try<SignedCheckpoint> read_signed_checkpoint(const std::string &path, const LogTrust &trust);

/// Which of the witnesses that are asked for did not sign, as a problem; empty: all did.
std::string missing_witness(const SignedCheckpoint &checkpoint, const LogTrust &trust);

/// Notes on standard error, now and then: a log of millions of entries must not look like a program
/// that hangs.
LogProgress progress_notes();

/// {"origin", "size", "root", "signedBy": [...]}.
Json checkpoint_json(const SignedCheckpoint &checkpoint);
/// "warrant.invalid/host-a, 1042 entries, root BASE64", and who cosigned it when.
std::string checkpoint_text(const SignedCheckpoint &checkpoint);

} // namespace warrant::cli
