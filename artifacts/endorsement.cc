// SPDX-License-Identifier: Apache-2.0
#include "artifacts/endorsement.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <array>
#include <vector>

#include "artifacts/openssl.h"

namespace warrant {
namespace {

using openssl::Owned;

using Certificate = Owned<X509, X509_free>;
using Store = Owned<X509_STORE, X509_STORE_free>;
using StoreContext = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;
using Input = Owned<BIO, BIO_free>;
using Usages = Owned<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;

constexpr std::string_view kEndorsementUsage = "2.23.133.8.1"; // tcg-kp-EKCertificate
constexpr int kSecurityLevel = 2; // 112 bits: SHA-1 and RSA below 2048 sign nothing

Error broken(const std::string &what) {
  return Error{"endorsement certificate: " + what};
}

// OpenSSL's queue is not ours to leave things in.
struct ErrorQueue {
  ErrorQueue() { ERR_set_mark(); }
  ErrorQueue(const ErrorQueue &) = delete;
  ErrorQueue &operator=(const ErrorQueue &) = delete;
  ~ErrorQueue() { ERR_pop_to_mark(); }
};

Result<std::vector<Certificate>> read_pem(ByteView pem, std::string_view what) {
  std::vector<Certificate> all;
  if (pem.empty())
    return all;
  if (pem.size() > kMaxAnchorFile)
    return broken("the " + std::string(what) + " are larger than 1 MiB");
  const Input input(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!input)
    return broken("no memory");
  while (X509 *one = PEM_read_bio_X509(input.get(), nullptr, nullptr, nullptr)) {
    all.emplace_back(one);
    if (all.size() > kMaxAnchors)
      return broken("more than " + std::to_string(kMaxAnchors) + " " + std::string(what));
  }
  // Text between and behind certificates is none of them; half a certificate is an error.
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return broken("certificate " + std::to_string(all.size() + 1) + " of the " + std::string(what) +
                  " cannot be read");
  return all;
}

Result<Certificate> read_der(ByteView der) {
  if (der.size() > kMaxEndorsementCertificate)
    return broken("larger than " + std::to_string(kMaxEndorsementCertificate) + " bytes");
  const unsigned char *at = der.data();
  Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate)
    return broken("it is not X.509");
  if (at != der.data() + der.size())
    return broken("something stands behind it");
  return certificate;
}

// What OpenSSL does not know, the profile names, and says nothing that we would have to obey: the
// version of the TPM specification (3.2.10).
bool is_harmless(const X509_EXTENSION *extension) {
  return OBJ_obj2nid(X509_EXTENSION_get_object(const_cast<X509_EXTENSION *>(extension))) ==
         NID_subject_directory_attributes;
}

int accept_profile(int ok, X509_STORE_CTX *context) {
  if (ok == 1 || X509_STORE_CTX_get_error(context) != X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION ||
      X509_STORE_CTX_get_error_depth(context) != 0)
    return ok;
  const X509 *leaf = X509_STORE_CTX_get_current_cert(context);
  for (int i = 0; i < X509_get_ext_count(leaf); i++) {
    X509_EXTENSION *extension = X509_get_ext(leaf, i);
    if (X509_EXTENSION_get_critical(extension) == 1 && X509_supported_extension(extension) != 1 &&
        !is_harmless(extension))
      return 0;
  }
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

std::string name_text(const X509_NAME *name) {
  const Input out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0)
    return "";
  char *text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return printable(std::string_view(text, static_cast<size_t>(size)));
}

Status check_chain(X509 *leaf, const EndorsementAuthorities &authorities, int64_t now) {
  const std::vector<Certificate> anchors = WARRANT_TRY(read_pem(authorities.anchors, "anchors"));
  if (anchors.empty())
    return broken("there is no anchor to believe");
  const std::vector<Certificate> between =
      WARRANT_TRY(read_pem(authorities.intermediates, "intermediates"));
  const Store store(X509_STORE_new());
  const StoreContext context(X509_STORE_CTX_new());
  const Owned<STACK_OF(X509), [](STACK_OF(X509) * stack) { sk_X509_free(stack); }> untrusted(
      sk_X509_new_null());
  if (!store || !context || !untrusted)
    return broken("no memory");
  for (const Certificate &anchor : anchors)
    if (X509_STORE_add_cert(store.get(), anchor.get()) != 1)
      return broken("no memory");
  for (const Certificate &one : between)
    if (sk_X509_push(untrusted.get(), one.get()) <= 0)
      return broken("no memory");
  if (X509_STORE_CTX_init(context.get(), store.get(), leaf, untrusted.get()) != 1)
    return broken("no memory");
  X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_ANY);
  X509_VERIFY_PARAM_set_auth_level(rules, kSecurityLevel);
  X509_VERIFY_PARAM_set_time(rules, now);
  X509_STORE_CTX_set_verify_cb(context.get(), accept_profile);
  if (X509_verify_cert(context.get()) != 1) {
    const int error = X509_STORE_CTX_get_error(context.get());
    const X509 *at = X509_STORE_CTX_get_current_cert(context.get());
    return broken(std::string(X509_verify_cert_error_string(error)) + " (" +
                  name_text(at == nullptr ? X509_get_issuer_name(leaf) : X509_get_issuer_name(at)) +
                  " issued it)");
  }
  return {};
}

Status check_usage(X509 *leaf, bool is_rsa) {
  // The one also asks for its key usage, the other knows version 1.
  if ((X509_get_extension_flags(leaf) & EXFLAG_CA) != 0 || X509_check_ca(leaf) != 0)
    return broken("it is a certificate authority's");
  const uint32_t usage = X509_get_key_usage(leaf);
  if (usage == UINT32_MAX || (usage & (is_rsa ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT)) == 0)
    return broken("its key usage is another than an endorsement key's");
  const Usages usages(static_cast<EXTENDED_KEY_USAGE *>(
      X509_get_ext_d2i(leaf, NID_ext_key_usage, nullptr, nullptr)));
  for (int i = 0; usages && i < sk_ASN1_OBJECT_num(usages.get()); i++) {
    std::array<char, 64> text{};
    if (OBJ_obj2txt(text.data(), static_cast<int>(text.size()),
                    sk_ASN1_OBJECT_value(usages.get(), i), 1) > 0 &&
        text.data() == kEndorsementUsage)
      return {};
  }
  return broken("its extended key usage does not name endorsement keys (2.23.133.8.1)");
}

Status check_key(X509 *leaf, const EndorsementKey &key) {
  const bool is_rsa = std::holds_alternative<Rsa2048Modulus>(key.number);
  const openssl::Key own = is_rsa
                               ? WARRANT_TRY(openssl::rsa_key(std::get<Rsa2048Modulus>(key.number)))
                               : WARRANT_TRY(openssl::p256_key(std::get<P256Point>(key.number)));
  EVP_PKEY *certified = X509_get0_pubkey(leaf);
  if (certified == nullptr)
    return broken("its key is of a kind that cannot be read");
  if (EVP_PKEY_eq(certified, own.get()) != 1)
    return broken("it is for another key than this TPM's");
  return check_usage(leaf, is_rsa);
}

} // namespace

Result<std::string> check_endorsement_certificate(ByteView certificate, const EndorsementKey &key,
                                                  const EndorsementAuthorities &authorities,
                                                  int64_t now) {
  const ErrorQueue queue;
  const Certificate leaf = WARRANT_TRY(read_der(certificate));
  WARRANT_TRY(check_chain(leaf.get(), authorities, now));
  WARRANT_TRY(check_key(leaf.get(), key));
  return name_text(X509_get_issuer_name(leaf.get()));
}

} // namespace warrant
