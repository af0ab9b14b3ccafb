// SPDX-License-Identifier: Apache-2.0
#include "artifacts/key.h"

#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/json.h"
#include "artifacts/random.h"

namespace warrant {
namespace {

constexpr std::string_view kPrivateKeyType = "warrant-private-key-v1";
constexpr std::string_view kPublicKeyType = "warrant-public-key-v1";
constexpr std::string_view kSshKeyType = "ssh-ed25519";
constexpr std::string_view kFingerprintPrefix = "SHA256:";
constexpr size_t kMaxKeyFileSize = 4096;

static_assert(kPublicKeySize == crypto_sign_PUBLICKEYBYTES);
static_assert(kSeedSize == crypto_sign_SEEDBYTES);
static_assert(kSeedSize + kPublicKeySize == crypto_sign_SECRETKEYBYTES);
static_assert(kSignatureSize == crypto_sign_BYTES);

/// Wipes what a secret went through on its way between file and key.
template <class Container>
class Wiped {
 public:
  explicit Wiped(Container content) : content_(std::move(content)) {}
  Wiped(const Wiped &) = delete;
  Wiped &operator=(const Wiped &) = delete;
  ~Wiped() { sodium_memzero(content_.data(), content_.size()); }
  const Container &get() const { return content_; }

 private:
  Container content_;
};

void append_ssh_string(Bytes &blob, ByteView string) {
  const auto length = static_cast<uint32_t>(string.size());
  for (int shift = 24; shift >= 0; shift -= 8)
    blob.push_back(static_cast<uint8_t>(length >> shift));
  blob.insert(blob.end(), string.begin(), string.end());
}

/// The private key must be nobody else's to read or replace.
Status check_private_file(const std::string &path, const struct stat &status) {
  if (status.st_uid != geteuid() && status.st_uid != 0)
    return Error{path + ": private key belongs to uid " + std::to_string(status.st_uid) +
                 ", neither this user nor root"};
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Error{path + ": private key is accessible to group or others; run chmod 600"};
  return {};
}

/// One JSON object with `type` and one member in base64. The type is looked at first, so that a
/// file of the other kind is called what it is.
Checked<std::string> read_key_member(ByteView file, std::string_view type,
                                     std::string_view member) {
  const Json document = WARRANT_TRY(parse_json(file));
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(document));
  WARRANT_TRY(reader.literal("type", type));
  std::string text = WARRANT_TRY(reader.string(member, 1, kMaxKeyFileSize));
  WARRANT_TRY(reader.finish());
  return text;
}

const std::string kPrivateHead = "{\"type\":\"" + std::string(kPrivateKeyType) + "\",\"seed\":\"";
constexpr std::string_view kPrivateTail = "\"}\n";
constexpr size_t kSeedTextSize = 44;

/// The seed's text inside a private key file. Only the one form that save() writes is read: going
/// through the JSON parser would leave copies of the secret that nobody can wipe. The parser is
/// asked only for the words when something is wrong.
Result<std::string_view> find_seed(ByteView file) {
  const std::string_view text = text_of(file);
  if (text.size() == kPrivateHead.size() + kSeedTextSize + kPrivateTail.size() &&
      text.starts_with(kPrivateHead) && text.ends_with(kPrivateTail))
    return text.substr(kPrivateHead.size(), kSeedTextSize);
  const Checked<std::string> member = read_key_member(file, kPrivateKeyType, "seed");
  if (!member.ok())
    return member.error().to_error();
  return Error{member.value().size() == kSeedTextSize
                   ? "not the one line that `warrant key generate` wrote"
                   : "malformed: seed: 32 bytes in base64 expected"};
}

std::string fingerprint_of(std::span<const uint8_t, kPublicKeySize> key) {
  Bytes blob;
  append_ssh_string(blob, view(kSshKeyType));
  append_ssh_string(blob, key);
  std::string text = to_base64(sha256(blob));
  text.pop_back(); // the one padding character
  return std::string(kFingerprintPrefix) + text;
}

} // namespace

bool verify_ed25519(std::span<const uint8_t, kPublicKeySize> key, ByteView message,
                    std::span<const uint8_t, kSignatureSize> signature) {
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     key.data()) == 0;
}

PublicKey::PublicKey(const std::array<uint8_t, kPublicKeySize> &bytes)
    : bytes_(bytes), fingerprint_(fingerprint_of(bytes)) {}

Result<PublicKey> PublicKey::from_bytes(ByteView bytes) {
  if (bytes.size() != kPublicKeySize)
    return Error{"Ed25519 public key of 32 bytes expected"};
  if (crypto_core_ed25519_is_valid_point(bytes.data()) != 1)
    return Error{"not a point of the prime-order subgroup: no honest key"};
  std::array<uint8_t, kPublicKeySize> point{};
  std::copy(bytes.begin(), bytes.end(), point.begin());
  return PublicKey(point);
}

Result<PublicKey> PublicKey::from_base64(std::string_view text) {
  return from_bytes(WARRANT_TRY(warrant::from_base64(text)));
}

bool is_fingerprint(std::string_view text) {
  if (!text.starts_with(kFingerprintPrefix))
    return false;
  text.remove_prefix(kFingerprintPrefix.size());
  const Result<Bytes> digest = from_base64(std::string(text) + "=");
  return digest.ok() && digest.value().size() == W_DIGEST_SIZE;
}

bool PublicKey::verify(ByteView message, const Signature &signature) const {
  return verify_ed25519(bytes_, message, signature);
}

bool operator==(const PublicKey &a, const PublicKey &b) {
  return sodium_memcmp(a.bytes_.data(), b.bytes_.data(), kPublicKeySize) == 0;
}

SecretKey SecretKey::generate() {
  std::array<uint8_t, kSeedSize> seed{};
  fill_random(seed);
  SecretKey key = from_seed(seed);
  sodium_memzero(seed.data(), seed.size());
  return key;
}

SecretKey SecretKey::from_seed(std::span<const uint8_t, kSeedSize> seed) {
  std::array<uint8_t, kPublicKeySize> point{};
  SecretKey key;
  crypto_sign_seed_keypair(point.data(), key.bytes_.data(), seed.data());
  return key;
}

SecretKey::SecretKey(SecretKey &&other) noexcept : bytes_(other.bytes_) {
  sodium_memzero(other.bytes_.data(), other.bytes_.size());
}

SecretKey &SecretKey::operator=(SecretKey &&other) noexcept {
  if (this != &other) {
    bytes_ = other.bytes_;
    sodium_memzero(other.bytes_.data(), other.bytes_.size());
  }
  return *this;
}

SecretKey::~SecretKey() {
  sodium_memzero(bytes_.data(), bytes_.size());
}

PublicKey SecretKey::public_key() const {
  std::array<uint8_t, kPublicKeySize> point{};
  crypto_sign_ed25519_sk_to_pk(point.data(), bytes_.data());
  return PublicKey(point);
}

Signature SecretKey::sign(ByteView message) const {
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), bytes_.data());
  return signature;
}

Status SecretKey::save(const std::string &path, Existing existing) const {
  const Wiped seed(to_base64(ByteView(bytes_).first(kSeedSize)));
  Bytes text;
  text.reserve(kPrivateHead.size() + kSeedTextSize + kPrivateTail.size());
  for (const std::string_view part :
       {std::string_view(kPrivateHead), std::string_view(seed.get()), kPrivateTail})
    text.insert(text.end(), part.begin(), part.end());
  const Wiped file(std::move(text));
  return write_file_atomic(path, file.get(), S_IRUSR | S_IWUSR, existing);
}

Result<SecretKey> SecretKey::parse(ByteView file) {
  const Wiped seed(WARRANT_TRY(from_base64(WARRANT_TRY(find_seed(file)))));
  if (seed.get().size() != kSeedSize)
    return Error{"malformed: seed: 32 bytes in base64 expected"};
  return from_seed(std::span<const uint8_t, kSeedSize>(seed.get().data(), kSeedSize));
}

Result<SecretKey> SecretKey::load(const std::string &path) {
  const auto check = [&](const struct stat &status) { return check_private_file(path, status); };
  const Wiped file(WARRANT_TRY(read_file(path, kMaxKeyFileSize, check)));
  Result<SecretKey> key = parse(file.get());
  if (!key.ok())
    return std::move(key).error().context(path);
  return key;
}

std::string serialize_public_key(const PublicKey &key) {
  return "{\"type\":\"" + std::string(kPublicKeyType) + "\",\"key\":\"" + to_base64(key.bytes()) +
         "\"}\n";
}

Result<PublicKey> parse_public_key(ByteView file) {
  Checked<std::string> text = read_key_member(file, kPublicKeyType, "key");
  if (!text.ok())
    return text.error().to_error();
  Result<PublicKey> key = PublicKey::from_base64(text.value());
  if (!key.ok())
    return std::move(key).error().context("malformed: key");
  return key;
}

Status save_public_key(const PublicKey &key, const std::string &path) {
  return write_file_atomic(path, view(serialize_public_key(key)),
                           S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, Existing::kRefuse);
}

Result<PublicKey> load_public_key(const std::string &path) {
  const Bytes file = WARRANT_TRY(read_file(path, kMaxKeyFileSize));
  Result<PublicKey> key = parse_public_key(file);
  if (!key.ok())
    return std::move(key).error().context(path);
  return key;
}

} // namespace warrant
