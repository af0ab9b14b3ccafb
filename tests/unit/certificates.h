// SPDX-License-Identifier: Apache-2.0
// Certificates that a test makes as it needs them.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/openssl.h"

namespace warrant::test {

struct ExtensionShape {
  std::string name;  ///< as OpenSSL's configuration names it, or an OID
  std::string value; ///< in the same manner: "critical,CA:TRUE", "critical,DER:0500"
};

struct CertificateShape {
  std::string subject = "someone";
  int64_t from = 1700000000;
  int64_t until = 1900000000;
  std::vector<ExtensionShape> extensions = {};
  std::string digest = "SHA256";
};

/// What endorsement certificates have.
std::vector<ExtensionShape> endorsement_extensions(const std::string &usage = "keyEncipherment");

openssl::Key make_rsa(unsigned bits = 2048);
openssl::Key make_ec(const char *group = "P-256");

struct Issued {
  openssl::Owned<X509, X509_free> certificate;
  openssl::Key key; ///< of the subject, if it was made here

  Bytes der() const;
  std::string pem() const;
};

/// A certificate authority: its own, or by `parent`.
Issued make_authority(const std::string &name, const Issued *parent = nullptr,
                      const CertificateShape *shape = nullptr);
/// Issued by `by` for a key.
Issued issue(const Issued &by, EVP_PKEY *key, const CertificateShape &shape);

} // namespace warrant::test
