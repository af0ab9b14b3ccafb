// SPDX-License-Identifier: Apache-2.0
#include "daemon/log_key.h"

#include <sys/stat.h>

#include <optional>
#include <utility>

#include "artifacts/bytes.h"
#include "artifacts/key.h"

namespace warrant {
namespace {

constexpr size_t kMaxVerifierSize = 1024;
constexpr mode_t kVerifierMode = 0644;

bool exists(const std::string &path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

Result<std::optional<NoteKey>> read_verifier(const std::string &path) {
  if (!exists(path))
    return std::optional<NoteKey>();
  const Bytes bytes = WARRANT_TRY(read_file(path, kMaxVerifierSize));
  std::string_view text = text_of(bytes);
  if (text.ends_with('\n'))
    text.remove_suffix(1);
  Result<NoteKey> key = NoteKey::from_vkey(text);
  if (!key.ok())
    return std::move(key).error().context(path);
  return std::optional(std::move(key).value());
}

// No host name of ours is anybody's; names below "invalid" are nobody's (RFC 2606).
std::string default_origin(const std::string &host) {
  const std::string name = "warrant.invalid/" + host;
  return is_key_name(name) ? name : "warrant.invalid/host";
}

Result<SecretKey> load_or_make(const std::string &path, bool may_make) {
  if (exists(path))
    return SecretKey::load(path);
  if (!may_make)
    return Error{path +
                 ": missing, and there is a log that it signed (fix: put it back; or move the log "
                 "away, and warrantd begins a new one under a new key)"};
  SecretKey made = SecretKey::generate();
  WARRANT_TRY(made.save(path));
  return made;
}

} // namespace

Result<NoteSigner> open_log_key(const LogKeyFiles &files, const std::string &origin,
                                const std::string &host, bool may_make) {
  const std::optional<NoteKey> known = WARRANT_TRY(read_verifier(files.verifier));
  SecretKey secret = WARRANT_TRY(load_or_make(files.secret, may_make));
  if (known && !(known->key() == secret.public_key()))
    return Error{files.verifier + ": is not the verifier key of " + files.secret};
  if (known && !origin.empty() && known->name() != origin)
    return Error{files.verifier + ": the log is that of " + known->name() + ", not of " +
                 printable(origin)};
  const std::string name = known ? known->name() : !origin.empty() ? origin : default_origin(host);
  NoteSigner signer =
      WARRANT_TRY(NoteSigner::make(name, SignatureType::kEd25519, std::move(secret)));
  if (!known)
    WARRANT_TRY(write_file_atomic(files.verifier, view(signer.key().vkey() + "\n"), kVerifierMode,
                                  Existing::kRefuse));
  return signer;
}

} // namespace warrant
