// SPDX-License-Identifier: Apache-2.0
#include "artifacts/judgement.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/boot_facts.h"
#include "artifacts/rules.h"

namespace warrant {
namespace {

constexpr PcrMask bit(uint32_t pcr) {
  return PcrMask{1} << pcr;
}

Rejection failure(std::string member, std::string detail, std::string fix = {}) {
  return {W_REASON_ENVIRONMENT_FAILURE, std::move(member), std::move(detail), std::move(fix)};
}

std::string pcr_text(uint32_t pcr) {
  return "PCR " + std::to_string(pcr);
}

/// Where a PCR left the values that are expected, told from the log.
std::string where_it_broke(const BootLog &log, uint32_t pcr, const std::vector<Digest> &expected) {
  const auto is_expected = [&](const Digest &value) {
    return std::find(expected.begin(), expected.end(), value) != expected.end();
  };
  constexpr size_t kNone = SIZE_MAX;
  size_t last_good = kNone;
  size_t breaker = kNone;
  Digest value{};
  if (pcr == 0)
    value.back() = log.locality;
  for (size_t i = 0; i < log.events.size(); i++) {
    if (log.events[i].pcr != pcr || log.events[i].type == kEvNoAction)
      continue;
    value = extend(value, log.events[i].sha256);
    if (is_expected(value)) {
      last_good = i;
      breaker = kNone;
    } else if (last_good != kNone && breaker == kNone) {
      breaker = i;
    }
  }
  if (breaker != kNone)
    return "; it was as expected until " + event_text(log, breaker);
  if (last_good != kNone)
    return "; it was as expected at the end of the boot log: something extended it afterwards";
  return {};
}

class Judge {
 public:
  explicit Judge(const Evidence &evidence) : evidence_(evidence) {}

  Checked<void> values(uint32_t pcr, const std::vector<Digest> &expected) const {
    const auto found = evidence_.pcrs.find(pcr);
    if (found == evidence_.pcrs.end())
      return failure("pcrs", pcr_text(pcr) + " was not quoted");
    if (std::find(expected.begin(), expected.end(), found->second) != expected.end())
      return {};
    std::string detail = pcr_text(pcr) + " is " + to_hex(found->second) + ", expected was ";
    detail += expected.size() == 1 ? to_hex(expected.front())
                                   : "one of " + std::to_string(expected.size()) + " other values";
    if (evidence_.boot_log.ok())
      detail += where_it_broke(evidence_.boot_log.value(), pcr, expected);
    return failure("pcrs", std::move(detail));
  }

  Checked<void> secure_boot_is_on() const {
    const BootLog *log = WARRANT_TRY(proven_log("secureBoot", kPcrSecureBoot));
    const Result<bool> is_on = secure_boot(*log);
    if (!is_on.ok())
      return failure("secureBoot", is_on.error().message);
    if (!is_on.value())
      return failure("secureBoot", "secure boot is off", "switch it on in the firmware's settings");
    return {};
  }

  Checked<void> loaders(const std::vector<Digest> &known) const {
    const BootLog *log = WARRANT_TRY(proven_log("bootLoaders", kPcrBootLoader));
    const std::vector<size_t> loaded = loaded_applications(*log);
    if (loaded.empty())
      return failure("bootLoaders", "the boot log tells of no EFI application");
    for (const size_t index : loaded)
      if (!std::binary_search(known.begin(), known.end(), log->events[index].sha256))
        return failure("bootLoaders", event_text(*log, index) + " is " +
                                          to_hex(log->events[index].sha256) +
                                          ", which the policy does not name");
    return {};
  }

  Checked<void> command_line(const CommandLineRule &rule) const {
    if (!evidence_.boot_log.ok())
      return failure("commandLine", evidence_.boot_log.error().message);
    const BootLog &log = evidence_.boot_log.value();
    const std::optional<size_t> proof = find_command_line(log, evidence_.command_line);
    if (!proof)
      return failure("commandLine",
                     "no event of the boot log is that of this command line: " +
                         printable(evidence_.command_line, 512),
                     "boot by what measures it: GRUB, systemd-stub or Linux's EFI stub");
    WARRANT_TRY(proven_log("commandLine", log.events[*proof].pcr));
    const std::vector<std::string> words = command_line_words(evidence_.command_line);
    const auto matches_any = [](const std::vector<std::string> &patterns, const std::string &word) {
      return std::any_of(patterns.begin(), patterns.end(), [&](const std::string &pattern) {
        return matches_pattern(normal_parameter(pattern), word);
      });
    };
    for (const std::string &word : words)
      if (matches_any(rule.refuse, word) && !matches_any(rule.except, word))
        return failure("commandLine.refuse", printable(word) + ", by " + event_text(log, *proof));
    for (const std::string &pattern : rule.require)
      if (std::none_of(words.begin(), words.end(), [&](const std::string &word) {
            return matches_pattern(normal_parameter(pattern), word);
          }))
        return failure("commandLine.require",
                       "no word is like " + printable(pattern) + ", by " + event_text(log, *proof));
    return {};
  }

  Checked<void> kernel(const EnvironmentProfile &profile) const {
    const std::vector<std::string> &releases = profile.releases;
    if (!releases.empty() &&
        std::none_of(releases.begin(), releases.end(), [&](const std::string &pattern) {
          return matches_pattern(pattern, evidence_.release);
        }))
      return failure("kernel.releases", "the kernel is " + printable(evidence_.release));
    if (!profile.lockdown)
      return {};
    if (!evidence_.lockdown)
      return failure("kernel.lockdown", "cannot be told",
                     "mount securityfs, with a kernel that has lockdown");
    if (*evidence_.lockdown < *profile.lockdown)
      return failure("kernel.lockdown", "is " + std::string(lockdown_name(*evidence_.lockdown)),
                     "boot with lockdown=" + std::string(lockdown_name(*profile.lockdown)));
    return {};
  }

  Checked<void> ima() const {
    const auto quoted = evidence_.pcrs.find(kPcrIma);
    if (quoted == evidence_.pcrs.end())
      return failure("imaLog", pcr_text(kPcrIma) + " was not quoted");
    if (!evidence_.ima_log.ok())
      return failure("imaLog", evidence_.ima_log.error().message);
    const Result<size_t> matched =
        match_ima_log(evidence_.ima_log.value(), kPcrIma, quoted->second);
    return matched.ok() ? Checked<void>() : failure("imaLog", matched.error().message);
  }

 private:
  /// The log, if what it tells of this PCR is what the TPM quotes.
  Checked<const BootLog *> proven_log(const std::string &member, uint32_t pcr) const {
    if (!evidence_.boot_log.ok())
      return failure(member, evidence_.boot_log.error().message);
    const BootLog &log = evidence_.boot_log.value();
    const auto quoted = evidence_.pcrs.find(pcr);
    if (quoted == evidence_.pcrs.end())
      return failure(member, pcr_text(pcr) + " was not quoted");
    const PcrValues replayed = replay(log);
    const auto own = replayed.find(pcr);
    const Digest value = own == replayed.end() ? Digest{} : own->second;
    if (value == quoted->second)
      return &log;
    return failure(member, pcr_text(pcr) + " is " + to_hex(quoted->second) +
                               ", and the boot log replays to " + to_hex(value) +
                               where_it_broke(log, pcr, {quoted->second}));
  }

  const Evidence &evidence_;
};

Checked<void> judge_profile(const EnvironmentProfile &profile, const Judge &judge) {
  for (const auto &[pcr, expected] : profile.pcrs)
    WARRANT_TRY(judge.values(pcr, expected));
  if (profile.secure_boot)
    WARRANT_TRY(judge.secure_boot_is_on());
  if (!profile.boot_loaders.empty())
    WARRANT_TRY(judge.loaders(profile.boot_loaders));
  if (!profile.command_line.is_empty())
    WARRANT_TRY(judge.command_line(profile.command_line));
  WARRANT_TRY(judge.kernel(profile));
  return profile.ima_log ? judge.ima() : Checked<void>();
}

} // namespace

Requirement requirement_of(const EnvironmentDemand &demand, const Policy &policy) {
  Requirement requirement;
  requirement.pcrs = demand.pcrs;
  std::vector<std::string> names;
  if (policy.attestation && policy.attestation->profile)
    names.push_back(*policy.attestation->profile);
  if (demand.profile && (names.empty() || names.front() != *demand.profile))
    names.push_back(*demand.profile);
  std::sort(names.begin(), names.end());
  for (const std::string &name : names) {
    const auto found = policy.environments.find(name);
    if (found == policy.environments.end())
      continue;
    requirement.names.push_back(name);
    requirement.profiles.push_back(found->second);
  }
  return requirement;
}

std::string name_of(const Requirement &requirement) {
  std::string name;
  for (const std::string &profile : requirement.names)
    name += (name.empty() ? "" : "+") + profile;
  if (!requirement.pcrs.empty())
    name += name.empty() ? "pcrs" : "+pcrs";
  return name.empty() ? "enrolled" : name;
}

Digest requirement_id(const Requirement &requirement, const TpmName &key) {
  Json json = {{"key", to_hex(key)}, {"profiles", Json::array()}, {"pcrs", Json::object()}};
  for (const EnvironmentProfile &profile : requirement.profiles)
    json["profiles"].push_back(profile_json(profile));
  for (const auto &[pcr, value] : requirement.pcrs)
    json["pcrs"][std::to_string(pcr)] = to_hex(value);
  return sha256(view(json.dump()));
}

PcrMask pcrs_of(const Requirement &requirement) {
  PcrMask mask = 0;
  for (const auto &[pcr, value] : requirement.pcrs)
    mask |= bit(pcr);
  for (const EnvironmentProfile &profile : requirement.profiles) {
    for (const auto &[pcr, values] : profile.pcrs)
      mask |= bit(pcr);
    if (profile.secure_boot)
      mask |= bit(kPcrSecureBoot);
    if (!profile.boot_loaders.empty())
      mask |= bit(kPcrBootLoader);
    // Whatever measures it: GRUB, Linux's stub, systemd's.
    if (!profile.command_line.is_empty())
      mask |= bit(8) | bit(9) | bit(12);
    if (profile.ima_log)
      mask |= bit(kPcrIma);
  }
  return mask;
}

Result<Quote> check_quote(const SignedQuote &quote, const P256Point &key, ByteView nonce,
                          PcrMask pcrs, const PcrValues &values) {
  WARRANT_TRY(verify_quote_signature(quote.attest, quote.signature, key));
  Quote said = WARRANT_TRY(parse_quote(quote.attest));
  if (!std::equal(said.nonce.begin(), said.nonce.end(), nonce.begin(), nonce.end()))
    return Error{"the quote answers another question: its nonce is " + to_hex(said.nonce)};
  if ((said.pcrs & pcrs) != pcrs)
    return Error{"not all PCRs that were asked for were quoted"};
  if (WARRANT_TRY(digest_of_pcrs(values, said.pcrs)) != said.pcr_digest)
    return Error{"the PCRs were read as something else than what was quoted"};
  return said;
}

Checked<void> judge_environment(const Requirement &requirement, const Evidence &evidence) {
  const Judge judge(evidence);
  for (const auto &[pcr, expected] : requirement.pcrs)
    WARRANT_TRY(judge.values(pcr, {expected}));
  for (size_t i = 0; i < requirement.profiles.size(); i++) {
    Checked<void> held = judge_profile(requirement.profiles[i], judge);
    if (held.ok())
      continue;
    Rejection rejection = std::move(held).error();
    rejection.field = requirement.names[i] + "." + rejection.field;
    return rejection;
  }
  return {};
}

} // namespace warrant
