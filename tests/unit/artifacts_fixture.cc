// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/artifacts_fixture.h"

#include <filesystem>
#include <stdexcept>

#include "artifacts/json.h"
#include "artifacts/statement.h"

namespace warrant::test {
namespace {

template <class T>
T must(Checked<T> result) {
  if (!result.ok())
    throw std::runtime_error(result.error().text());
  return std::move(result).value();
}

template <class T>
T must(Result<T> result) {
  if (!result.ok())
    throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

PublicKey public_key(uint8_t number) {
  return key(number).public_key();
}

} // namespace

SecretKey key(uint8_t number) {
  std::array<uint8_t, kSeedSize> seed;
  seed.fill(number);
  return SecretKey::from_seed(seed);
}

std::string fingerprint(uint8_t number) {
  return public_key(number).fingerprint();
}

Digest digest(uint8_t fill) {
  Digest digest;
  digest.fill(fill);
  return digest;
}

TrustRoot trust_root() {
  const Role issuers = make_role({public_key(kIssuerKey), public_key(kOtherIssuerKey)}, 1);
  TrustRoot root;
  root.version = 1;
  root.expires = kNow + 86400;
  root.role(RoleName::kRoot) = make_role({public_key(kRootKey)}, 1);
  root.role(RoleName::kPolicy) = make_role({public_key(kPolicyKey)}, 1);
  root.role(RoleName::kBaseline) = issuers;
  root.role(RoleName::kTask) = issuers;
  root.role(RoleName::kRevocation) = make_role({public_key(kRevocationKey)}, 1);
  root.role(RoleName::kEnrollment) = make_role({public_key(kEnrollmentKey)}, 1);
  root.role(RoleName::kBreakglass) = make_role({public_key(kBreakglassKey)}, 1);
  return root;
}

Policy policy() {
  Policy policy;
  policy.version = 1;
  policy.mode = W_MODE_ENFORCE;
  policy.audit = W_AUDIT_OPTIONAL;
  policy.filesystems.assign(known_filesystems().begin(), known_filesystems().end());
  policy.breakglass_max_window = 86400;
  policy.issued_at = kNow - 86400;
  return policy;
}

Revocation revocation() {
  Revocation revocation;
  revocation.epoch = 1;
  revocation.issued_at = kNow - 60;
  return revocation;
}

std::string envelope(std::string_view payload, uint8_t signer) {
  return must(sign_envelope(view(payload), key(signer)));
}

std::string envelope(std::string_view payload, const std::vector<uint8_t> &signers) {
  std::vector<SecretKey> keys;
  std::vector<const SecretKey *> pointers;
  keys.reserve(signers.size());
  for (const uint8_t signer : signers)
    pointers.push_back(&keys.emplace_back(key(signer)));
  return must(sign_envelope(view(payload), pointers));
}

std::string trust_root_envelope(const TrustRoot &root) {
  return envelope(must(serialize_trust_root(root)), kRootKey);
}

std::string policy_envelope(const Policy &policy) {
  return envelope(must(serialize_policy(policy)), kPolicyKey);
}

std::string revocation_envelope(const Revocation &revocation) {
  return envelope(must(serialize_revocation(revocation)), kRevocationKey);
}

TrustState trust() {
  return trust(policy());
}

TrustState trust(const Policy &policy) {
  return must(load_trust(view(trust_root_envelope()), view(policy_envelope(policy)), {},
                         std::string(kHost)));
}

TrustState trust(const Policy &policy, const Revocation &revocation) {
  return must(load_trust(view(trust_root_envelope()), view(policy_envelope(policy)),
                         view(revocation_envelope(revocation)), std::string(kHost)));
}

Authorization authorization() {
  static const Digest policy_sha256 = trust().policy_sha256;
  Authorization authorization;
  authorization.id.fill(0x11);
  authorization.issued_at = kNow - 60;
  authorization.not_before = kNow - 60;
  authorization.not_after = kNow + 3600;
  authorization.policy_sha256 = policy_sha256;
  authorization.actions = W_ACTION_EXEC | W_ACTION_MAP;
  authorization.initiator.any = true;
  authorization.subjects = {{"/usr/bin/true", digest(0xaa), std::nullopt}};
  return authorization;
}

std::string payload(const Authorization &authorization) {
  return must(serialize_authorization(authorization));
}

std::string artifact(const Authorization &authorization) {
  const bool breakglass = authorization.kind == ArtifactKind::kBreakglass;
  return envelope(payload(authorization), breakglass ? kBreakglassKey : kIssuerKey);
}

Checked<VerifiedAuthorization> verify(std::string_view envelope) {
  static const TrustState state = trust();
  return verify(envelope, state);
}

Checked<VerifiedAuthorization> verify(std::string_view envelope, const TrustState &trust,
                                      const ParentLookup &parents) {
  return verify_artifact(view(envelope), no_manifests(), parents, trust, kNow);
}

VerifiedAuthorization verified(const Authorization &authorization) {
  return must(verify(artifact(authorization)));
}

VerifiedAuthorization verified(Authorization authorization, std::vector<ManifestRecord> records) {
  static const TrustState state = trust();
  const Manifest manifest = must(write_manifest(std::move(records)));
  authorization.subjects.clear();
  authorization.manifest = manifest.ref;
  const ManifestOpener opener = [&](const ManifestRef &) -> Result<ByteSource> {
    return source_of_bytes(manifest.file);
  };
  return must(verify_artifact(view(artifact(authorization)), opener, no_parents, state, kNow));
}

ParentLookup parents_in(const std::vector<VerifiedAuthorization> &parents) {
  return [&parents](const Digest &payload) -> const VerifiedAuthorization * {
    for (const VerifiedAuthorization &parent : parents)
      if (parent.sha256() == payload)
        return &parent;
    return nullptr;
  };
}

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "warrant-test-XXXXXX").string();
  if (!mkdtemp(pattern.data()))
    throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<BrokenText> broken_texts(const std::string &valid, const std::string &member) {
  const auto with = [&](const std::string &extra) { return "{" + extra + "," + valid.substr(1); };
  std::string deep;
  for (int i = 0; i < kMaxJsonDepth; i++)
    deep += "[";
  std::vector<BrokenText> texts = {
      {"empty", "", "empty"},
      {"white space only", " \n", "not JSON"},
      {"cut in half", valid.substr(0, valid.size() / 2), "not JSON"},
      {"without its last brace", valid.substr(0, valid.rfind('}')), "not JSON"},
      {"byte order mark", "\xef\xbb\xbf" + valid, "byte order mark"},
      {"UTF-16", std::string("{\0\"\0", 4), "NUL byte"},
      {"something behind it", valid + "{}", "not JSON"},
      {"a NUL behind it", valid + std::string(1, '\0'), "NUL byte"},
      {"a NUL and more behind it", valid + std::string(1, '\0') + "x", "NUL byte"},
      {"comment", "/* */" + valid, "not JSON"},
      {"an array", "[" + valid + "]", "object expected"},
      {"null", "null", "object expected"},
      {"a string", "\"x\"", "object expected"},
      {"duplicate member", with("\"" + member + "\":\"x\""), "duplicate member"},
      {"duplicate member, spelled differently",
       with("\"\\u00" + to_hex(view(member.substr(0, 1))) + member.substr(1) + "\":\"x\""),
       "duplicate member"},
      {"duplicate member in depth", with("\"x\":[{\"a\":1,\"a\":1}]"), "duplicate member"},
      {"unknown sibling", with("\"zz\":1"), "unknown member"},
      {"byte 0xff", with("\"x\":\"\xff\""), "not JSON"},
      {"overlong UTF-8", with("\"x\":\"\xc0\xaf\""), "not JSON"},
      {"UTF-8 surrogate", with("\"x\":\"\xed\xa0\x80\""), "not JSON"},
      {"lone surrogate", with("\"x\":\"\\ud800\""), "not JSON"},
      {"raw control character", with("\"x\":\"\n\""), "not JSON"},
      {"escaped NUL", with("\"x\":\"a\\u0000b\""), "NUL in a string"},
      {"escaped NUL in a name", with("\"x\\u0000\":1"), "NUL in a member name"},
      {"fraction", with("\"x\":1.5"), "only integers"},
      {"fraction of zero", with("\"x\":1.0"), "only integers"},
      {"exponent", with("\"x\":1e3"), "only integers"},
      {"minus zero", with("\"x\":-0"), "-0"},
      {"2^63", with("\"x\":9223372036854775808"), "out of range"},
      {"2^64", with("\"x\":18446744073709551616"), "only integers"},
      {"-2^63-1", with("\"x\":-9223372036854775809"), "only integers"},
      {"NaN", with("\"x\":NaN"), "not JSON"},
      {"too deep", with("\"x\":" + deep), "nested deeper"},
      {"trailing comma", valid.substr(0, valid.rfind('}')) + ",}", "not JSON"},
  };
  return texts;
}

} // namespace warrant::test
