// SPDX-License-Identifier: Apache-2.0
#include "artifacts/openssl.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <string>

namespace warrant::openssl {
namespace {

using ParamBuilder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Owned<OSSL_PARAM, OSSL_PARAM_free>;

constexpr unsigned long kExponent = 65537;

Key from_params(const char *type, const OSSL_PARAM *parameters) {
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY *made = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY,
                        const_cast<OSSL_PARAM *>(parameters)) != 1)
    return nullptr;
  return Key(made);
}

} // namespace

void ignore_configuration() {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
}

Result<Key> p256_key(const P256Point &point) {
  constexpr size_t kScalar = std::tuple_size_v<decltype(point.x)>;
  std::array<uint8_t, 1 + 2 * kScalar> encoded{0x04}; // uncompressed (SEC 1, 2.3.3)
  std::copy(point.x.begin(), point.x.end(), encoded.begin() + 1);
  std::copy(point.y.begin(), point.y.end(), encoded.begin() + 1 + kScalar);
  std::string group = "prime256v1";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded.data(), encoded.size()),
      OSSL_PARAM_construct_end()};
  Key key = from_params("EC", parameters);
  if (!key)
    return Error{"the key is no point of P-256"};
  return key;
}

Result<Key> rsa_key(ByteView modulus) {
  const Number n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const Number e(BN_new());
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder || BN_set_word(e.get(), kExponent) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return Error{"no memory for a key"};
  const Params parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  Key key = parameters ? from_params("RSA", parameters.get()) : nullptr;
  if (!key)
    return Error{"the key is no modulus of RSA"};
  return key;
}

} // namespace warrant::openssl
