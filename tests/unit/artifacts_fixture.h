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
inline constexpr uint8_t kIssuerKey = 3;
inline constexpr uint8_t kOtherIssuerKey = 4;
inline constexpr uint8_t kStrangerKey = 9;

Digest digest(uint8_t fill);

TrustRoot trust_root();
Policy policy();
/// Payload signed by one key.
std::string envelope(std::string_view payload, uint8_t signer);
std::string trust_root_envelope();
std::string policy_envelope();
/// Issuer threshold 1 of two keys.
TrustState trust();

/// Valid under trust() at kNow, one subject, for everybody.
Authorization authorization();
std::string payload(const Authorization &authorization);
std::string artifact(const Authorization &authorization);

/// The value, or the test ends with the error.
Checked<VerifiedAuthorization> verify(std::string_view envelope);
VerifiedAuthorization verified(const Authorization &authorization);
/// The same with a manifest of these records.
VerifiedAuthorization verified(Authorization authorization, std::vector<ManifestRecord> records);

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
