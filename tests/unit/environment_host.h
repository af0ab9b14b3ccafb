// SPDX-License-Identifier: Apache-2.0
// A machine for tests of leases: a TPM that was enrolled, a policy, the kernel's table.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/clock.h"
#include "daemon/environment.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"
#include "tests/unit/swtpm_fixture.h"

namespace warrant::test {

inline constexpr int64_t kSecond = 1'000'000'000;
inline constexpr uint32_t kPcr = 14;
inline constexpr uint32_t kMeasured = 13;
inline constexpr const char *kMachine = "0123456789abcdef0123456789abcdef";
inline constexpr const char *kBoot = "3f2a9c1d-0000-4000-8000-000000000001";

class Keeper final : public EpochKeeper {
 public:
  uint64_t epoch() const override { return epoch_; }
  uint64_t serial() const override { return 1; }
  Status save_epoch(uint64_t epoch) override {
    epoch_ = epoch;
    return {};
  }
  uint64_t epoch_ = 0;
};

class Host {
 public:
  explicit Host(const Swtpm &tpm) : tpm_(tpm) {
    silence_tss();
    Result<Tpm> opened = Tpm::open(tpm.tcti());
    REQUIRE(opened.ok());
    Result<Bytes> key = opened.value().make_attestation_key(kAttestationKeyHandle);
    REQUIRE(key.ok());
    REQUIRE(opened.value().make_counter(kCounterIndex).ok());
    counter_ = counter();
    trust.host = "host-a";
    trust.enrolled.emplace();
    trust.enrolled->enrollment.machine_id = kMachine;
    trust.enrolled->enrollment.ak_name = parse_attestation_key(key.value()).value().name;
    trust.enrolled->enrollment.resolves = counter_;
    trust.policy.attestation.emplace();
    trust.policy.attestation->lease = 2;
    trust.policy.attestation->renewal = 1;
    trust.policy.environments["calm"].pcrs[kPcr] = {Digest{}};
    start();
  }

  // A daemon starts on this machine, with what lies on its disk.
  void start() { start_with(tpm_.tcti()); }
  void start_with(const std::string &tcti) {
    EnvironmentOptions options;
    options.tcti = tcti;
    options.notes = folder_.file("boot.json");
    options.boot = kBoot;
    options.machine_id = kMachine;
    Result<std::unique_ptr<Environment>> opened = Environment::open(options);
    REQUIRE(opened.ok());
    environment = std::move(opened).value();
    environment->inherit(table);
    REQUIRE(environment
                ->connect([this](uint32_t at, const w_environment &entry) -> Status {
                  table.at(at) = entry;
                  return {};
                })
                .ok());
    follow();
  }

  void follow(uint64_t open_until = W_FOREVER) {
    environment->introduce(trust);
    EnvironmentDemand demand;
    demand.profile = "calm";
    slot = environment->slots(trust)(demand);
    Entries entries;
    entries.artifacts.resize(2);
    entries.artifacts[1].environment = slot;
    REQUIRE(environment->follow(trust, entries, open_until).ok());
  }

  bool is_open() const { return table.at(slot).valid_until > static_cast<uint64_t>(boot_now()); }

  // Whether it came to be within so many seconds.
  template <class Condition>
  bool comes(const Condition &condition, int seconds = 10) {
    for (const int64_t end = boot_now() + seconds * kSecond; boot_now() < end;) {
      const Result<bool> ticked = environment->tick(keeper);
      REQUIRE(ticked.ok());
      is_other = is_other || ticked.value();
      for (LeaseChange &change : environment->take_changes())
        changes.push_back(std::move(change));
      if (condition())
        return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  bool opens() {
    return comes([this] { return is_open(); });
  }
  // What the last change says.
  std::string why() const { return changes.empty() ? "" : changes.back().rejection.text(); }
  bool says(const std::string &text) {
    return comes([&] { return why().find(text) != std::string::npos; });
  }

  uint64_t counter() const {
    Result<Tpm> opened = Tpm::open(tpm_.tcti());
    REQUIRE(opened.ok());
    return opened.value().read_counter(kCounterIndex).value().value();
  }
  void extend_pcr(uint32_t pcr) const {
    Result<Tpm> opened = Tpm::open(tpm_.tcti());
    REQUIRE(opened.ok());
    REQUIRE(opened.value().extend(pcr, Digest{}).ok());
  }
  Digest pcr(uint32_t number) const {
    Result<Tpm> opened = Tpm::open(tpm_.tcti());
    REQUIRE(opened.ok());
    return opened.value().read_pcrs(PcrMask{1} << number).value().at(number);
  }

  TrustState trust;
  Keeper keeper;
  Leases::Table table{};
  uint32_t slot = 0;
  std::unique_ptr<Environment> environment;
  std::vector<LeaseChange> changes;
  bool is_other = false;
  uint64_t counter_ = 0;

 private:
  const Swtpm &tpm_;
  TemporaryDirectory folder_;
};

} // namespace warrant::test
