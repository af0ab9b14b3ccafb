// SPDX-License-Identifier: Apache-2.0
#include "daemon/environment.h"

#include <poll.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "artifacts/random.h"
#include "daemon/clock.h"
#include "daemon/epoch.h"

namespace warrant {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr size_t kNonceSize = 32;
// The counter's steps beside those of starts and of new documents, at least so far apart: 9 000 a
// year at most.
constexpr int64_t kTieAgain = 3600 * kSecond;

Rejection failure(std::string field, std::string detail, std::string fix = {}) {
  return {W_REASON_ENVIRONMENT_FAILURE, std::move(field), std::move(detail), std::move(fix)};
}

Rejection not_asked_yet() {
  return failure("", "the machine has not proven its state yet");
}

Bytes fresh_nonce() {
  Bytes nonce(kNonceSize);
  fill_random(nonce);
  return nonce;
}

} // namespace

Result<std::unique_ptr<Environment>> Environment::open(const EnvironmentOptions &options) {
  BootNotes notes = WARRANT_TRY(load_notes(options.notes, options.boot));
  return std::unique_ptr<Environment>(new Environment(options, std::move(notes)));
}

void Environment::introduce(TrustState &trust) const {
  if (!trust.enrolled || !trust.enrolled->mismatch.empty())
    return;
  if (trust.enrolled->enrollment.machine_id != options_.machine_id)
    trust.enrolled->mismatch = "the enrollment is of machine " +
                               trust.enrolled->enrollment.machine_id + ", this is " +
                               printable(options_.machine_id);
  else if (trust.enrolled->enrollment.ak_name == mismatched_key_)
    trust.enrolled->mismatch = mismatch_;
}

std::function<uint32_t(const EnvironmentDemand &)> Environment::slots(const TrustState &trust) {
  return [this, &trust](const EnvironmentDemand &demand) -> uint32_t {
    if (!trust.policy.attestation || !trust.enrolled)
      return 0;
    InUse use;
    use.requirement = requirement_of(demand, trust.policy);
    use.name = name_of(use.requirement);
    const uint32_t slot =
        leases_.slot_of(requirement_id(use.requirement, trust.enrolled->enrollment.ak_name));
    if (slot != 0)
      offered_.insert_or_assign(slot, std::move(use));
    return slot;
  };
}

uint64_t Environment::base_until(const TrustState &trust) {
  const std::optional<Attestation> &terms = trust.policy.attestation;
  if (!terms || !terms->profile)
    return W_FOREVER;
  const Requirement base = requirement_of({}, trust.policy);
  if (!trust.enrolled || !trust.enrolled->mismatch.empty())
    return 0;
  // What another daemon was given a proof of stays open as long as its lease.
  if (!proof_)
    return leases_.open_until(requirement_id(base, trust.enrolled->enrollment.ak_name));
  if (!judge_environment(base, proof_->evidence).ok())
    return 0;
  const auto now = static_cast<uint64_t>(boot_now());
  const auto until = static_cast<uint64_t>(proof_->asked + terms->lease * kSecond);
  if (until > now)
    return until;
  // As in grant().
  return std::min(leases_.open_until(requirement_id(base, trust.enrolled->enrollment.ak_name)),
                  now + static_cast<uint64_t>(terms->lease * kSecond));
}

Status Environment::follow(const TrustState &trust, const Entries &entries, uint64_t open_until) {
  std::set<uint32_t> used;
  for (const w_artifact &artifact : entries.artifacts)
    used.insert(artifact.environment);
  WARRANT_TRY(leases_.retain(used));
  std::map<uint32_t, InUse> next;
  for (auto &[slot, use] : offered_)
    if (used.contains(slot))
      next.emplace(slot, std::move(use));
  offered_.clear();
  terms_ = trust.policy.attestation;
  if (terms_ && terms_->profile)
    next[W_ENVIRONMENT_OPEN] = {requirement_of({}, trust.policy), *terms_->profile, false, {}};
  for (auto &[slot, use] : next) {
    const auto before = in_use_.find(slot);
    use.is_open = before != in_use_.end() && before->second.is_open;
    use.rejection = before != in_use_.end() ? before->second.rejection : not_asked_yet();
  }
  in_use_ = std::move(next);
  disowned_ = trust.enrolled ? trust.enrolled->mismatch : "";
  if (!disowned_.empty() || !enrolled_ || !trust.enrolled ||
      enrolled_->ak_name != trust.enrolled->enrollment.ak_name)
    proof_.reset();
  enrolled_.reset();
  if (trust.enrolled)
    enrolled_ = trust.enrolled->enrollment;
  const uint64_t open_before = base_until(trust);
  leases_.dedicate_open(terms_ && terms_->profile && enrolled_
                            ? requirement_id(requirement_of({}, trust.policy), enrolled_->ak_name)
                            : Digest{});
  open_until_ = open_until;
  pcrs_ = 0;
  wants_ima_log_ = false;
  for (const auto &[slot, use] : in_use_) {
    pcrs_ |= pcrs_of(use.requirement);
    for (const EnvironmentProfile &profile : use.requirement.profiles)
      wants_ima_log_ = wants_ima_log_ || profile.ima_log;
  }
  if (!terms_) {
    attestor_.reset();
    proof_.reset();
    return {};
  }
  if (terms_->measure) {
    const Measurement now{*terms_->measure, trust.root_sha256, trust.policy_sha256};
    if (notes_.measurements.empty() || notes_.measurements.back() != now) {
      if (notes_.measurements.size() == kMaxMeasurements)
        return Error{"the policy was changed too often since the machine was started: " +
                     std::to_string(kMaxMeasurements) + " times"};
      BootNotes next_notes = notes_;
      next_notes.measurements.push_back(now);
      WARRANT_TRY(save_notes(options_.notes, next_notes));
      notes_ = std::move(next_notes);
      wants_extension_ = true;
    } else if (answered_ == 0) {
      must_recheck_ = true;
    }
    pcrs_ |= PcrMask{1} << *terms_->measure;
  }
  // TPM2_Quote wants some PCR; this one is there and tells of the firmware.
  if (pcrs_ == 0)
    pcrs_ = 1;
  if (!attestor_)
    attestor_.emplace(options_.tcti);
  next_question_ = 0;
  if (proof_)
    return grant_all();
  // The publisher does not write what it stands for.
  return terms_->profile ? leases_.set(W_ENVIRONMENT_OPEN, std::min(open_before, open_until_))
                         : Status();
}

void Environment::ask(const EpochKeeper &keeper) {
  Question question;
  question.key_handle = options_.key_handle;
  question.counter_index = options_.counter_index;
  question.pcrs = pcrs_;
  question.nonce = fresh_nonce();
  question.wants_ima_log = wants_ima_log_;
  // Only by a counter that was read since anything failed: one step too many would look like an old
  // state.
  question.advance = counter_ && keeper.epoch() == *counter_ + 1;
  if (wants_extension_ && !must_recheck_)
    question.extension = {notes_.measurements.back().pcr,
                          measurement_digest(notes_.measurements.back())};
  next_question_ = boot_now() + terms_->renewal * kSecond;
  attestor_->ask(std::move(question));
}

Result<bool> Environment::tick(EpochKeeper &keeper) {
  if (!attestor_)
    return false;
  const std::string before = mismatch_;
  if (std::optional<Answer> answer = attestor_->take()) {
    answered_ = answer->asked;
    WARRANT_TRY(judge(std::move(*answer), keeper));
  }
  note_lapsed();
  if (!attestor_->busy_since() && boot_now() >= next_question_)
    ask(keeper);
  return before != mismatch_;
}

void Environment::settle(EpochKeeper &keeper, int64_t nanoseconds) {
  const int64_t from = boot_now();
  const int64_t until = from + nanoseconds;
  next_question_ = 0;
  while (attestor_ && answered_ < from && boot_now() < until) {
    if (!tick(keeper).ok())
      return;
    pollfd ready{poll_fd(), POLLIN, 0};
    const int64_t left = (until - boot_now()) / 1'000'000;
    if (answered_ < from && left > 0)
      ::poll(&ready, 1, static_cast<int>(left));
  }
}

Result<Quote> Environment::check(const Answer &answer) const {
  const AttestationKey key = WARRANT_TRY(parse_attestation_key(*answer.key));
  Quote quote = WARRANT_TRY(check_quote(answer.quote, key.point, answer.question.nonce,
                                        answer.question.pcrs, answer.evidence.pcrs));
  if (notes_.tpm_resets && *notes_.tpm_resets != quote.resets)
    return Error{
        "the TPM was reset while the machine ran: what it quotes is not what was measured "
        "since the start. Restart the machine"};
  return quote;
}

Status Environment::judge(Answer answer, EpochKeeper &keeper) {
  counter_.reset();
  if (answer.extended)
    wants_extension_ = false;
  else if (answer.question.extension)
    must_recheck_ = true;
  // What cannot be asked proves nothing new; what was proven holds as long as its lease.
  failure_ = answer.outcome.ok() ? "" : answer.outcome.error().message;
  if (!answer.outcome.ok() && !enrolled_)
    failure_ +=
        " (fix: switch the TPM on in the firmware's settings and enroll the machine, or "
        "have a policy signed that sets no attestation)";
  if (!answer.outcome.ok())
    return {};
  if (!enrolled_) {
    const Rejection why =
        failure("", "the machine is not enrolled", "enroll it: warrant host enroll");
    failure_ = why.text(); // no slot may be there to tell of it
    return refuse_all(why);
  }
  mismatch_.clear();
  if (!answer.key)
    mismatch_ = "the TPM at hand does not hold the enrolled key " + to_hex(enrolled_->ak_name);
  else if (const auto key = parse_attestation_key(*answer.key);
           !key.ok() || key.value().name != enrolled_->ak_name)
    mismatch_ = "the TPM at hand holds the key " +
                (key.ok() ? to_hex(key.value().name) : "(" + key.error().message + ")") +
                ", enrolled was " + to_hex(enrolled_->ak_name);
  if (!mismatch_.empty()) {
    mismatched_key_ = enrolled_->ak_name;
    proof_.reset();
    return refuse_all({W_REASON_IDENTITY_MISMATCH, "", mismatch_, "enroll the machine anew"});
  }
  if (!disowned_.empty()) {
    failure_ = disowned_;
    return refuse_all({W_REASON_IDENTITY_MISMATCH, "", disowned_, "enroll the machine anew"});
  }
  const Result<Quote> quote = check(answer);
  const Status tied = quote.ok() ? check_epoch(keeper.epoch(), answer.counter, enrolled_->resolves)
                                 : Status(quote.error());
  if (!tied.ok()) {
    failure_ = tied.error().message;
    proof_.reset();
    return refuse_all(failure("", failure_));
  }
  counter_ = answer.counter;
  if (!notes_.tpm_resets) {
    notes_.tpm_resets = quote.value().resets;
    WARRANT_TRY(save_notes(options_.notes, notes_));
  }
  WARRANT_TRY(tie(*answer.counter, keeper));
  note_measurement(answer);
  proof_ = Proof{answer.asked, std::move(answer.evidence)};
  return grant_all();
}

// The counter goes one step when the daemon starts and, at most once an hour, when the state has
// changed since: from then on older copies of the state are refused.
Status Environment::tie(uint64_t counter, EpochKeeper &keeper) {
  const bool is_ahead = keeper.epoch() == counter + 1;
  const bool is_due =
      !is_tied_ || (keeper.serial() != tied_serial_ && boot_now() - tied_at_ > kTieAgain);
  if (is_ahead || !is_due) {
    is_tied_ = is_tied_ || is_ahead;
    if (is_ahead)
      next_question_ = 0;
    return {};
  }
  WARRANT_TRY(keeper.save_epoch(counter + 1));
  is_tied_ = true;
  tied_serial_ = keeper.serial();
  tied_at_ = boot_now();
  next_question_ = 0;
  return {};
}

void Environment::note_measurement(const Answer &answer) {
  if (!must_recheck_ || notes_.measurements.empty())
    return;
  must_recheck_ = false;
  const uint32_t pcr = notes_.measurements.back().pcr;
  const Result<BootLog> &log = answer.evidence.boot_log;
  const Digest booted = log.ok() ? replay(log.value())[pcr] : Digest{};
  const std::vector<Measurement> earlier(notes_.measurements.begin(),
                                         notes_.measurements.end() - 1);
  const auto quoted = answer.evidence.pcrs.find(pcr);
  wants_extension_ =
      quoted != answer.evidence.pcrs.end() && quoted->second == extend_by(booted, earlier, pcr);
  if (wants_extension_)
    next_question_ = 0;
}

Status Environment::grant_all() {
  for (auto &[slot, use] : in_use_)
    WARRANT_TRY(grant(slot, use));
  return {};
}

Status Environment::grant(uint32_t slot, InUse &use) {
  const Checked<void> held = judge_environment(use.requirement, proof_->evidence);
  if (!held.ok())
    return close(slot, use, held.error());
  const int64_t lease = terms_->lease * kSecond;
  const auto now = static_cast<uint64_t>(boot_now());
  auto until = static_cast<uint64_t>(proof_->asked + lease);
  // Under a policy with shorter leases than the one that it was given under a lease may be over
  // already: it is not cut short before the TPM could be asked again.
  if (until <= now && use.is_open)
    until = std::min(leases_.until(slot), now + static_cast<uint64_t>(lease));
  until = std::min(until, open_until_);
  WARRANT_TRY(leases_.set(slot, until));
  if (!use.is_open)
    changes_.push_back({use.name, true, until, {}});
  use.is_open = true;
  use.rejection.reset();
  return {};
}

// The kernel closed them by itself.
void Environment::note_lapsed() {
  const auto now = static_cast<uint64_t>(boot_now());
  for (auto &[slot, use] : in_use_) {
    if (!use.is_open || leases_.until(slot) > now)
      continue;
    std::string why = failure_;
    if (why.empty()) {
      const std::optional<int64_t> since = attestor_->busy_since();
      why = "no proof came before the lease ended: ";
      why += since ? "the TPM has not answered for " +
                         std::to_string((boot_now() - *since) / kSecond) + " s"
                   : "warrantd did not come to ask";
    }
    use.is_open = false;
    use.rejection = failure("", std::move(why));
    changes_.push_back({use.name, false, leases_.until(slot), *use.rejection});
  }
}

Status Environment::refuse_all(const Rejection &why) {
  for (auto &[slot, use] : in_use_)
    WARRANT_TRY(close(slot, use, why));
  return {};
}

// By the clock at hand, so that a denial says when it was.
Status Environment::close(uint32_t slot, InUse &use, const Rejection &why) {
  const uint64_t until = std::min(leases_.until(slot), static_cast<uint64_t>(boot_now()));
  WARRANT_TRY(leases_.set(slot, until));
  if (use.is_open || !use.rejection || use.rejection->text() != why.text())
    changes_.push_back({use.name, false, until, why});
  use.is_open = false;
  use.rejection = why;
  return {};
}

Json Environment::to_json() const {
  Json json = {{"required", terms_.has_value()}};
  if (!terms_)
    return json;
  json["tcti"] = options_.tcti;
  json["leaseSeconds"] = terms_->lease;
  json["renewalSeconds"] = terms_->renewal;
  if (enrolled_)
    json["key"] = to_hex(enrolled_->ak_name);
  if (counter_)
    json["counter"] = *counter_;
  json["failure"] = mismatch_.empty() ? failure_ : mismatch_;
  if (attestor_)
    if (const std::optional<int64_t> since = attestor_->busy_since())
      json["waitingNanoseconds"] = boot_now() - *since;
  json["leases"] = Json::array();
  for (const auto &[slot, use] : in_use_)
    json["leases"].push_back({{"name", use.name},
                              {"slot", slot},
                              {"isOpen", use.is_open},
                              {"untilBootNs", leases_.until(slot)},
                              {"problem", use.rejection ? use.rejection->text() : ""}});
  return json;
}

} // namespace warrant
