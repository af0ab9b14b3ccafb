// SPDX-License-Identifier: Apache-2.0
#include "artifacts/attestation_report.h"

#include <algorithm>
#include <set>

#include "artifacts/boot_facts.h"
#include "artifacts/judgement.h"
#include "artifacts/time.h"

namespace warrant {
namespace {

constexpr uint32_t kFirmwarePcrs = 8; ///< below: firmware's and boot loader's (profile, 2.3.4)
constexpr size_t kShown = 512;        ///< bytes of a command line

std::string pcr_list(const std::vector<uint32_t> &pcrs) {
  std::string text = pcrs.size() == 1 ? "PCR " : "PCRs ";
  for (size_t i = 0; i < pcrs.size(); i++)
    text += (i == 0 ? "" : ", ") + std::to_string(pcrs[i]);
  return text;
}

class Examiner {
 public:
  Examiner(const AttestationBundle &bundle, const AttestationTerms &terms)
      : bundle_(bundle), claims_(bundle.claims), terms_(terms) {}

  AttestationReport examine() {
    if (!identity() || !quote())
      return std::move(report_);
    read_logs();
    for (const Measurement &measurement : claims_.measurements)
      measured_.insert(measurement.pcr);
    registers();
    boot();
    ima();
    measurements();
    policy();
    profile();
    words();
    return std::move(report_);
  }

 private:
  void say(Proof proof, std::string text) { report_.findings.push_back({proof, std::move(text)}); }
  void proven(std::string text) { say(Proof::kProven, std::move(text)); }
  void unproven(std::string text) { say(Proof::kUnproven, std::move(text)); }
  void refuted(std::string text) { say(Proof::kRefuted, std::move(text)); }

  bool identity() {
    if (terms_.now >= terms_.root.root.expires)
      refuted("the trust root expired at " + format_time(terms_.root.root.expires));
    const Checked<SignedEnrollment> loaded =
        load_enrollment(claims_.enrollment, terms_.root.root.role(RoleName::kEnrollment));
    if (!loaded.ok()) {
      refuted("the enrollment: " + loaded.error().text());
      return false;
    }
    report_.enrollment = loaded.value().enrollment;
    const Enrollment &host = *report_.enrollment;
    if (is_expired(host, terms_.now))
      refuted("the enrollment of " + printable(host.host) + " expired at " +
              format_time(*host.expires));
    else
      proven("the enrollment authority enrolled " + printable(host.host) + ", machine " +
             host.machine_id + ", by the attestation key " + to_hex(host.ak_name) +
             " of the TPM with the endorsement key " + to_hex(host.ek_sha256));
    return true;
  }

  bool quote() {
    if (claims_.challenge != terms_.challenge) {
      refuted("it answers another challenge: " + to_hex(claims_.challenge));
      return false;
    }
    PcrMask pcrs = 0;
    for (const auto &[pcr, value] : bundle_.pcrs)
      pcrs |= PcrMask{1} << pcr;
    // The enrollment was parsed, so this is an attestation key.
    const AttestationKey key = parse_attestation_key(report_.enrollment->ak_public).value();
    Result<Quote> said =
        check_quote(bundle_.quote, key.point, attestation_nonce(claims_), pcrs, bundle_.pcrs);
    if (!said.ok()) {
      refuted("the enrolled TPM did not say this: " + said.error().message);
      return false;
    }
    proven(
        "that TPM signed the PCRs and, as the host's claims, all else that is told here, after "
        "the challenge was given");
    report_.quote = std::move(said).value();
    return true;
  }

  void read_logs() {
    evidence_.pcrs = bundle_.pcrs;
    evidence_.command_line = claims_.command_line;
    evidence_.release = claims_.release;
    evidence_.lockdown = claims_.lockdown;
    if (claims_.boot_log)
      evidence_.boot_log = parse_boot_log(*claims_.boot_log);
    if (claims_.ima_log)
      evidence_.ima_log = parse_ima_log(*claims_.ima_log);
    if (evidence_.boot_log.ok())
      booted_ = replay(evidence_.boot_log.value());
    else if (claims_.boot_log)
      refuted(printable(evidence_.boot_log.error().message, kShown));
    else
      unproven("how the machine was booted: there is no boot log");
  }

  /// What the boot log makes of a PCR; nothing measured: zeros.
  Digest booted(uint32_t pcr) const {
    const auto found = booted_.find(pcr);
    return found == booted_.end() ? Digest{} : found->second;
  }
  bool is_booted(uint32_t pcr) const {
    const auto quoted = bundle_.pcrs.find(pcr);
    return booted_.contains(pcr) && quoted != bundle_.pcrs.end() && quoted->second == booted(pcr);
  }

  void registers() {
    std::vector<uint32_t> replayed;
    std::vector<uint32_t> untouched;
    std::vector<uint32_t> unknown;
    for (const auto &[pcr, value] : bundle_.pcrs) {
      if (measured_.contains(pcr) || (pcr == kPcrIma && claims_.ima_log))
        continue;
      if (is_booted(pcr))
        replayed.push_back(pcr);
      else if (booted_.contains(pcr))
        diverged(pcr, value);
      else if (value == Digest{} && pcr <= kMaxMeasuredPcr)
        untouched.push_back(pcr);
      else
        unknown.push_back(pcr);
    }
    if (!replayed.empty())
      proven("the boot log tells all that was measured into " + pcr_list(replayed));
    if (!untouched.empty())
      proven("nothing was measured into " + pcr_list(untouched));
    if (!unknown.empty())
      unproven("what was measured into " + pcr_list(unknown) + ": no log tells it");
    std::vector<uint32_t> unquoted;
    for (const auto &[pcr, value] : booted_)
      if (!bundle_.pcrs.contains(pcr))
        unquoted.push_back(pcr);
    if (!unquoted.empty())
      unproven("what the boot log tells of " + pcr_list(unquoted) + ": not quoted");
  }

  void diverged(uint32_t pcr, const Digest &value) {
    const std::string text = "the boot log of PCR " + std::to_string(pcr) + ": it replays to " +
                             to_hex(booted(pcr)) + ", the TPM quotes " + to_hex(value);
    // Those of firmware nobody else extends; what others were extended by since, their log may not
    // tell (systemd keeps one of its own).
    if (pcr < kFirmwarePcrs)
      refuted(text);
    else
      unproven(text + "; something extended it since, or the log is not true");
  }

  void boot() {
    if (!evidence_.boot_log.ok())
      return;
    const BootLog &log = evidence_.boot_log.value();
    if (is_booted(kPcrSecureBoot)) {
      const Result<bool> is_on = secure_boot(log);
      if (is_on.ok())
        proven(std::string("secure boot was ") + (is_on.value() ? "on" : "off"));
      else
        unproven("secure boot: " + printable(is_on.error().message, kShown));
    }
    const std::string line = "the command line \"" + printable(claims_.command_line, kShown) + "\"";
    const std::optional<size_t> event = find_command_line(log, claims_.command_line);
    if (event && is_booted(log.events[*event].pcr))
      proven(line + ", by " + event_text(log, *event));
    else if (event)
      unproven(line + ": " + event_text(log, *event) + " is not proven");
    else
      unproven(line + ": the boot log has no event of it");
  }

  void ima() {
    if (!claims_.ima_log)
      return unproven("what programs ran: there is no IMA log");
    if (!evidence_.ima_log.ok())
      return refuted(printable(evidence_.ima_log.error().message, kShown));
    const auto quoted = bundle_.pcrs.find(kPcrIma);
    if (quoted == bundle_.pcrs.end())
      return unproven("the IMA log: PCR 10 was not quoted");
    const std::vector<ImaEntry> &log = evidence_.ima_log.value();
    const Result<size_t> matched = match_ima_log(log, kPcrIma, quoted->second);
    if (!matched.ok())
      return refuted(matched.error().message);
    // Read before the quote was made, so all of it must be in the PCR.
    const size_t more = count_of(log, matched.value());
    if (more != 0)
      return refuted("IMA log: the last " + std::to_string(more) +
                     " of its entries were not measured into PCR 10");
    proven("the IMA log tells all that was measured into PCR 10 (entries: " +
           std::to_string(count_of(log, 0)) + ")");
    if (const size_t others = log.size() - count_of(log, 0); others != 0)
      unproven("the " + std::to_string(others) + " entries of the IMA log that are of other PCRs");
  }

  /// Entries of PCR 10 from there on.
  static size_t count_of(const std::vector<ImaEntry> &log, size_t from) {
    return static_cast<size_t>(std::count_if(log.begin() + static_cast<ptrdiff_t>(from), log.end(),
                                             [](const ImaEntry &e) { return e.pcr == kPcrIma; }));
  }

  void measurements() {
    if (claims_.measurements.empty())
      return unproven("what was enforced: no policy was measured");
    bool is_good = true;
    for (const uint32_t pcr : measured_)
      is_good = measured(pcr) && is_good;
    if (!is_good)
      return;
    const Measurement &last = claims_.measurements.back();
    proven("measured last: policy " + to_hex(last.policy) + " under trust root " +
           to_hex(last.root) +
           (last.root == terms_.root.sha256 ? ", the one given" : ", not the one given"));
    unproven(
        "that the daemon measured it, and enforces it: that is as true as the kernel and the "
        "programs that run");
  }

  bool measured(uint32_t pcr) {
    const std::string name = "PCR " + std::to_string(pcr);
    const auto quoted = bundle_.pcrs.find(pcr);
    const Digest value = extend_by(booted(pcr), claims_.measurements, pcr);
    if (pcr > kMaxMeasuredPcr)
      refuted("the measured policies: " + name + " can be reset while Linux runs");
    else if (quoted == bundle_.pcrs.end())
      refuted("the measured policies: " + name + " was not quoted");
    else if (quoted->second != value)
      refuted("the measured policies: with them " + name + " would be " + to_hex(value) +
              ", the TPM quotes " + to_hex(quoted->second));
    else {
      proven(name +
             " was extended by the policies and trust roots that are told, in their order, "
             "and by nothing else since boot");
      return true;
    }
    return false;
  }

  void policy() {
    if (terms_.policy == nullptr)
      return;
    if (const std::optional<int64_t> expires = terms_.policy->policy.expires;
        expires && terms_.now >= *expires)
      refuted("the policy given expired at " + format_time(*expires));
    const std::optional<Attestation> &attestation = terms_.policy->policy.attestation;
    if (claims_.measurements.empty() && attestation && attestation->measure)
      refuted("the policy given is not in force: it is measured into PCR " +
              std::to_string(*attestation->measure) + " where it is, and it was not");
    else if (claims_.measurements.empty())
      unproven("that the policy given is in force");
    else if (claims_.measurements.back().policy != terms_.policy->sha256)
      refuted("the policy given, " + to_hex(terms_.policy->sha256) +
              ", is not the one measured last");
    else
      proven("the policy measured last is the one given");
  }

  void profile() {
    if (!terms_.profile)
      return;
    const std::string name = printable(*terms_.profile);
    if (terms_.policy == nullptr || !terms_.policy->policy.environments.contains(*terms_.profile))
      return refuted("the profile " + name + ": the policy has none of this name");
    EnvironmentDemand demand;
    demand.profile = terms_.profile;
    const Requirement requirement = requirement_of(demand, terms_.policy->policy);
    const Checked<void> held = judge_environment(requirement, evidence_);
    if (!held.ok())
      return refuted("the profile " + name + ": " + held.error().text());
    std::string text = "the profile";
    for (const std::string &each : requirement.names)
      text += " " + printable(each);
    text += " holds";
    for (const EnvironmentProfile &each : requirement.profiles)
      if (!each.releases.empty() || each.lockdown) {
        text += ", as far as the kernel's release and lockdown are what it says";
        break;
      }
    proven(std::move(text));
  }

  void words() {
    unproven("by the host's own word: the kernel is " + printable(claims_.release) +
             ", its lockdown " +
             std::string(claims_.lockdown ? lockdown_name(*claims_.lockdown) : "not told") +
             ", the time " + format_time(claims_.time));
    if (claims_.checkpoint)
      unproven("the log checkpoint with sha256 " + to_hex(sha256(view(*claims_.checkpoint))) +
               ": it was told with this quote; whether it is the log's is for its verifier");
    unproven(
        "what no PCR holds: that firmware and kernel measured truthfully, what they do since, "
        "and that nobody sits between TPM and processor");
  }

  const AttestationBundle &bundle_;
  const AttestationClaims &claims_;
  const AttestationTerms &terms_;
  AttestationReport report_;
  Evidence evidence_;
  PcrValues booted_;
  std::set<uint32_t> measured_; ///< PCRs that policies went into
};

} // namespace

std::string_view proof_name(Proof proof) {
  switch (proof) {
    case Proof::kProven:
      return "proven";
    case Proof::kUnproven:
      return "not proven";
    case Proof::kRefuted:
      break;
  }
  return "refused";
}

bool AttestationReport::is_proven() const {
  return !findings.empty() &&
         std::none_of(findings.begin(), findings.end(),
                      [](const Finding &finding) { return finding.proof == Proof::kRefuted; });
}

AttestationReport verify_bundle(const AttestationBundle &bundle, const AttestationTerms &terms) {
  return Examiner(bundle, terms).examine();
}

} // namespace warrant
