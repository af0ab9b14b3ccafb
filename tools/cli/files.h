// SPDX-License-Identifier: Apache-2.0
// Documents and keys, from and to files, with errors that name the file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/envelope.h"
#include "artifacts/json.h"
#include "artifacts/key.h"
#include "artifacts/statement.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

/// At most kMaxEnvelopeSize bytes.
Try<Bytes> read_document(const std::string &path);

/// The document that an option names; when it is missing where the option's fallback says, the
/// error names the option too.
Try<Bytes> read_document_of(const Arguments &arguments, std::string_view option);
/// The same question without reading: whether something lies at the fallback of an option that was
/// not given.
Try<void> check_fallback(const Arguments &arguments, std::string_view option);

/// Secret keys of an option that may be given several times.
Try<std::vector<SecretKey>> load_secret_keys(const std::vector<std::string> &paths);
/// A public key from its own file, or from the file of its private key.
Try<PublicKey> load_any_public_key(const std::string &path);
Try<std::vector<PublicKey>> load_public_keys(const std::vector<std::string> &paths);
/// A fingerprint, or that of the key in this file.
Try<std::string> fingerprint_of(const std::string &word);

/// An envelope says so in its first level; a draft is a bare statement or predicate.
bool is_envelope(const Json &document);
/// 64 hex characters, or the sha256 of the payload of the envelope in this file.
Try<Digest> payload_digest_of(const std::string &word);
/// The content of a regular file.
Try<Subject> subject_of(const std::string &path);

/// Signed by all of the keys.
Try<std::string> sign(std::string_view payload, const std::vector<SecretKey> &keys);

/// Whether `path` may be written: nothing is there, or a regular file and --force was given. Never
/// a device or a symbolic link: the file would take its place.
Try<void> check_target(const Arguments &arguments, const std::string &path);

/// Who may read what is written: documents and proofs are for everybody; what processes did is not.
enum class Readers { kEverybody, kOwner };

/// Whole or not at all, after check_target().
Try<void> write_output(const Arguments &arguments, const std::string &path,
                       std::string_view content, Readers readers = Readers::kEverybody);

std::string host_name();
/// "." for a name without a slash.
std::string directory_of(const std::string &path);
/// Unix seconds.
int64_t now();

} // namespace warrant::cli
