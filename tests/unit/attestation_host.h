// SPDX-License-Identifier: Apache-2.0
// A host that proves its state: a TPM of its own that measured a real boot, enrolled, with policies
// measured.
#pragma once

#include <string>
#include <vector>

#include "artifacts/attestation_report.h"
#include "daemon/attestation.h"
#include "tests/unit/swtpm_fixture.h"

namespace warrant::test {

inline constexpr uint32_t kMeasuredPcr = 13;

/// A file of tests/unit/data/boot_log.
Bytes boot_data(const std::string &name);
/// Bytes that look like a challenge.
Bytes challenge(uint8_t fill = 0xc4);
/// The trust root of the fixture.
SignedTrustRoot signed_root(const TrustRoot &root = trust_root());

class AttestingHost {
 public:
  /// `boot`: "uefi-secure-6.12", of tests/unit/data/boot_log.
  explicit AttestingHost(const std::string &boot = "bios-6.12", const std::string &name = "host-a");

  /// As the daemon does: notes first.
  void measure(uint8_t policy);
  void measure(const Digest &policy);
  void extend(uint32_t pcr, uint8_t fill);

  AttestationRequest request(const Bytes &challenge = test::challenge()) const;
  AttestationBundle bundle(const Bytes &challenge = test::challenge());
  /// What root on the host could have signed, true or not.
  AttestationBundle claiming(AttestationClaims claims);

  Enrollment enrollment;
  std::string envelope;

 private:
  void write(const std::string &path, ByteView content) const;

  Swtpm swtpm_;
  Tpm tpm_;
  TemporaryDirectory folder_;
  std::vector<Measurement> measurements_;
};

/// By the trust root of the fixture, an hour after the enrollment.
AttestationReport verify(const AttestationBundle &bundle,
                         const Bytes &challenge = test::challenge());
/// Each finding in a line, as people see it.
std::string text_of(const AttestationReport &report);
/// Ends the test with the report unless the bundle is refused with this among the reasons.
void refuses(const AttestationReport &report, const std::string &reason);

} // namespace warrant::test
