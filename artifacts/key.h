// SPDX-License-Identifier: Apache-2.0
// Ed25519 keys (RFC 8032, libsodium): in memory, in files, and the name by which people know them.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "artifacts/bytes.h"
#include "artifacts/result.h"

namespace warrant {

inline constexpr size_t kPublicKeySize = 32;
inline constexpr size_t kSeedSize = 32;
inline constexpr size_t kSignatureSize = 64;

using Signature = std::array<uint8_t, kSignatureSize>;

/// Cofactorless RFC 8032 verification that refuses S >= L, low-order or non-canonical A, low-order
/// R. Takes any 32 bytes as key: whether a key is fit to be trusted is PublicKey's business.
bool verify_ed25519(std::span<const uint8_t, kPublicKeySize> key, ByteView message,
                    std::span<const uint8_t, kSignatureSize> signature);

/// A point of the prime-order subgroup, canonically encoded.
class PublicKey {
 public:
  /// Refuses wrong sizes, non-canonical encodings, low order and mixed order points.
  static Result<PublicKey> from_bytes(ByteView bytes);
  static Result<PublicKey> from_base64(std::string_view text);

  const std::array<uint8_t, kPublicKeySize> &bytes() const { return bytes_; }
  /// "SHA256:" + 43 characters, as `ssh-keygen -l` prints for this key (RFC 4253 section 6.6 blob).
  const std::string &fingerprint() const { return fingerprint_; }
  bool verify(ByteView message, const Signature &signature) const;

  /// Constant time.
  friend bool operator==(const PublicKey &a, const PublicKey &b);

 private:
  friend class SecretKey;
  explicit PublicKey(const std::array<uint8_t, kPublicKeySize> &bytes);
  std::array<uint8_t, kPublicKeySize> bytes_;
  std::string fingerprint_; // asked for at every verification
};

/// Whether the text is a fingerprint in its one spelling, of whatever key.
bool is_fingerprint(std::string_view text);

/// Move-only; wiped when it goes.
class SecretKey {
 public:
  static SecretKey generate();
  static SecretKey from_seed(std::span<const uint8_t, kSeedSize> seed);

  SecretKey(SecretKey &&other) noexcept;
  SecretKey &operator=(SecretKey &&other) noexcept;
  SecretKey(const SecretKey &) = delete;
  SecretKey &operator=(const SecretKey &) = delete;
  ~SecretKey();

  PublicKey public_key() const;
  /// Deterministic (RFC 8032 section 5.1.6).
  Signature sign(ByteView message) const;

  /// Writes {"type":"warrant-private-key-v1","seed":base64}, mode 0600.
  Status save(const std::string &path, Existing existing = Existing::kRefuse) const;
  /// Refuses a file that group or others may read or write, that belongs to neither this user nor
  /// root, or that is not exactly such a document.
  static Result<SecretKey> load(const std::string &path);
  /// The content of such a file; exactly what save() writes.
  static Result<SecretKey> parse(ByteView file);

 private:
  SecretKey() = default;
  std::array<uint8_t, kSeedSize + kPublicKeySize> bytes_{};
};

/// {"type":"warrant-public-key-v1","key":base64}, one line.
std::string serialize_public_key(const PublicKey &key);
/// Strict reverse; errors name the member.
Result<PublicKey> parse_public_key(ByteView file);
Status save_public_key(const PublicKey &key, const std::string &path);
Result<PublicKey> load_public_key(const std::string &path);

} // namespace warrant
