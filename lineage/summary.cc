// SPDX-License-Identifier: Apache-2.0
#include "lineage/summary.h"

#include <algorithm>

#include "lineage/words.h"

namespace warrant {
namespace {

void copy_digest(const uint8_t (&from)[W_DIGEST_SIZE], Digest &to) {
  std::copy(std::begin(from), std::end(from), to.begin());
}

// One way to fill a summary per type of body.
struct Filler {
  RecordSummary &summary;

  void operator()(const Decision &decision) const {
    summary.request = kRequestWords.text(decision.facts.request);
    summary.reason = kReasonWords.text(decision.decision.reason);
    summary.file = decision.file.path;
    copy_digest(decision.facts.digest, summary.digest);
    summary.task = &decision.task;
    summary.process = &decision.process;
    summary.artifact = decision.artifact ? &*decision.artifact : nullptr;
    if (decision.facts.object != W_OBJECT_NONE)
      summary.detail = kObjectWords.text(decision.facts.object);
  }
  void operator()(const Commit &commit) const {
    summary.file = commit.file.path;
    copy_digest(commit.process.digest, summary.digest);
    summary.task = &commit.task;
    summary.process = &commit.process;
    summary.artifact = commit.artifact ? &*commit.artifact : nullptr;
  }
  void operator()(const Gap &gap) const {
    summary.detail = (gap.lost == 0 ? "an unknown number" : std::to_string(gap.lost)) +
                     " lost: " + gap.cause.escaped();
  }
  void operator()(const Accepted &accepted) const {
    summary.artifact = &accepted.artifact;
    summary.detail =
        accepted.source.escaped() + ", " + std::to_string(accepted.subjects) + " subjects";
  }
  void operator()(const Rejected &rejected) const {
    summary.reason = kReasonWords.text(rejected.reason);
    summary.detail = rejected.source.escaped() + ": " + rejected.detail.escaped();
  }
  void operator()(const Withdrawn &withdrawn) const {
    summary.artifact = &withdrawn.artifact;
    summary.detail = withdrawn.source.escaped() + ": " + withdrawn.detail.escaped();
  }
  void operator()(const Generation &generation) const {
    summary.detail = "number " + std::to_string(generation.number) + ", policy " +
                     to_hex(generation.policy) + ", mode " + kModeWords.text(generation.mode);
  }
  void operator()(const Daemon &daemon) const {
    summary.detail = "warrantd " + daemon.version.escaped() + ", pid " +
                     std::to_string(daemon.pid) + ": " + daemon.detail.escaped();
  }
  void operator()(const Canary &canary) const {
    summary.detail =
        std::string(canary.refused ? "refused" : "NOT refused") + ": " + canary.detail.escaped();
  }
  void operator()(const Ended &ended) const {
    summary.artifact = &ended.artifact;
    summary.process = &ended.process;
    summary.reason = kReasonWords.text(ended.reason);
    summary.detail = "pid " + std::to_string(ended.pid) + " was killed";
  }
  void operator()(const Disarm &disarm) const {
    summary.artifact = disarm.artifact ? &*disarm.artifact : nullptr;
    summary.detail = std::string(disarm.artifact ? "allowed" : "refused") + ": " +
                     disarm.detail.escaped() + ", asked by pid " +
                     std::to_string(disarm.caller.pid) + ", uid " +
                     std::to_string(disarm.caller.uid);
  }
  void operator()(const Lease &lease) const {
    if (!lease.is_open)
      summary.reason = kReasonWords.text(lease.reason);
    summary.detail = lease.name.escaped() + (lease.is_open ? " is open" : " is not open") +
                     (lease.detail.empty() ? "" : ": " + lease.detail.escaped());
  }
  void operator()(const Handover &handover) const {
    summary.reason = kReasonWords.text(handover.reason);
    if (handover.parent)
      summary.detail = "from lineage " + std::to_string(handover.parent->lineage) + " of " +
                       Text(handover.parent->host).escaped() + ", ";
    summary.detail += "shown by pid " + std::to_string(handover.caller.pid) + ", uid " +
                      std::to_string(handover.caller.uid) +
                      (handover.detail.empty() ? "" : ": " + handover.detail.escaped());
  }
  void operator()(const Prune &prune) const {
    summary.detail = "the first " + std::to_string(prune.entries) +
                     " entries were given up, asked by pid " + std::to_string(prune.caller.pid) +
                     ", uid " + std::to_string(prune.caller.uid);
  }
};

std::string who(const Task &task) {
  return task.comm.escaped() + ", pid " + std::to_string(task.tgid) + ", uid " +
         std::to_string(task.uid);
}

} // namespace

RecordSummary summary_of(const Record &record) {
  RecordSummary summary;
  std::visit(Filler{summary}, record.body);
  return summary;
}

std::string sentence_of(const Record &record) {
  const RecordSummary summary = summary_of(record);
  if (const auto *decision = std::get_if<Decision>(&record.body)) {
    const bool is_allowed = decision->decision.verdict == W_ALLOW;
    const char *verdict = decision->decision.enforced ? "denied" : "would be denied";
    const std::string what = summary.file.empty() ? summary.detail : summary.file.escaped();
    return std::string(is_allowed ? "allowed" : verdict) + " (" + summary.reason +
           "): " + summary.request + (what.empty() ? "" : " of " + what) + " by " +
           who(decision->task);
  }
  if (const auto *commit = std::get_if<Commit>(&record.body))
    return "executed: " + commit->file.path.escaped() + " by " + who(commit->task);
  return std::string(type_name(record.body)) +
         (summary.reason.empty() ? "" : " (" + summary.reason + ")") +
         (summary.detail.empty() ? "" : ": " + summary.detail);
}

} // namespace warrant
