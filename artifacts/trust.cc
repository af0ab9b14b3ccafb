// SPDX-License-Identifier: Apache-2.0
#include "artifacts/trust.h"

#include <algorithm>

#include "artifacts/time.h"

namespace warrant {
namespace {

constexpr std::string_view kRootDocument = "trust root";
constexpr std::string_view kPolicyDocument = "policy";
constexpr std::string_view kRevocationDocument = "revocation";
constexpr std::string_view kEnrollmentDocument = "enrollment";

/// Says which of the documents a rejection is about.
template <class T>
Checked<T> in_document(std::string_view name, Checked<T> result) {
  if (result.ok())
    return result;
  Rejection rejection = std::move(result).error();
  rejection.field = std::string(name) + (rejection.field.empty() ? "" : ": ") + rejection.field;
  return rejection;
}

std::string field_of(std::string_view document, std::string_view member) {
  return std::string(document) + ": predicate." + std::string(member);
}

/// A number that only grows, and the document that last bore it.
struct Mark {
  int64_t number;
  Digest sha256;
};

Checked<void> check_mark(std::string_view document, std::string_view member, const Mark &loaded,
                         const Mark &mark) {
  if (loaded.number < mark.number)
    return Rejection{W_REASON_REPLAY, field_of(document, member),
                     std::to_string(loaded.number) + " although " + std::to_string(mark.number) +
                         " was in force already",
                     "install the newest " + std::string(document)};
  if (loaded.number == mark.number && loaded.sha256 != mark.sha256)
    return Rejection{W_REASON_REPLAY, field_of(document, member),
                     "another document had the number " + std::to_string(mark.number) + " already",
                     "give the document the next number"};
  return {};
}

/// Added keys alone start nothing anew: they cannot be what a stolen key is recovered from, and all
/// that the old keys signed would be good again.
bool lost_a_key(const TrustRoot *before, const TrustRoot &now, RoleName name) {
  if (!before)
    return false;
  const std::vector<PublicKey> &kept = now.role(name).keys;
  const std::vector<PublicKey> &had = before->role(name).keys;
  return std::any_of(had.begin(), had.end(), [&](const PublicKey &key) {
    return std::find(kept.begin(), kept.end(), key) == kept.end();
  });
}

Checked<void> check_revocation_mark(const TrustState &trust, const Mark &mark) {
  if (trust.revocation)
    return check_mark(kRevocationDocument, "epoch",
                      {trust.revocation->revocation.epoch, trust.revocation->sha256}, mark);
  if (mark.number == 0)
    return {};
  return Rejection{
      W_REASON_REPLAY, std::string(kRevocationDocument),
      "missing although epoch " + std::to_string(mark.number) + " was in force already",
      "install the newest revocation list"};
}

} // namespace

Checked<TrustState> load_trust(ByteView root_envelope, ByteView policy_envelope,
                               ByteView revocation_envelope, std::string host) {
  TrustState trust;
  SignedTrustRoot root = WARRANT_TRY(in_document(kRootDocument, load_trust_root(root_envelope)));
  trust.root = std::move(root.root);
  trust.root_sha256 = root.sha256;
  SignedPolicy policy = WARRANT_TRY(in_document(
      kPolicyDocument, load_policy(policy_envelope, trust.root.role(RoleName::kPolicy))));
  trust.policy = std::move(policy.policy);
  trust.policy_sha256 = policy.sha256;
  if (!revocation_envelope.empty())
    trust.revocation = WARRANT_TRY(
        in_document(kRevocationDocument,
                    load_revocation(revocation_envelope, trust.root.role(RoleName::kRevocation))));
  trust.host = std::move(host);
  return trust;
}

Checked<void> enroll(TrustState &trust, ByteView envelope, int64_t now) {
  SignedEnrollment loaded = WARRANT_TRY(in_document(
      kEnrollmentDocument, load_enrollment(envelope, trust.root.role(RoleName::kEnrollment))));
  EnrolledHost enrolled{std::move(loaded.enrollment), {}};
  if (enrolled.enrollment.host != trust.host)
    enrolled.mismatch = "the enrollment is of host " + printable(enrolled.enrollment.host) +
                        ", this is " + printable(trust.host);
  else if (is_expired(enrolled.enrollment, now))
    enrolled.mismatch = "the enrollment is over";
  trust.enrolled = std::move(enrolled);
  return {};
}

Checked<void> check_expiry(const TrustState &trust, int64_t now) {
  if (now >= trust.root.expires)
    return Rejection{W_REASON_EXPIRED, field_of(kRootDocument, "expires"),
                     "expired at " + format_time(trust.root.expires), "install a newer trust root"};
  if (trust.policy.expires && now >= *trust.policy.expires)
    return Rejection{W_REASON_EXPIRED, field_of(kPolicyDocument, "expires"),
                     "expired at " + format_time(*trust.policy.expires), "install a newer policy"};
  return {};
}

std::optional<int64_t> fresh_until(const TrustState &trust) {
  if (!trust.policy.revocation_max_age)
    return std::nullopt;
  if (!trust.revocation)
    return 0;
  // Both are at most kMaxTime: no overflow.
  return trust.revocation->revocation.issued_at + *trust.policy.revocation_max_age;
}

Checked<void> check_freshness(const TrustState &trust, int64_t now) {
  const std::optional<int64_t> until = fresh_until(trust);
  if (!until)
    return {};
  if (!trust.revocation)
    return Rejection{W_REASON_ENVIRONMENT_FAILURE, std::string(kRevocationDocument),
                     "missing although the policy demands one", "install a revocation list"};
  if (now >= *until)
    return Rejection{W_REASON_ENVIRONMENT_FAILURE, field_of(kRevocationDocument, "issuedAt"),
                     "too old since " + format_time(*until) + ": the policy allows " +
                         std::to_string(*trust.policy.revocation_max_age) + " seconds",
                     "install a newer revocation list"};
  return {};
}

Checked<void> check_not_older(const TrustState &trust, const HighWater &mark,
                              const TrustRoot *mark_root) {
  WARRANT_TRY(check_mark(kRootDocument, "version", {trust.root.version, trust.root_sha256},
                         {mark.root_version, mark.root_sha256}));
  if (!lost_a_key(mark_root, trust.root, RoleName::kPolicy))
    WARRANT_TRY(check_mark(kPolicyDocument, "version", {trust.policy.version, trust.policy_sha256},
                           {mark.policy_version, mark.policy_sha256}));
  // Where the numbers start anew there must be a list all the same, as long as anybody signs any:
  // what was revoked is not forgotten by leaving it out.
  const bool is_left_out =
      !trust.revocation && !trust.root.role(RoleName::kRevocation).keys.empty();
  if (is_left_out || !lost_a_key(mark_root, trust.root, RoleName::kRevocation))
    WARRANT_TRY(check_revocation_mark(trust, {mark.revocation_epoch, mark.revocation_sha256}));
  return {};
}

HighWater high_water_of(const TrustState &trust) {
  HighWater mark;
  mark.root_version = trust.root.version;
  mark.root_sha256 = trust.root_sha256;
  mark.policy_version = trust.policy.version;
  mark.policy_sha256 = trust.policy_sha256;
  if (trust.revocation) {
    mark.revocation_epoch = trust.revocation->revocation.epoch;
    mark.revocation_sha256 = trust.revocation->sha256;
  }
  return mark;
}

} // namespace warrant
