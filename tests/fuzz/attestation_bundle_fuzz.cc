// SPDX-License-Identifier: Apache-2.0
// Any bytes as a proof of a host's state. What is read has this one spelling; and no bytes prove
// anything to a verifier whose enrollment authority is nobody.
#include "artifacts/attestation_report.h"
#include "tests/fuzz/require.h"

using namespace warrant;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ByteView text(data, size);
  const Checked<AttestationBundle> read = parse_bundle(text);
  if (!read.ok()) {
    require(read.error().reason == W_REASON_MALFORMED && !read.error().detail.empty());
    return 0;
  }
  const AttestationBundle &bundle = read.value();
  require(serialize_bundle(bundle).value() == text_of(text));
  require(bundle.claims.challenge.size() >= kMinChallenge &&
          bundle.claims.challenge.size() <= kMaxChallenge);
  for (const auto &[pcr, value] : bundle.pcrs)
    require(pcr < kPcrCount);

  AttestationBundle other = bundle;
  other.claims.challenge[0] ^= 1;
  require(attestation_nonce(other.claims) != attestation_nonce(bundle.claims));

  SignedTrustRoot root;
  root.root.expires = INT64_MAX;
  const AttestationReport report =
      verify_bundle(bundle, {root, bundle.claims.challenge, 0, nullptr, std::nullopt});
  require(!report.is_proven() && !report.findings.empty() && !report.enrollment);
  return 0;
}
