// SPDX-License-Identifier: Apache-2.0
// Owners of what OpenSSL hands out, and public keys from their numbers. Only .cc files include it.
#pragma once

#include <openssl/bn.h>
#include <openssl/evp.h>

#include <memory>

#include "artifacts/bytes.h"
#include "artifacts/quote.h"

namespace warrant::openssl {

template <auto Free>
struct Freed {
  template <class Thing>
  void operator()(Thing *thing) const {
    Free(thing);
  }
};
template <class Thing, auto Free>
using Owned = std::unique_ptr<Thing, Freed<Free>>;

using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using CipherContext = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using Number = Owned<BIGNUM, BN_free>;

/// First thing in main(): what openssl.cnf and OPENSSL_CONF say (engines and providers that are
/// loaded into the process, algorithms that are not to be used) is for others. OpenSSL 3.0.
void ignore_configuration();

/// Error: it is no point of P-256.
Result<Key> p256_key(const P256Point &point);
/// Exponent 65537; the modulus is big-endian.
Result<Key> rsa_key(ByteView modulus);

} // namespace warrant::openssl
