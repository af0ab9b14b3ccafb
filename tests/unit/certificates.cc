// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "tests/catch.h"

namespace warrant::test {
namespace {

Issued make(const CertificateShape &shape, EVP_PKEY *key, const X509 *issuer, EVP_PKEY *signer) {
  static long serial = 1;
  Issued issued{openssl::Owned<X509, X509_free>(X509_new()), nullptr};
  X509 *made = issued.certificate.get();
  REQUIRE(X509_set_version(made, X509_VERSION_3) == 1);
  REQUIRE(ASN1_INTEGER_set(X509_get_serialNumber(made), serial++) == 1);
  REQUIRE(ASN1_TIME_set(X509_getm_notBefore(made), shape.from) != nullptr);
  REQUIRE(ASN1_TIME_set(X509_getm_notAfter(made), shape.until) != nullptr);
  const auto *text = reinterpret_cast<const unsigned char *>(shape.subject.c_str());
  REQUIRE(X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC, text, -1, -1,
                                     0) == 1);
  REQUIRE(X509_set_issuer_name(made, X509_get_subject_name(issuer == nullptr ? made : issuer)) ==
          1);
  REQUIRE(X509_set_pubkey(made, key) == 1);
  X509V3_CTX context;
  X509V3_set_ctx(&context, const_cast<X509 *>(issuer == nullptr ? made : issuer), made, nullptr,
                 nullptr, 0);
  for (const ExtensionShape &extension : shape.extensions) {
    INFO(extension.name << " = " << extension.value);
    X509_EXTENSION *one =
        X509V3_EXT_nconf(nullptr, &context, extension.name.c_str(), extension.value.c_str());
    REQUIRE(one != nullptr);
    REQUIRE(X509_add_ext(made, one, -1) == 1);
    X509_EXTENSION_free(one);
  }
  REQUIRE(X509_sign(made, signer, EVP_get_digestbyname(shape.digest.c_str())) > 0);
  return issued;
}

} // namespace

std::vector<ExtensionShape> endorsement_extensions(const std::string &usage) {
  return {{"basicConstraints", "critical,CA:FALSE"},
          {"keyUsage", "critical," + usage},
          {"extendedKeyUsage", "2.23.133.8.1"}};
}

openssl::Key make_rsa(unsigned bits) {
  openssl::Key key(EVP_RSA_gen(bits));
  REQUIRE(key);
  return key;
}

openssl::Key make_ec(const char *group) {
  openssl::Key key(EVP_EC_gen(group));
  REQUIRE(key);
  return key;
}

Bytes Issued::der() const {
  unsigned char *der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  REQUIRE(size > 0);
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

std::string Issued::pem() const {
  const openssl::Owned<BIO, BIO_free> out(BIO_new(BIO_s_mem()));
  REQUIRE(PEM_write_bio_X509(out.get(), certificate.get()) == 1);
  char *text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

Issued make_authority(const std::string &name, const Issued *parent,
                      const CertificateShape *shape) {
  CertificateShape own;
  if (shape != nullptr)
    own = *shape;
  else
    own.extensions = {{"basicConstraints", "critical,CA:TRUE"},
                      {"keyUsage", "critical,keyCertSign"}};
  own.subject = name;
  openssl::Key key = make_ec();
  Issued issued = make(own, key.get(), parent == nullptr ? nullptr : parent->certificate.get(),
                       parent == nullptr ? key.get() : parent->key.get());
  issued.key = std::move(key);
  return issued;
}

Issued issue(const Issued &by, EVP_PKEY *key, const CertificateShape &shape) {
  return make(shape, key, by.certificate.get(), by.key.get());
}

} // namespace warrant::test
