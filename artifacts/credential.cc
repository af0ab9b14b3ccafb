// SPDX-License-Identifier: Apache-2.0
#include "artifacts/credential.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "artifacts/openssl.h"

namespace warrant {
namespace {

using openssl::Key;
using openssl::KeyContext;

constexpr std::string_view kIdentity("IDENTITY\0", 9); // part 1, B.10.3, C.7.4: with its zero
constexpr size_t kScalar = 32;
constexpr size_t kAesKey = 16;

using Block = std::array<uint8_t, 32>; // a SHA-256, a seed, a coordinate

// Wiped when it goes.
struct Wiped {
  Block bytes{};
  Wiped() = default;
  Wiped(const Wiped &) = default;
  Wiped &operator=(const Wiped &) = default;
  ~Wiped() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

struct Seed {
  Wiped seed;
  Bytes encrypted;
};

Error failed(const std::string &what) {
  return Error{"making a credential: OpenSSL cannot " + what};
}

void append(Bytes &out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_size(Bytes &out, size_t size) {
  out.push_back(static_cast<uint8_t>(size >> 8));
  out.push_back(static_cast<uint8_t>(size));
}

void append_number(Bytes &out, uint32_t number) {
  append_size(out, number >> 16);
  append_size(out, number & 0xffff);
}

Result<Block> hmac(ByteView key, ByteView message) {
  Block out{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), message.data(), message.size(),
           out.data(), &size) == nullptr ||
      size != out.size())
    return failed("compute an HMAC");
  return out;
}

// KDFa with SHA-256 (part 1, 11.4.10.2); at most one block. The label's zero is part of it.
Result<Wiped> kdfa(const Wiped &key, std::string_view label, ByteView context, uint32_t bits) {
  Bytes message;
  append_number(message, 1);
  append(message, view(label));
  message.push_back(0);
  append(message, context);
  append_number(message, bits);
  Wiped out;
  out.bytes = WARRANT_TRY(hmac(key.bytes, message));
  return out;
}

// Part 1, B.10.3: OAEP with SHA-256, and the label.
Result<Seed> make_seed(const Rsa2048Modulus &modulus) {
  Seed seed;
  if (RAND_priv_bytes(seed.seed.bytes.data(), static_cast<int>(seed.seed.bytes.size())) != 1)
    return failed("make random bytes");
  const Key key = WARRANT_TRY(openssl::rsa_key(modulus));
  const KeyContext context(EVP_PKEY_CTX_new(key.get(), nullptr));
  void *label = OPENSSL_memdup(kIdentity.data(), kIdentity.size());
  if (label == nullptr)
    return failed("get memory");
  if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), label, static_cast<int>(kIdentity.size())) !=
          1) {
    OPENSSL_free(label); // until here it is ours
    return failed("encrypt by RSA-OAEP");
  }
  size_t size = modulus.size();
  seed.encrypted.resize(size);
  if (EVP_PKEY_encrypt(context.get(), seed.encrypted.data(), &size, seed.seed.bytes.data(),
                       seed.seed.bytes.size()) != 1 ||
      size != modulus.size())
    return failed("encrypt to the endorsement key");
  return seed;
}

Result<P256Point> point_of(const Key &key) {
  std::array<uint8_t, 1 + 2 * kScalar> encoded{};
  size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, encoded.data(),
                                      encoded.size(), &size) != 1 ||
      size != encoded.size())
    return failed("write a point");
  P256Point point;
  std::copy_n(encoded.begin() + 1, kScalar, point.x.begin());
  std::copy_n(encoded.begin() + 1 + kScalar, kScalar, point.y.begin());
  return point;
}

// Part 1, C.7.4: a one-time key, ECDH, and KDFe (11.4.10.3) over both coordinates.
Result<Seed> make_seed(const P256Point &theirs) {
  const Key peer = WARRANT_TRY(openssl::p256_key(theirs));
  const Key own(EVP_EC_gen("P-256"));
  if (!own)
    return failed("make a key");
  const P256Point point = WARRANT_TRY(point_of(own));
  const KeyContext context(EVP_PKEY_CTX_new(own.get(), nullptr));
  Wiped shared;
  size_t size = shared.bytes.size();
  if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
      EVP_PKEY_derive(context.get(), shared.bytes.data(), &size) != 1 ||
      size != shared.bytes.size())
    return failed("agree with the endorsement key");
  Bytes message;
  append_number(message, 1);
  append(message, shared.bytes);
  append(message, view(kIdentity));
  append(message, point.x);
  append(message, theirs.x);
  Seed seed;
  seed.seed.bytes = sha256(message);
  OPENSSL_cleanse(message.data(), message.size());
  for (const ByteView coordinate : {ByteView(point.x), ByteView(point.y)}) {
    append_size(seed.encrypted, coordinate.size());
    append(seed.encrypted, coordinate);
  }
  return seed;
}

// AES-128 in CFB mode, IV zero: the key is of one use.
Result<Bytes> encrypt(const Wiped &key, ByteView plain) {
  constexpr std::array<uint8_t, 16> kIv{};
  static_assert(kAesKey <= sizeof(Block));
  const openssl::CipherContext context(EVP_CIPHER_CTX_new());
  Bytes out(plain.size());
  int size = 0;
  if (!context ||
      EVP_EncryptInit_ex2(context.get(), EVP_aes_128_cfb128(), key.bytes.data(), kIv.data(),
                          nullptr) != 1 ||
      EVP_EncryptUpdate(context.get(), out.data(), &size, plain.data(),
                        static_cast<int>(plain.size())) != 1 ||
      static_cast<size_t>(size) != plain.size())
    return failed("encrypt by AES");
  return out;
}

} // namespace

Result<Credential> make_credential(const EndorsementKey &key, const TpmName &name,
                                   ByteView secret) {
  if (secret.empty() || secret.size() > kMaxCredentialSecret)
    return Error{"making a credential: the secret must have 1 to " +
                 std::to_string(kMaxCredentialSecret) + " bytes"};
  Seed seed =
      WARRANT_TRY(std::visit([](const auto &number) { return make_seed(number); }, key.number));
  // Part 1, 24.4 and 24.5.
  Bytes plain;
  append_size(plain, secret.size());
  append(plain, secret);
  const Wiped symmetric = WARRANT_TRY(kdfa(seed.seed, "STORAGE", name, kAesKey * 8));
  const Bytes identity = WARRANT_TRY(encrypt(symmetric, plain));
  OPENSSL_cleanse(plain.data(), plain.size());
  const Wiped integrity = WARRANT_TRY(kdfa(seed.seed, "INTEGRITY", {}, sizeof(Block) * 8));
  Bytes protected_bytes = identity;
  append(protected_bytes, name);
  const Block mac = WARRANT_TRY(hmac(integrity.bytes, protected_bytes));
  Credential credential{{}, std::move(seed.encrypted)};
  append_size(credential.blob, mac.size());
  append(credential.blob, mac);
  append(credential.blob, identity);
  return credential;
}

Result<Credential> make_credential(ByteView ek_public, const TpmName &name, ByteView secret) {
  return make_credential(WARRANT_TRY(parse_endorsement_key(ek_public)), name, secret);
}

} // namespace warrant
