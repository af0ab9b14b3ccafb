// SPDX-License-Identifier: Apache-2.0
#include "artifacts/verify.h"

#include "artifacts/envelope.h"

namespace warrant {
namespace {

Checked<void> check_policy(const Authorization &authorization, const TrustState &trust) {
  if (authorization.policy_sha256 == trust.policy_sha256)
    return {};
  return Rejection{W_REASON_POLICY_MISMATCH, "predicate.policy.sha256",
                   "issued under policy " + to_hex(authorization.policy_sha256) + ", in force is " +
                       to_hex(trust.policy_sha256),
                   "issue it anew under the policy in force"};
}

Checked<void> check_host(const Authorization &authorization, const TrustState &trust) {
  if (!authorization.host || *authorization.host == trust.host)
    return {};
  return Rejection{
      W_REASON_IDENTITY_MISMATCH,
      "predicate.environment.host",
      "for host " + printable(*authorization.host) + ", this is " + printable(trust.host),
      {}};
}

Checked<std::vector<ManifestRecord>> fetch_records(const Authorization &authorization,
                                                   const ManifestOpener &manifests) {
  if (!authorization.manifest)
    return std::vector<ManifestRecord>{};
  const Result<ByteSource> source = manifests(*authorization.manifest);
  if (!source.ok())
    return Rejection{W_REASON_MISSING, "predicate.manifest", printable(source.error().message, 512),
                     "put " + manifest_file_name(*authorization.manifest) + " beside the artifact"};
  return read_manifest(source.value(), *authorization.manifest, authorization.actions);
}

} // namespace

Checked<VerifiedAuthorization> verify_artifact(ByteView envelope, const ManifestOpener &manifests,
                                               const TrustState &trust, int64_t now) {
  const Role &issuer = trust.root.issuer;
  const VerifiedBytes bytes = WARRANT_TRY(verify_envelope(envelope, issuer.keys, issuer.threshold));
  VerifiedAuthorization verified;
  verified.authorization_ = WARRANT_TRY(parse_authorization(bytes.payload()));
  WARRANT_TRY(check_expiry(trust, now));
  WARRANT_TRY(check_policy(verified.authorization_, trust));
  WARRANT_TRY(check_host(verified.authorization_, trust));
  verified.records_ = WARRANT_TRY(fetch_records(verified.authorization_, manifests));
  verified.sha256_ = bytes.sha256();
  verified.issuers_ = bytes.signers();
  return verified;
}

} // namespace warrant
