// SPDX-License-Identifier: Apache-2.0
#include "artifacts/bytes.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "artifacts/openssl.h"

namespace warrant {
namespace {

constexpr size_t kPieceSize = 64 * 1024;

Error system_error(std::string_view what, const std::string &path) {
  const int code = errno;
  return Error{path + ": " + std::string(what) + ": " + std::strerror(code)};
}

Error too_large(const std::string &path, size_t limit) {
  return Error{path + ": larger than " + std::to_string(limit) + " bytes"};
}

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd &) = delete;
  Fd &operator=(const Fd &) = delete;
  ~Fd() {
    if (fd_ >= 0)
      close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

/// O_NONBLOCK: opening a FIFO must fail at the check for a regular file, not hang before it.
int open_for_reading(const std::string &path) {
  return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

ssize_t read_some(int fd, std::span<uint8_t> buffer, off_t offset) {
  ssize_t got = 0;
  do
    got = pread(fd, buffer.data(), buffer.size(), offset);
  while (got < 0 && errno == EINTR);
  return got;
}

Status write_all(int fd, ByteView bytes, const std::string &path) {
  while (!bytes.empty()) {
    const ssize_t done = write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return system_error("cannot write", path);
    bytes = bytes.subspan(static_cast<size_t>(done));
  }
  return {};
}

Status sync_directory_of(const std::string &path) {
  const size_t slash = path.rfind('/');
  std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Fd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || fsync(fd.get()) != 0)
    return system_error("cannot sync directory", directory);
  return {};
}

Status move_into_place(const std::string &from, const std::string &to, Existing existing) {
  const unsigned flags = existing == Existing::kRefuse ? RENAME_NOREPLACE : 0;
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0)
    return {};
  if (errno == EEXIST)
    return Error{to + ": exists already; remove it first or choose another name"};
  return system_error("cannot rename into place", to);
}

} // namespace

ByteView view(std::string_view text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

std::string to_hex(ByteView bytes) {
  if (bytes.empty()) // its data may be null, which libsodium forbids; so below
    return {};
  std::string hex(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), bytes.data(), bytes.size());
  hex.pop_back();
  return hex;
}

bool from_hex(std::string_view hex, std::span<uint8_t> out) {
  if (hex.size() != out.size() * 2)
    return false;
  bool digits = true;
  const auto nibble = [&](char c) -> uint32_t {
    const bool is_letter = c >= 'a' && c <= 'f';
    digits &= is_letter || (c >= '0' && c <= '9');
    return static_cast<uint32_t>(is_letter ? c - 'a' + 10 : c - '0');
  };
  for (size_t i = 0; i < out.size(); i++)
    out[i] = static_cast<uint8_t>(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
  return digits;
}

std::string to_base64(ByteView bytes) {
  if (bytes.empty())
    return {};
  constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL;
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
  text.pop_back();
  return text;
}

Result<Bytes> from_base64(std::string_view text, Base64 alphabet) {
  if (text.empty())
    return Bytes{};
  const int variant = alphabet == Base64::kStandard ? sodium_base64_VARIANT_ORIGINAL
                                                    : sodium_base64_VARIANT_URLSAFE;
  Bytes bytes(text.size() / 4 * 3 + 3);
  size_t length = 0;
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length,
                        nullptr, variant) != 0)
    return Error{"not padded base64"};
  bytes.resize(length);
  return bytes;
}

std::string printable(std::string_view text, size_t limit) {
  std::string safe;
  for (const char c : text.substr(0, limit)) {
    if (c >= ' ' && c <= '~' && c != '\\') {
      safe += c;
    } else {
      char escaped[5];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
      safe += escaped;
    }
  }
  return text.size() > limit ? safe + "..." : safe;
}

Digest sha256(ByteView bytes) {
  Digest digest;
  crypto_hash_sha256(digest.data(), bytes.data(), bytes.size());
  return digest;
}

Result<Digest> sha256_of_fd(int fd) {
  // By OpenSSL, which uses the processor's own instructions for it, as libsodium does not: this is
  // the way of whole programs and libraries.
  const openssl::DigestContext hash(EVP_MD_CTX_new());
  if (!hash || EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) != 1)
    return Error{"cannot begin a SHA-256"};
  std::vector<uint8_t> piece(kPieceSize);
  for (off_t offset = 0;;) {
    const ssize_t got = read_some(fd, piece, offset);
    if (got < 0)
      return Error{std::string("cannot read: ") + std::strerror(errno)};
    if (got == 0)
      break;
    if (EVP_DigestUpdate(hash.get(), piece.data(), static_cast<size_t>(got)) != 1)
      return Error{"cannot go on with a SHA-256"};
    offset += got;
  }
  Digest digest;
  if (EVP_DigestFinal_ex(hash.get(), digest.data(), nullptr) != 1)
    return Error{"cannot end a SHA-256"};
  return digest;
}

Result<Digest> sha256_of_file(const std::string &path) {
  const Fd fd(open_for_reading(path));
  if (fd.get() < 0)
    return system_error("cannot open", path);
  Result<Digest> digest = sha256_of_fd(fd.get());
  if (!digest.ok())
    return std::move(digest).error().context(path);
  return digest;
}

Result<Bytes> read_file(const std::string &path, size_t limit, const FileCheck &check) {
  const Fd fd(open_for_reading(path));
  if (fd.get() < 0)
    return system_error("cannot open", path);
  struct stat status {};
  if (fstat(fd.get(), &status) != 0)
    return system_error("cannot stat", path);
  if (!S_ISREG(status.st_mode))
    return Error{path + ": not a regular file"};
  if (check)
    WARRANT_TRY(check(status));
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size > limit)
    return too_large(path, limit);

  // The size is only a hint: /proc says 0, and a file may grow while it is read.
  Bytes bytes(std::clamp<uint64_t>(size, std::min(limit, kPieceSize), limit) + 1);
  for (size_t used = 0;;) {
    const ssize_t got =
        read_some(fd.get(), std::span(bytes).subspan(used), static_cast<off_t>(used));
    if (got < 0)
      return system_error("cannot read", path);
    used += static_cast<size_t>(got);
    if (used > limit)
      return too_large(path, limit);
    if (got == 0) {
      bytes.resize(used);
      return bytes;
    }
    if (used == bytes.size())
      bytes.resize(std::min(used * 2, limit + 1));
  }
}

Status write_file_atomic(const std::string &path, ByteView bytes, mode_t mode, Existing existing) {
  std::string temporary = path + ".XXXXXX";
  const Fd fd(mkostemp(temporary.data(), O_CLOEXEC));
  if (fd.get() < 0)
    return system_error("cannot create a file beside it", path);

  const auto fill = [&]() -> Status {
    WARRANT_TRY(write_all(fd.get(), bytes, path));
    if (fchmod(fd.get(), mode) != 0 || fsync(fd.get()) != 0)
      return system_error("cannot write", path);
    return move_into_place(temporary, path, existing);
  };
  Status filled = fill();
  if (!filled.ok()) {
    unlink(temporary.c_str());
    return filled;
  }
  return sync_directory_of(path);
}

} // namespace warrant
