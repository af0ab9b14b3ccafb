// SPDX-License-Identifier: Apache-2.0
// The daemon's side of leases, beside a TPM of its own.
#include <nlohmann/json.hpp>

#include "tests/unit/environment_host.h"

using namespace warrant;
using namespace warrant::test;

TEST_CASE("a lease opens by proof, is renewed, and ends when the state is another") {
  const Swtpm tpm;
  Host host(tpm);
  CHECK_FALSE(host.is_open());
  REQUIRE(host.opens());
  REQUIRE(host.changes.size() == 1);
  CHECK(host.changes[0].is_open);
  CHECK(host.changes[0].name == "calm");
  const uint64_t first = host.table[host.slot].valid_until;
  CHECK(first <= static_cast<uint64_t>(boot_now() + 2 * kSecond));
  REQUIRE(host.comes([&] { return host.table[host.slot].valid_until > first; }));
  CHECK(host.changes.size() == 1); // a renewal is no news

  host.extend_pcr(kPcr);
  REQUIRE(host.says("PCR 14 is"));
  CHECK_FALSE(host.is_open());
  CHECK(host.why().starts_with("environment failure: calm.pcrs"));
}

TEST_CASE("no lease goes beyond what the trust documents allow") {
  const Swtpm tpm;
  Host host(tpm);
  REQUIRE(host.opens());
  const auto limit = static_cast<uint64_t>(boot_now() + kSecond / 2);
  host.follow(limit);
  CHECK(host.table[host.slot].valid_until == limit);
  REQUIRE(host.comes([&] { return !host.is_open(); }, 3));
}

TEST_CASE("a policy with shorter leases denies nothing before the TPM could be asked again") {
  Swtpm tpm;
  Host host(tpm);
  host.trust.policy.attestation->lease = 100;
  host.trust.policy.attestation->renewal = 50;
  host.follow();
  REQUIRE(host.opens());
  host.comes([] { return false; }, 3);
  tpm.stop();
  host.trust.policy.attestation->lease = 2;
  host.trust.policy.attestation->renewal = 1;
  host.follow();
  CHECK(host.is_open());
  CHECK(host.table[host.slot].valid_until <= static_cast<uint64_t>(boot_now() + 2 * kSecond));
  REQUIRE(host.comes([&] { return !host.is_open(); }, 4));
}

TEST_CASE("settling waits for what is asked then, not for what was asked long before") {
  const Swtpm tpm;
  Host host(tpm);
  REQUIRE(host.environment->tick(host.keeper).ok()); // asks
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  CHECK_FALSE(host.is_open());
  host.environment->settle(host.keeper, 10 * kSecond);
  CHECK(host.is_open());
}

TEST_CASE("a TPM that is gone: the lease runs out, and says so") {
  Swtpm tpm;
  Host host(tpm);
  REQUIRE(host.opens());
  const uint64_t until = host.table[host.slot].valid_until;
  tpm.stop();
  REQUIRE(host.comes([&] { return !host.changes.back().is_open; }));
  CHECK_FALSE(host.is_open());
  CHECK(host.table[host.slot].valid_until <= until + 2 * kSecond);
  CHECK(host.why().find("TPM") != std::string::npos);
  CHECK_FALSE(host.is_other);
}

TEST_CASE("a daemon that did not run past the lease says so, and opens again") {
  const Swtpm tpm;
  Host host(tpm);
  REQUIRE(host.opens());
  std::this_thread::sleep_for(std::chrono::seconds(3));
  CHECK_FALSE(host.is_open());
  REQUIRE(host.comes([&] { return host.changes.size() >= 2; }));
  CHECK_FALSE(host.changes[1].is_open);
  CHECK(host.changes[1].rejection.text().find("no proof came before the lease ended: ") !=
        std::string::npos);
  REQUIRE(host.opens());
}

TEST_CASE("a TPM that was reset while the machine ran is not believed again") {
  Swtpm tpm;
  Host host(tpm);
  REQUIRE(host.opens());
  tpm.stop();
  tpm.start();
  REQUIRE(host.says("the TPM was reset while the machine ran"));
  CHECK_FALSE(host.is_open());
  // Nor by the next daemon of this boot.
  host.start();
  REQUIRE(host.says("the TPM was reset while the machine ran"));
  CHECK_FALSE(host.is_open());
}

TEST_CASE("another TPM is another machine") {
  const Swtpm tpm;
  const Swtpm other;
  Host host(tpm);
  REQUIRE(host.opens());
  host.start_with(other.tcti());
  REQUIRE(host.comes([&] { return host.is_other; }));
  CHECK_FALSE(host.is_open());
  CHECK(host.changes.back().rejection.reason == W_REASON_IDENTITY_MISMATCH);
  CHECK(host.why().find("does not hold the enrolled key") != std::string::npos);
  host.environment->introduce(host.trust);
  CHECK_FALSE(host.trust.enrolled->mismatch.empty());

  // With a key of its own it still is not the one that was enrolled.
  REQUIRE(Tpm::open(other.tcti()).value().make_attestation_key(kAttestationKeyHandle).ok());
  REQUIRE(host.says("the TPM at hand holds the key"));
}

TEST_CASE("an enrollment of another machine opens nothing, whatever the TPM says") {
  const Swtpm tpm;
  Host host(tpm);
  REQUIRE(host.opens());
  host.trust.policy.attestation->profile = "calm";
  host.trust.enrolled->enrollment.machine_id = "ffffffffffffffffffffffffffffffff";
  host.follow();
  CHECK(host.environment->base_until(host.trust) == 0);
  REQUIRE(host.says("the enrollment is of machine ffff"));
  CHECK_FALSE(host.is_open());
  CHECK(host.changes.back().rejection.reason == W_REASON_IDENTITY_MISMATCH);
  CHECK(host.table[W_ENVIRONMENT_OPEN].valid_until <= static_cast<uint64_t>(boot_now()));
}

TEST_CASE("the counter steps once a start, and an older state is refused") {
  const Swtpm tpm;
  Host host(tpm);
  REQUIRE(host.comes([&] { return host.counter() == host.counter_ + 1; }));
  CHECK(host.keeper.epoch_ == host.counter_ + 1);
  REQUIRE(host.opens());
  const uint64_t yesterday = host.keeper.epoch_;
  host.start();
  REQUIRE(host.comes([&] { return host.counter() == yesterday + 1; }));

  host.keeper.epoch_ = yesterday; // the disk is restored
  host.start();
  REQUIRE(
      host.says("the state was rolled back: the state is of epoch " + std::to_string(yesterday)));
  CHECK_FALSE(host.is_open());
  CHECK(host.counter() == yesterday + 1); // nothing steps on

  // The authority has looked at it.
  host.trust.enrolled->enrollment.resolves = yesterday + 1;
  host.start();
  REQUIRE(host.opens());
  REQUIRE(host.comes([&] { return host.counter() == yesterday + 2; }));
  // Once.
  host.keeper.epoch_ = yesterday;
  host.start();
  REQUIRE(host.says("the state was rolled back"));
}

TEST_CASE("a machine without a counter is not the one that was enrolled") {
  Swtpm tpm;
  Host host(tpm);
  REQUIRE(host.opens());
  tpm.clear();
  REQUIRE(host.comes([&] { return !host.changes.back().is_open; }));
  CHECK_FALSE(host.is_open());
}

TEST_CASE("what is enforced is measured, once a boot and anew with each policy") {
  const Swtpm tpm;
  Host host(tpm);
  host.trust.policy.attestation->measure = kMeasured;
  host.trust.policy_sha256 = test::digest(1);
  host.follow();
  const Digest once =
      extend(Digest{}, measurement_digest({kMeasured, host.trust.root_sha256, test::digest(1)}));
  REQUIRE(host.comes([&] { return host.pcr(kMeasured) == once; }));
  REQUIRE(host.opens());
  host.start(); // the same boot
  host.comes([] { return false; }, 3);
  CHECK(host.pcr(kMeasured) == once);

  host.trust.policy_sha256 = test::digest(2);
  host.follow();
  const Digest twice =
      extend(once, measurement_digest({kMeasured, host.trust.root_sha256, test::digest(2)}));
  REQUIRE(host.comes([&] { return host.pcr(kMeasured) == twice; }));
  host.comes([] { return false; }, 2);
  CHECK(host.pcr(kMeasured) == twice);
}

TEST_CASE("a policy may ask something of everything") {
  const Swtpm tpm;
  Host host(tpm);
  CHECK(host.environment->base_until(host.trust) == W_FOREVER);
  host.trust.policy.attestation->profile = "calm";
  CHECK(host.environment->base_until(host.trust) == 0);
  host.follow();
  REQUIRE(host.comes([&] {
    return host.table[W_ENVIRONMENT_OPEN].valid_until > static_cast<uint64_t>(boot_now());
  }));
  CHECK(host.environment->base_until(host.trust) > static_cast<uint64_t>(boot_now()));

  // The next daemon keeps it open until it has a proof of its own, but only for what was proven.
  const uint64_t until = host.table[W_ENVIRONMENT_OPEN].valid_until;
  host.start();
  CHECK(host.environment->base_until(host.trust) == until);
  CHECK(host.table[W_ENVIRONMENT_OPEN].valid_until == until);
  TrustState another = host.trust;
  another.policy.environments["calm"].pcrs[kPcr] = {test::digest(1)};
  CHECK(host.environment->base_until(another) == 0);
  another = host.trust;
  another.enrolled->enrollment.ak_name[2] ^= 1;
  CHECK(host.environment->base_until(another) == 0);
  REQUIRE(host.comes([&] { return host.table[W_ENVIRONMENT_OPEN].valid_until > until; }));

  // Nor where nobody says what it stands for: as another build's daemon, or the publisher, left it.
  const Leases::Table before = host.table;
  std::fill(std::begin(host.table[W_ENVIRONMENT_OPEN].requirement),
            std::end(host.table[W_ENVIRONMENT_OPEN].requirement), 0);
  host.start();
  CHECK(host.environment->base_until(host.trust) == 0);
  host.table = before;
  host.start();
  REQUIRE(host.comes([&] {
    return host.table[W_ENVIRONMENT_OPEN].valid_until > before[W_ENVIRONMENT_OPEN].valid_until;
  }));
  host.extend_pcr(kPcr);
  REQUIRE(host.says("PCR 14 is"));
  CHECK(host.table[W_ENVIRONMENT_OPEN].valid_until <= static_cast<uint64_t>(boot_now()));
  CHECK(host.environment->base_until(host.trust) == 0);
}

TEST_CASE("without attestation nobody is asked; without enrollment nothing opens") {
  const Swtpm tpm;
  Host host(tpm);
  REQUIRE(host.opens());
  TrustState asked = host.trust;
  host.trust.policy.attestation.reset();
  host.trust.policy.environments.clear();
  host.follow();
  CHECK(host.slot == 0);
  CHECK(host.environment->poll_fd() == -1);

  host.trust = asked;
  host.trust.enrolled.reset();
  host.follow();
  CHECK(host.slot == 0); // never open
  REQUIRE(host.comes([&] {
    return host.environment->to_json()["failure"] ==
           "environment failure: the machine is not enrolled (fix: enroll it: warrant host enroll)";
  }));
  host.start_with("device:/dev/nothing");
  REQUIRE(host.comes([&] {
    return host.environment->to_json()["failure"].get<std::string>().find(
               "(fix: switch the TPM on in the firmware's settings") != std::string::npos;
  }));
}
