// SPDX-License-Identifier: Apache-2.0
// A small world of keys and documents that the tests of artifacts/ share. Everything is fixed, so a
// failure repeats.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "artifacts/compile.h"
#include "artifacts/envelope.h"
#include "artifacts/key.h"
#include "artifacts/trust.h"
#include "artifacts/verify.h"

namespace warrant::test {

inline constexpr int64_t kNow = 1795255200; // 2026-11-21T10:00:00Z
inline constexpr std::string_view kHost = "host-a";

/// The key whose seed is 32 times `number`.
SecretKey key(uint8_t number);
inline constexpr uint8_t kRootKey = 1;
inline constexpr uint8_t kPolicyKey = 2;
inline constexpr uint8_t kIssuerKey = 3; ///< task and baseline
inline constexpr uint8_t kOtherIssuerKey = 4;
inline constexpr uint8_t kBreakglassKey = 5;
inline constexpr uint8_t kRevocationKey = 6;
inline constexpr uint8_t kEnrollmentKey = 7;
inline constexpr uint8_t kStrangerKey = 9;
inline constexpr uint8_t kDelegateKey = 10; ///< of no role, for artifacts to delegate to
inline constexpr uint8_t kOtherDelegateKey = 11;
std::string fingerprint(uint8_t number);

Digest digest(uint8_t fill);

/// Every role, each with threshold 1: two issuers for tasks and baselines, one key for the others.
TrustRoot trust_root();
/// Version 1, break-glass for a day, no rules.
Policy policy();
/// Epoch 1, a minute old, nothing revoked.
Revocation revocation();
/// Payload signed by one key, or by several.
std::string envelope(std::string_view payload, uint8_t signer);
std::string envelope(std::string_view payload, const std::vector<uint8_t> &signers);
std::string trust_root_envelope(const TrustRoot &root = trust_root());
std::string policy_envelope(const Policy &policy = test::policy());
std::string revocation_envelope(const Revocation &revocation = test::revocation());
/// The documents above, without a revocation list.
TrustState trust();
TrustState trust(const Policy &policy);
TrustState trust(const Policy &policy, const Revocation &revocation);

/// Valid under trust() at kNow, one subject, for everybody.
Authorization authorization();
std::string payload(const Authorization &authorization);
/// Signed by the role of its kind.
std::string artifact(const Authorization &authorization);

/// Under trust() at kNow, without manifests.
Checked<VerifiedAuthorization> verify(std::string_view envelope);
Checked<VerifiedAuthorization> verify(std::string_view envelope, const TrustState &trust,
                                      const ParentLookup &parents = no_parents);
/// The value, or the test ends with the error.
VerifiedAuthorization verified(const Authorization &authorization);
/// The same with a manifest of these records.
VerifiedAuthorization verified(Authorization authorization, std::vector<ManifestRecord> records);
/// Looks among these, which must outlive it.
ParentLookup parents_in(const std::vector<VerifiedAuthorization> &parents);

/// A directory of its own, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory &) = delete;
  TemporaryDirectory &operator=(const TemporaryDirectory &) = delete;
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

/// A text that is wrong as JSON, whatever the document.
struct BrokenText {
  std::string name;
  std::string text;
  std::string detail; ///< part of what must be said
};

/// Ways to break a valid document that is one JSON object with a string member `member`.
std::vector<BrokenText> broken_texts(const std::string &valid, const std::string &member);

} // namespace warrant::test
