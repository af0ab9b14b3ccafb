// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

#include "artifacts/verity.h"
#include "daemon/unique_fd.h"

namespace warrant::cli {
namespace {

constexpr size_t kMaxKeyFile = 4096;
constexpr std::string_view kPrivateKeyWord = "warrant-private-key";

/// Whether a file says of itself that it is a private key. The copy of it is wiped.
Try<bool> is_private_key(const std::string &path) {
  Bytes file = CLI_TRY(read_file(path, kMaxKeyFile));
  const bool is_private = text_of(file).find(kPrivateKeyWord) != std::string_view::npos;
  explicit_bzero(file.data(), file.size());
  return is_private;
}

} // namespace

Try<Bytes> read_document(const std::string &path) {
  return CLI_TRY(read_file(path, kMaxEnvelopeSize));
}

Try<void> check_fallback(const Arguments &arguments, std::string_view option) {
  const std::string path = arguments.text(option);
  if (arguments.has(option) || path.empty() || ::access(path.c_str(), F_OK) == 0)
    return {};
  return trouble(std::string(option) + " is not given, and there is nothing at its default " +
                 path + ": " + std::strerror(errno));
}

Try<Bytes> read_document_of(const Arguments &arguments, std::string_view option) {
  CLI_TRY(check_fallback(arguments, option));
  return read_document(arguments.text(option));
}

Try<std::vector<SecretKey>> load_secret_keys(const std::vector<std::string> &paths) {
  std::vector<SecretKey> keys;
  for (const std::string &path : paths) {
    Result<SecretKey> key = SecretKey::load(path);
    // Its mode would be complained of first, and chmod would not make a private key of it.
    if (!key.ok() && load_public_key(path).ok())
      return trouble(path + ": a public key, which cannot sign (fix: give the private key, " +
                     "NAME.key, that `warrant key generate` wrote with it)");
    keys.push_back(CLI_TRY(std::move(key)));
  }
  return keys;
}

Try<PublicKey> load_any_public_key(const std::string &path) {
  if (CLI_TRY(is_private_key(path)))
    return CLI_TRY(SecretKey::load(path)).public_key();
  return CLI_TRY(load_public_key(path));
}

Try<std::vector<PublicKey>> load_public_keys(const std::vector<std::string> &paths) {
  std::vector<PublicKey> keys;
  for (const std::string &path : paths)
    keys.push_back(CLI_TRY(load_any_public_key(path)));
  return keys;
}

Try<std::string> fingerprint_of(const std::string &word) {
  if (is_fingerprint(word))
    return word;
  return CLI_TRY(load_any_public_key(word)).fingerprint();
}

bool is_envelope(const Json &document) {
  return document.is_object() && document.contains("payloadType");
}

Try<Digest> payload_digest_of(const std::string &word) {
  Digest digest{};
  if (from_hex(word, digest))
    return digest;
  const Bytes document = CLI_TRY(read_document(word));
  return sha256(CLI_TRY(in_file(word, peek_envelope(document))).payload);
}

Try<Subject> subject_of(const std::string &path) {
  const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (opened < 0)
    return trouble(path + ": cannot open: " + std::strerror(errno));
  const UniqueFd fd(opened);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return trouble(path + ": not a regular file"); // a device might never end
  Result<Digest> digest = sha256_of_fd(fd.get());
  if (!digest.ok())
    return as_failure(std::move(digest).error().context(path));
  return Subject{path, digest.value(), verity_of_fd(fd.get())};
}

Try<std::string> sign(std::string_view payload, const std::vector<SecretKey> &keys) {
  std::vector<const SecretKey *> pointers;
  for (const SecretKey &key : keys)
    pointers.push_back(&key);
  return CLI_TRY(sign_envelope(view(payload), pointers));
}

Try<void> check_target(const Arguments &arguments, const std::string &path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISREG(status.st_mode))
      return trouble(path + ": is no regular file, and is not replaced");
    if (!arguments.has("--force"))
      return trouble(path + ": exists already; --force replaces it");
  }
  const std::string directory = directory_of(path);
  if (::access(directory.c_str(), W_OK) != 0)
    return trouble(path + ": cannot write in " + directory + ": " + std::strerror(errno));
  return {};
}

Try<void> write_output(const Arguments &arguments, const std::string &path,
                       std::string_view content, Readers readers) {
  const mode_t mode = readers == Readers::kEverybody ? 0644 : 0600;
  const bool force = arguments.has("--force");
  CLI_TRY(check_target(arguments, path));
  CLI_TRY(
      write_file_atomic(path, view(content), mode, force ? Existing::kReplace : Existing::kRefuse));
  return {};
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string directory_of(const std::string &path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

int64_t now() {
  return static_cast<int64_t>(::time(nullptr));
}

} // namespace warrant::cli
