// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/attestation_host.h"

#include <filesystem>

#include "daemon/boot_notes.h"
#include "tests/catch.h"

namespace warrant::test {
namespace {

constexpr const char *kBoot = "3f2a9c1d-0000-4000-8000-000000000001";
// Of tests/unit/data/boot_log/README.md; UEFI's loader adds the last word.
constexpr const char *kCommandLine =
    "console=ttyS0 quiet loglevel=4 panic=-1 proc_mem.force_override=always initrd=initrd\n";

Tpm open(const Swtpm &swtpm) {
  silence_tss();
  Result<Tpm> tpm = Tpm::open(swtpm.tcti());
  REQUIRE(tpm.ok());
  return std::move(tpm).value();
}

} // namespace

Bytes boot_data(const std::string &name) {
  Result<Bytes> bytes = read_file(std::string(WARRANT_BOOT_LOGS) + "/" + name, kMaxBootLog);
  REQUIRE(bytes.ok());
  return std::move(bytes).value();
}

Bytes challenge(uint8_t fill) {
  return Bytes(32, fill);
}

SignedTrustRoot signed_root(const TrustRoot &root) {
  return load_trust_root(view(trust_root_envelope(root))).value();
}

AttestingHost::AttestingHost(const std::string &boot, const std::string &name)
    : tpm_(open(swtpm_)) {
  const Result<Bytes> key = tpm_.make_attestation_key(kAttestationKeyHandle);
  REQUIRE(key.ok());
  enrollment.host = name;
  enrollment.machine_id = "0123456789abcdef0123456789abcdef";
  enrollment.ak_public = key.value();
  enrollment.ak_name = parse_attestation_key(key.value()).value().name;
  enrollment.ek_sha256 = digest(8);
  enrollment.issued_at = kNow;
  enrollment.expires = kNow + 86400;
  envelope = test::envelope(serialize_enrollment(enrollment).value(), kEnrollmentKey);

  write("boot.log", boot_data(boot + ".log"));
  write("ima.log", boot_data(boot + ".ima"));
  write("proc/cmdline", view(kCommandLine));
  write("proc/sys/kernel/osrelease", view("6.12.3-amd64\n"));
  write("sys/kernel/security/lockdown", view("none [integrity] confidentiality\n"));
  const BootLog log = parse_boot_log(boot_data(boot + ".log")).value();
  REQUIRE(log.locality == 0); // as swtpm starts
  for (const BootEvent &event : log.events)
    if (event.type != kEvNoAction)
      REQUIRE(tpm_.extend(event.pcr, event.sha256).ok());
  const std::vector<ImaEntry> ima = parse_ima_log(boot_data(boot + ".ima")).value();
  for (const ImaEntry &entry : ima)
    REQUIRE(tpm_.extend(entry.pcr, entry.sha256).ok());
}

void AttestingHost::write(const std::string &path, ByteView content) const {
  const std::filesystem::path file = folder_.file(path);
  std::filesystem::create_directories(file.parent_path());
  REQUIRE(write_file_atomic(file.string(), content, 0600).ok());
}

void AttestingHost::measure(uint8_t policy) {
  measure(digest(policy));
}

void AttestingHost::measure(const Digest &policy) {
  measurements_.push_back({kMeasuredPcr, signed_root().sha256, policy});
  REQUIRE(save_notes(folder_.file("boot.json"), {kBoot, 0, measurements_}).ok());
  REQUIRE(tpm_.extend(kMeasuredPcr, measurement_digest(measurements_.back())).ok());
}

void AttestingHost::extend(uint32_t pcr, uint8_t fill) {
  REQUIRE(tpm_.extend(pcr, digest(fill)).ok());
}

AttestationRequest AttestingHost::request(const Bytes &challenge) const {
  AttestationRequest request;
  request.challenge = challenge;
  request.enrollment = Bytes(envelope.begin(), envelope.end());
  request.boot_log = folder_.file("boot.log");
  request.ima_log = folder_.file("ima.log");
  request.notes = folder_.file("boot.json");
  request.boot = kBoot;
  request.root = folder_.file("");
  request.time = kNow + 60;
  return request;
}

AttestationBundle AttestingHost::bundle(const Bytes &challenge) {
  Result<AttestationBundle> bundle = attest(tpm_, request(challenge));
  if (!bundle.ok())
    FAIL(bundle.error().message);
  return std::move(bundle).value();
}

AttestationBundle AttestingHost::claiming(AttestationClaims claims) {
  AttestationBundle bundle;
  bundle.claims = std::move(claims);
  bundle.quote =
      tpm_.quote(kAttestationKeyHandle, 0xffff, attestation_nonce(bundle.claims)).value();
  bundle.pcrs = tpm_.read_pcrs(0xffff).value();
  return bundle;
}

AttestationReport verify(const AttestationBundle &bundle, const Bytes &challenge) {
  static const SignedTrustRoot root = signed_root(); // asked for thousands of times
  return verify_bundle(bundle, {root, challenge, kNow + 3600, nullptr, std::nullopt});
}

std::string text_of(const AttestationReport &report) {
  std::string text;
  for (const Finding &finding : report.findings)
    text += std::string(proof_name(finding.proof)) + ": " + finding.text + "\n";
  return text;
}

void refuses(const AttestationReport &report, const std::string &reason) {
  const std::string text = text_of(report);
  INFO("expected: " << reason);
  INFO(text);
  CHECK_FALSE(report.is_proven());
  CHECK(text.find("refused: " + reason) != std::string::npos);
}

} // namespace warrant::test
