// SPDX-License-Identifier: Apache-2.0
// Real boots: what their logs tell, and how judgements on them come out.
#include "artifacts/boot_facts.h"

#include <fstream>
#include <sstream>

#include "artifacts/ima_log.h"
#include "artifacts/judgement.h"
#include "tests/catch.h"

using namespace warrant;

namespace {

// Of tests/unit/data/boot_log/README.md; UEFI's loader adds the last word.
constexpr const char *kCommandLine =
    "console=ttyS0 quiet loglevel=4 panic=-1 proc_mem.force_override=always initrd=initrd";

std::string path_of(const std::string &name) {
  return std::string(WARRANT_BOOT_LOGS) + "/" + name;
}

Bytes content(const std::string &name) {
  Result<Bytes> bytes = read_file(path_of(name), kMaxBootLog);
  REQUIRE(bytes.ok());
  return std::move(bytes).value();
}

PcrValues pcrs_of_boot(const std::string &name) {
  PcrValues values;
  std::ifstream lines(path_of(name));
  std::string bank;
  uint32_t pcr = 0;
  std::string hex;
  while (lines >> bank >> pcr >> hex)
    if (bank == "sha256")
      REQUIRE(from_hex(hex, values[pcr]));
  REQUIRE(values.size() == kPcrCount);
  return values;
}

Evidence evidence_of(const std::string &boot) {
  Evidence evidence;
  evidence.boot_log = parse_boot_log(content(boot + ".log"));
  evidence.ima_log = parse_ima_log(content(boot + ".ima"));
  evidence.pcrs = pcrs_of_boot(boot + ".pcrs");
  evidence.command_line = kCommandLine;
  evidence.release = "6.12.3-amd64";
  evidence.lockdown = Lockdown::kIntegrity;
  REQUIRE(evidence.boot_log.ok());
  REQUIRE(evidence.ima_log.ok());
  return evidence;
}

Requirement asks(const EnvironmentProfile &profile) {
  return {{"good"}, {profile}, {}};
}

std::string problem(const EnvironmentProfile &profile, const Evidence &evidence) {
  const Checked<void> judged = judge_environment(asks(profile), evidence);
  if (judged.ok())
    return "";
  CHECK(judged.error().reason == W_REASON_ENVIRONMENT_FAILURE);
  return judged.error().text();
}

bool has(const std::string &text, const std::string &part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

EnvironmentProfile with(const std::function<void(EnvironmentProfile &)> &change) {
  EnvironmentProfile profile;
  change(profile);
  return profile;
}

} // namespace

TEST_CASE("the logs of real boots replay to what their TPMs had") {
  for (const std::string boot : {"bios-6.1", "bios-6.12", "uefi-6.1", "uefi-6.12", "uefi-7.2",
                                 "uefi-secure-6.1", "uefi-secure-6.12", "uefi-secure-7.2"}) {
    INFO(boot);
    const Evidence evidence = evidence_of(boot);
    for (const auto &[pcr, value] : replay(evidence.boot_log.value()))
      CHECK(evidence.pcrs.at(pcr) == value);
    CHECK(match_ima_log(evidence.ima_log.value(), kPcrIma, evidence.pcrs.at(kPcrIma)).ok());
  }
}

TEST_CASE("secure boot") {
  const EnvironmentProfile profile = with([](auto &p) { p.secure_boot = true; });
  CHECK(problem(profile, evidence_of("uefi-secure-6.12")).empty());
  CHECK(has(problem(profile, evidence_of("uefi-6.12")), "good.secureBoot: secure boot is off"));
  CHECK(has(problem(profile, evidence_of("bios-6.12")), "no event tells of SecureBoot"));

  Evidence forged = evidence_of("uefi-6.12");
  for (BootEvent &event : forged.boot_log.value().events)
    if (event.pcr == kPcrSecureBoot && secure_boot(forged.boot_log.value()).ok() &&
        event.data.size() == 53)
      event.data.back() = 1; // SecureBoot, whose value is the last of 53 bytes
  CHECK(has(problem(profile, forged), "says something else than was measured"));

  Evidence extended = evidence_of("uefi-secure-6.12");
  extended.pcrs[kPcrSecureBoot] = extend(extended.pcrs[kPcrSecureBoot], Digest{});
  CHECK(has(problem(profile, extended), "and the boot log replays to"));
}

TEST_CASE("boot loaders are all EFI applications") {
  const Evidence evidence = evidence_of("uefi-6.12");
  const BootLog &log = evidence.boot_log.value();
  const std::vector<size_t> loaded = loaded_applications(log);
  REQUIRE(loaded.size() == 1);
  const Digest loader = log.events[loaded[0]].sha256;
  CHECK(problem(with([&](auto &p) { p.boot_loaders = {loader}; }), evidence).empty());
  const std::string refused = problem(with([](auto &p) { p.boot_loaders = {Digest{}}; }), evidence);
  CHECK(has(refused, "(EV_EFI_BOOT_SERVICES_APPLICATION of PCR 4) is " + to_hex(loader)));
}

TEST_CASE("a command line that was measured") {
  for (const std::string boot : {"uefi-6.1", "uefi-6.12", "uefi-7.2"}) {
    INFO(boot);
    Evidence evidence = evidence_of(boot);
    const auto refuse = [](const char *pattern) {
      return with([&](auto &p) { p.command_line.refuse = {pattern}; });
    };
    CHECK(problem(refuse("lsm=**"), evidence).empty());
    CHECK(has(problem(refuse("panic=*"), evidence), "panic=-1, by event"));
    // As the kernel takes them, `-` and `_` are the same.
    CHECK(has(problem(refuse("proc-mem.force-override=*"), evidence), "proc_mem.force_override"));
    EnvironmentProfile excepted = refuse("panic=*");
    excepted.command_line.except = {"panic=-1"};
    CHECK(problem(excepted, evidence).empty());
    const auto require = [](const char *pattern) {
      return with([&](auto &p) { p.command_line.require = {pattern}; });
    };
    CHECK(problem(require("quiet"), evidence).empty());
    CHECK(has(problem(require("lockdown=*"), evidence), "no word is like lockdown=*"));
    evidence.command_line = std::string(kCommandLine) + " lsm=landlock";
    CHECK(has(problem(require("quiet"), evidence), "no event of the boot log is that of this"));
  }
  // Nobody measured it.
  CHECK(has(
      problem(with([](auto &p) { p.command_line.require = {"quiet"}; }), evidence_of("bios-6.12")),
      "no event of the boot log is that of this"));
}

TEST_CASE("words of a command line") {
  const std::vector<std::string> words =
      command_line_words("a-b=c-d  \"x y\"  init=\"/bin/a b\"\tq\"u\"o");
  CHECK(words == std::vector<std::string>{"a_b=c-d", "x y", "init=/bin/a b", "quo"});
  CHECK(command_line_words("   ").empty());
}

TEST_CASE("values of PCRs, and what changed them") {
  Evidence evidence = evidence_of("uefi-6.12");
  const BootLog &log = evidence.boot_log.value();
  const auto expects = [](uint32_t pcr, const Digest &value) {
    return with([&](auto &p) { p.pcrs[pcr] = {value}; });
  };
  CHECK(problem(expects(4, evidence.pcrs[4]), evidence).empty());
  // As it was before the last event of the PCR.
  size_t last = 0;
  for (size_t i = 0; i < log.events.size(); i++)
    if (log.events[i].pcr == 4)
      last = i;
  const Digest before = replay(log, last).at(4);
  CHECK(has(problem(expects(4, before), evidence),
            "it was as expected until event " + std::to_string(last)));
  // Extended after the boot.
  const Digest booted = evidence.pcrs[4];
  evidence.pcrs[4] = extend(booted, Digest{});
  CHECK(has(problem(expects(4, booted), evidence), "something extended it afterwards"));
  evidence.pcrs.erase(4);
  CHECK(has(problem(expects(4, booted), evidence), "PCR 4 was not quoted"));
}

TEST_CASE("the kernel's words") {
  Evidence evidence = evidence_of("uefi-6.12");
  const auto release = [](const char *pattern) {
    return with([&](auto &p) { p.releases = {pattern}; });
  };
  CHECK(problem(release("6.12.*"), evidence).empty());
  CHECK(has(problem(release("6.1.*"), evidence), "good.kernel.releases: the kernel is 6.12.3"));
  const auto lockdown = [](Lockdown least) { return with([&](auto &p) { p.lockdown = least; }); };
  CHECK(problem(lockdown(Lockdown::kIntegrity), evidence).empty());
  CHECK(has(problem(lockdown(Lockdown::kConfidentiality), evidence), "is integrity"));
  evidence.lockdown.reset();
  CHECK(has(problem(lockdown(Lockdown::kIntegrity), evidence), "cannot be told"));
}

TEST_CASE("IMA's log may go on after the quote, but must reach it") {
  const EnvironmentProfile profile = with([](auto &p) { p.ima_log = true; });
  Evidence evidence = evidence_of("uefi-6.12");
  CHECK(problem(profile, evidence).empty());
  evidence.ima_log.value().push_back({kPcrIma, Digest{}});
  CHECK(problem(profile, evidence).empty());
  evidence.ima_log.value().erase(evidence.ima_log.value().begin());
  CHECK(has(problem(profile, evidence), "replay PCR 10 to"));
}

TEST_CASE("a broken IMA log is refused where it breaks") {
  const Bytes log = content("uefi-secure-6.1.ima");
  for (size_t size = 1; size < log.size(); size++) {
    const Result<std::vector<ImaEntry>> cut = parse_ima_log(ByteView(log).first(size));
    if (!cut.ok())
      CHECK(cut.error().message.starts_with("IMA log: "));
    else
      CHECK_FALSE(
          match_ima_log(cut.value(), kPcrIma, pcrs_of_boot("uefi-secure-6.1.pcrs").at(kPcrIma))
              .ok());
  }
  Bytes old(4, 0);
  old[0] = 10;
  old.insert(old.end(), 20, 1);
  old.insert(old.end(), {3, 0, 0, 0, 'i', 'm', 'a'});
  const Result<std::vector<ImaEntry>> refused = parse_ima_log(old);
  REQUIRE_FALSE(refused.ok());
  CHECK(has(refused.error().message, "the template \"ima\" has no SHA-256"));
}
