// SPDX-License-Identifier: Apache-2.0
// What bundles of a real TPM prove: honest ones, those that are put together of others, and those
// of hosts that lie.
#include "artifacts/attestation_report.h"

#include <algorithm>
#include <functional>

#include "tests/catch.h"
#include "tests/unit/attestation_host.h"

using namespace warrant;
using test::AttestingHost;
using test::refuses;

namespace {

/// A line begins like this: "proven" must not be found in "not proven".
void says(const AttestationReport &report, const std::string &line) {
  const std::string text = "\n" + test::text_of(report);
  INFO("expected: " << line);
  INFO(text);
  CHECK(text.find("\n" + line) != std::string::npos);
}

/// The same claims, one of them changed, signed anew by the host's TPM: root on it can do that.
AttestationReport lie(AttestingHost &host, const std::function<void(AttestationClaims &)> &change) {
  AttestationClaims claims = host.bundle().claims;
  change(claims);
  return test::verify(host.claiming(std::move(claims)));
}

SignedPolicy signed_policy(const Policy &policy) {
  return {policy, sha256(view(serialize_policy(policy).value()))};
}

Policy asking_policy() {
  Policy policy = test::policy();
  policy.attestation.emplace();
  policy.attestation->measure = test::kMeasuredPcr;
  EnvironmentProfile &booted = policy.environments["booted"];
  booted.secure_boot = true;
  booted.ima_log = true;
  booted.releases = {"6.12.*"};
  policy.environments["sealed"].lockdown = Lockdown::kConfidentiality;
  return policy;
}

AttestationReport judge(const AttestationBundle &bundle, const SignedPolicy &policy,
                        const std::optional<std::string> &profile) {
  const SignedTrustRoot root = test::signed_root();
  return verify_bundle(bundle, {root, test::challenge(), test::kNow, &policy, profile});
}

} // namespace

TEST_CASE("a bundle proves what was booted and measured, and says what it does not prove") {
  AttestingHost host("uefi-secure-6.12");
  host.measure(1);
  host.measure(2);
  const AttestationReport report = test::verify(host.bundle());
  INFO(test::text_of(report));
  CHECK(report.is_proven());
  CHECK(report.enrollment == host.enrollment);
  says(report, "proven: the enrollment authority enrolled host-a, machine 0123456789abcdef");
  says(report, "proven: that TPM signed the PCRs");
  says(report, "proven: the boot log tells all that was measured into PCRs 0, 1, 2, 3, 4, 5, 6, 7");
  says(report, "proven: secure boot was on");
  says(report, "not proven: the command line \"console=ttyS0 "); // this boot measured none
  says(report, "proven: the IMA log tells all that was measured into PCR 10 (entries: 5)");
  says(report, "proven: PCR 13 was extended by the policies");
  says(report, "proven: measured last: policy " + to_hex(test::digest(2)));
  says(report, "not proven: that the daemon measured it");
  says(report,
       "not proven: by the host's own word: the kernel is 6.12.3-amd64, its lockdown "
       "integrity, the time 2026-11-21T10:01:00Z");
  says(report, "not proven: what no PCR holds");
}

TEST_CASE("a command line that was measured is proven, and only that one") {
  AttestingHost host("uefi-6.12");
  says(test::verify(host.bundle()),
       "proven: the command line \"console=ttyS0 quiet loglevel=4 "
       "panic=-1 proc_mem.force_override=always initrd=initrd\", by "
       "event ");
  says(lie(host, [](AttestationClaims &c) { c.command_line += " lsm=landlock"; }),
       "not proven: the command line \"console=ttyS0 quiet");
  host.extend(9, 1);
  const AttestationReport report = test::verify(host.bundle());
  says(report, "not proven: the command line \"console=ttyS0 quiet");
  says(report, "not proven: the boot log of PCR 9: it replays to ");
  CHECK(report.is_proven());
}

TEST_CASE(
    "what happened after the logs ended is said, and refused where only firmware may extend") {
  AttestingHost host;
  CHECK(test::verify(host.bundle()).is_proven());
  host.extend(11, 1);
  AttestationReport report = test::verify(host.bundle());
  CHECK(report.is_proven());
  says(report, "not proven: what was measured into PCR 11: no log tells it");
  host.extend(8, 1);
  host.extend(9, 1);
  report = test::verify(host.bundle());
  says(report, "not proven: what was measured into PCRs 8, 9, 11: no log tells it");
  host.extend(7, 1);
  refuses(test::verify(host.bundle()), "the boot log of PCR 7: it replays to ");
}

TEST_CASE("something measured between or after the policies is refused") {
  AttestingHost host;
  host.measure(1);
  CHECK(test::verify(host.bundle()).is_proven());
  host.extend(test::kMeasuredPcr, 1);
  refuses(test::verify(host.bundle()), "the measured policies: with them PCR 13 would be ");
  host.measure(2);
  refuses(test::verify(host.bundle()), "the measured policies: with them PCR 13 would be ");
}

TEST_CASE("a host that lies is refused, or its word is not taken") {
  AttestingHost host("uefi-secure-6.12");
  for (uint8_t policy = 1; policy <= 3; policy++)
    host.measure(policy);
  REQUIRE(lie(host, [](AttestationClaims &) {}).is_proven());
  using Claims = AttestationClaims;

  refuses(lie(host, [](Claims &c) { std::swap(c.measurements[0], c.measurements[1]); }),
          "the measured policies");
  refuses(lie(host, [](Claims &c) { c.measurements.pop_back(); }), "the measured policies");
  refuses(lie(host, [](Claims &c) { c.measurements.erase(c.measurements.begin()); }),
          "the measured policies");
  refuses(lie(host, [](Claims &c) { c.measurements[2].policy = test::digest(9); }),
          "the measured policies");
  refuses(lie(host, [](Claims &c) { c.measurements[2].root = test::digest(9); }),
          "the measured policies");
  refuses(lie(host,
              [](Claims &c) {
                c.measurements.push_back({16, {}, {}});
              }),
          "the measured policies: PCR 16 can be reset");
  const AttestationReport silent = lie(host, [](Claims &c) { c.measurements.clear(); });
  says(silent, "not proven: what was measured into PCR 13: no log tells it");
  says(silent, "not proven: what was enforced: no policy was measured");

  // Cut where an event ends, so that it is a log.
  const Bytes shorter = test::boot_data("bios-6.12.log");
  refuses(lie(host, [&](Claims &c) { c.boot_log = shorter; }), "the boot log of PCR ");
  refuses(lie(host, [](Claims &c) { c.boot_log->resize(c.boot_log->size() - 1); }), "boot log: ");
  refuses(lie(host, [](Claims &c) { c.ima_log->clear(); }), "IMA log: its 0 entries replay");
  refuses(lie(host, [](Claims &c) { c.ima_log->resize(c.ima_log->size() - 1); }), "IMA log: ");
  refuses(lie(host, [](Claims &c) { c.ima_log->at(c.ima_log->size() - 1) ^= 1; }), "IMA log: ");
  refuses(lie(host,
              [](Claims &c) {
                const Bytes once = *c.ima_log;
                c.ima_log->insert(c.ima_log->end(), once.begin(), once.end());
              }),
          "IMA log: the last 5 of its entries were not measured into PCR 10");
  says(lie(host, [](Claims &c) { c.boot_log.reset(); }), "not proven: how the machine was booted");
  says(lie(host, [](Claims &c) { c.ima_log.reset(); }), "not proven: what programs ran");
  says(lie(host, [](Claims &c) { c.command_line = "quiet"; }),
       "not proven: the command line \"quiet\": the boot log has no event of it");
  says(lie(host, [](Claims &c) { c.release = "\x1b[2J"; }),
       "not proven: by the host's own word: the kernel is \\x1b[2J");
  refuses(lie(host, [](Claims &c) { c.challenge[0] ^= 1; }), "it answers another challenge");
}

TEST_CASE("parts of other bundles do not fit") {
  AttestingHost a;
  AttestingHost b("bios-6.12", "host-b");
  a.measure(1);
  const AttestationBundle older = a.bundle();
  a.measure(2);
  b.measure(1);
  b.measure(2);
  const AttestationBundle good = a.bundle();
  const AttestationBundle others = b.bundle();
  const AttestationBundle elsewhere = a.bundle(test::challenge(0x11));
  REQUIRE(test::verify(good).is_proven());
  REQUIRE(test::verify(others).is_proven());
  REQUIRE(test::verify(elsewhere, test::challenge(0x11)).is_proven());
  refuses(test::verify(elsewhere), "it answers another challenge");
  const std::string broken = "the enrolled TPM did not say this: ";

  for (const AttestationBundle *other : {&others, &elsewhere, &older}) {
    AttestationBundle mixed = good;
    mixed.quote = other->quote;
    refuses(test::verify(mixed), broken);
    mixed = good;
    mixed.quote.signature = other->quote.signature;
    refuses(test::verify(mixed), broken);
    mixed = good;
    mixed.quote.attest = other->quote.attest;
    refuses(test::verify(mixed), broken);
  }
  for (const AttestationBundle *other : {&others, &older}) {
    AttestationBundle mixed = good;
    mixed.claims = other->claims;
    refuses(test::verify(mixed), broken);
  }
  AttestationBundle mixed = good;
  mixed.pcrs = older.pcrs;
  refuses(test::verify(mixed), broken);
  mixed = good;
  mixed.pcrs.erase(15);
  refuses(test::verify(mixed), broken);
  mixed = good;
  mixed.pcrs[16] = {};
  refuses(test::verify(mixed), broken);
  mixed = good;
  mixed.claims.enrollment = others.claims.enrollment; // of another key
  refuses(test::verify(mixed), broken);
  mixed = good;
  mixed.claims.measurements = older.claims.measurements;
  refuses(test::verify(mixed), broken);
  mixed = good;
  mixed.claims.boot_log->resize(mixed.claims.boot_log->size() - 100);
  refuses(test::verify(mixed), broken);

  // An older quote, whole, for a verifier who gave that challenge twice: it proves that time's.
  says(test::verify(older), "proven: measured last: policy " + to_hex(test::digest(1)));
  // The host that signs for another one's enrollment.
  AttestationClaims claims = good.claims;
  claims.enrollment = others.claims.enrollment;
  refuses(test::verify(a.claiming(claims)), broken + "quote: the key did not sign it");
}

TEST_CASE("other authorities and what is over are not believed") {
  AttestingHost host;
  const AttestationBundle bundle = host.bundle();
  const auto verify_by = [&](const TrustRoot &trust, int64_t now) {
    const SignedTrustRoot root = test::signed_root(trust);
    return verify_bundle(bundle, {root, test::challenge(), now, nullptr, std::nullopt});
  };
  const TrustRoot root = test::trust_root();
  CHECK(verify_by(root, test::kNow + 86399).is_proven());
  refuses(verify_by(root, test::kNow + 86400),
          "the enrollment of host-a expired at 2026-11-22T10:00:00Z");
  refuses(verify_by(root, root.expires), "the trust root expired at ");

  TrustRoot other = root;
  other.role(RoleName::kEnrollment) = root.role(RoleName::kRevocation);
  refuses(verify_by(other, test::kNow), "the enrollment: invalid signature");
  other.role(RoleName::kEnrollment) = {};
  refuses(verify_by(other, test::kNow), "the enrollment: ");
  CHECK_FALSE(verify_by(other, test::kNow).enrollment.has_value());

  AttestationClaims claims = bundle.claims;
  const std::string by_stranger =
      test::envelope(serialize_enrollment(host.enrollment).value(), test::kStrangerKey);
  claims.enrollment = Bytes(by_stranger.begin(), by_stranger.end());
  refuses(test::verify(host.claiming(claims)), "the enrollment: invalid signature");
  CHECK_FALSE(AttestationReport{}.is_proven());
}

TEST_CASE("a policy that is given must be the one that was measured last") {
  AttestingHost host("uefi-secure-6.12");
  const SignedPolicy policy = signed_policy(asking_policy());
  refuses(judge(host.bundle(), policy, {}),
          "the policy given is not in force: it is measured into");
  host.measure(policy.sha256);
  const AttestationReport report = judge(host.bundle(), policy, {});
  CHECK(report.is_proven());
  says(report, "proven: the policy measured last is the one given");
  Policy other = asking_policy();
  other.version++;
  refuses(judge(host.bundle(), signed_policy(other), {}), "the policy given, ");
  host.measure(1);
  refuses(judge(host.bundle(), policy, {}), "the policy given, ");

  AttestingHost silent;
  says(judge(silent.bundle(), signed_policy(test::policy()), {}),
       "not proven: that the policy given is in force");
}

TEST_CASE("a profile is judged by what the quote proves") {
  AttestingHost host("uefi-secure-6.12");
  const SignedPolicy policy = signed_policy(asking_policy());
  host.measure(policy.sha256);
  const AttestationReport report = judge(host.bundle(), policy, "booted");
  INFO(test::text_of(report));
  CHECK(report.is_proven());
  says(report,
       "proven: the profile booted holds, as far as the kernel's release and lockdown are "
       "what it says");
  refuses(judge(host.bundle(), policy, "sealed"),
          "the profile sealed: environment failure: sealed.kernel.lockdown: is integrity");
  refuses(judge(host.bundle(), policy, "missing"), "the profile missing: the policy has none");
  AttestationClaims claims = host.bundle().claims;
  claims.boot_log.reset();
  refuses(judge(host.claiming(claims), policy, "booted"),
          "the profile booted: environment failure: booted.secureBoot: no boot log");

  AttestingHost insecure("uefi-6.12");
  insecure.measure(policy.sha256);
  refuses(judge(insecure.bundle(), policy, "booted"), "the profile booted: ");
}
