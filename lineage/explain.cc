// SPDX-License-Identifier: Apache-2.0
#include "lineage/explain.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bpf/decide.h"
#include "lineage/words.h"

namespace warrant {
namespace {

std::string join(const std::vector<std::string> &words, std::string_view between) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : std::string(between)) + word;
  return text;
}

std::string quoted(const Text &text) {
  return "\"" + text.escaped() + "\"";
}

std::string digest_text(const w_facts &facts) {
  return kDigestKindWords.text(facts.digest_kind) + ":" + to_hex(facts.digest);
}

// ---- what was asked

std::string_view verb(uint8_t request) {
  switch (request) {
    case W_REQUEST_EXEC:
      return "execute";
    case W_REQUEST_MAP:
      return "map as code";
    case W_REQUEST_WRITE:
      return "write to";
    case W_REQUEST_CHECK:
      return "know whether it could execute";
    case W_REQUEST_READ:
      return "read as an interpreter";
    case W_REQUEST_LOAD:
      return "load into the kernel";
    case W_REQUEST_TOUCH:
      return "touch";
    default:
      return "do something unknown with";
  }
}

std::string asked_text(const Decision &decision) {
  const Task &task = decision.task;
  std::string text = task.comm.escaped() + " (pid " + std::to_string(task.tgid) + ", uid " +
                     std::to_string(task.uid);
  if (!task.cgroup.empty())
    text += ", cgroup " + task.cgroup.escaped();
  text += ", lineage " + std::to_string(decision.process.lineage) + ") asked to ";
  text += verb(decision.facts.request);
  const bool anonymous = decision.facts.flags & W_FACT_ANONYMOUS;
  if (decision.facts.object != W_OBJECT_NONE)
    text += " " + kObjectWords.text(decision.facts.object);
  if (anonymous)
    text += " anonymous memory";
  else if (decision.facts.object == W_OBJECT_NONE || !decision.file.path.empty())
    text += " " + quoted(decision.file.path);
  if (decision.facts.chain > 0)
    text += " as interpreter " + std::to_string(decision.facts.chain) + " of what it executes";
  return text;
}

std::string verdict_text(const w_decision &decision) {
  const std::string reason = " (" + kReasonWords.text(decision.reason) + ")";
  if (decision.verdict == W_ALLOW)
    return "allowed" + reason;
  return (decision.enforced ? "denied" : "would be denied, the policy only observes") + reason;
}

// ---- the fact that decided

std::string unready_fact(const w_facts &facts) {
  if (facts.mode == W_MODE_INVALID || facts.mode >= W_MODE_COUNT)
    return "no policy mode is in force: " + kModeWords.text(facts.mode);
  if (facts.audit == W_AUDIT_INVALID || facts.audit >= W_AUDIT_COUNT)
    return "the policy's demand for records is unknown: " + kAuditWords.text(facts.audit);
  if (facts.flags & W_FACT_NO_CONTEXT)
    return "the kernel had no process context or inode state for it";
  if (facts.flags & W_FACT_RACED)
    return "the entries were exchanged again and again while the facts were gathered";
  return "the facts have a form that decide() does not understand";
}

std::string conflict_fact(const w_facts &facts) {
  if (facts.request == W_REQUEST_WRITE)
    return facts.flags & W_FACT_MAPPED
               ? "the file is mapped as code under a verdict, or was and is open for reading"
               : "an artifact in force names the file's content";
  if (facts.flags & W_FACT_WRITABLE)
    return "the memory is writable and executable at once";
  if (facts.flags & W_FACT_MODIFIED)
    return "the pages were written to after they were mapped";
  return "the file is open for writing";
}

std::string missing_fact(const w_facts &facts) {
  if (facts.candidate_count == 0)
    return "no artifact in force names " + digest_text(facts) +
           (facts.flags & W_FACT_NAMED ? " for this task" : "");
  return std::to_string(facts.candidate_count) + " grant(s) name " + digest_text(facts) +
         ", none with the action " + bits_text(action_names(), w_wanted_actions(&facts));
}

std::string protected_fact(const w_facts &facts) {
  const std::string object = "it is the " + kObjectWords.text(facts.object);
  if (!(facts.flags & W_FACT_ADMINISTER) || facts.object == W_OBJECT_BPF)
    return object;
  return object + (facts.object == W_OBJECT_PIN
                       ? ", and no order to end enforcement is carried out"
                       : ", and the caller's authorization has administer without update");
}

std::string allowing_fact(const w_facts &facts) {
  if (facts.request == W_REQUEST_WRITE)
    return facts.flags & W_FACT_UPDATE ? "the caller's own authorization has the update action"
                                       : "no artifact names the content and nobody runs it";
  if (facts.request == W_REQUEST_TOUCH && (facts.flags & W_FACT_ADMINISTER) &&
      w_is_for_administrators(&facts))
    return "the caller's own authorization has the administer action";
  if (facts.flags & W_FACT_PERMITTED)
    return "the policy permits it to everybody";
  if (facts.request == W_REQUEST_TOUCH)
    return "the caller's own authorization has jit";
  if (facts.flags & W_FACT_OWN_IMAGE)
    return "it is the image that the task was let execute";
  return "the content is " + digest_text(facts) + " (" + kMeasureWords.text(facts.measure) + ")";
}

std::string time_text(const Moment &when, uint64_t boot_ns) {
  if (boot_ns == W_FOREVER)
    return "forever";
  return boot_ns == W_NEVER ? "before this boot"
                            : format_wall_time(when.at_boot_time(boot_ns).wall_ns);
}

const w_candidate *grant_of(const Decision &decision) {
  const uint8_t index = decision.decision.candidate;
  const bool exists = index < W_MAX_CANDIDATES && index < decision.facts.candidate_count;
  return exists ? &decision.facts.candidates[index] : nullptr;
}

// Of the reasons that a grant fails for, those with a number to show.
std::string grant_fact(const w_candidate &grant, uint8_t reason, const Moment &when) {
  if (reason == W_REASON_NOT_YET_VALID)
    return "the grant is valid from " + time_text(when, grant.not_before);
  if (reason == W_REASON_EXPIRED)
    return "the grant was valid until " + time_text(when, grant.not_after);
  if (reason == W_REASON_ENVIRONMENT_FAILURE)
    return "the lease of the grant's environment was open until " +
           time_text(when, grant.lease_until);
  return "of the grant it is known: " + bits_text(candidate_names(), grant.flags);
}

std::string fact_text(const Decision &decision, const Moment &when) {
  const w_facts &facts = decision.facts;
  const w_candidate *grant = grant_of(decision);
  if (decision.decision.verdict == W_ALLOW)
    return allowing_fact(facts);
  switch (decision.decision.reason) {
    case W_REASON_NOT_READY:
      return unready_fact(facts);
    case W_REASON_UNMEASURABLE:
      return facts.flags & W_FACT_ANONYMOUS ? "no file stands behind the memory"
                                            : kMeasureWords.text(facts.measure);
    case W_REASON_WRITE_CONFLICT:
      return conflict_fact(facts);
    case W_REASON_PROTECTED:
      return protected_fact(facts);
    case W_REASON_AUDIT_UNAVAILABLE:
      return "the event could not be put into the ring buffer";
    case W_REASON_MISSING:
      return missing_fact(facts);
    case W_REASON_ENTRY:
      return facts.flags & W_FACT_STEERED
                 ? "its environment, the name that its script was given, or a supervisor may make "
                   "the "
                   "interpreter run something else"
                 : "the only grant is for the interpreter of an authorized script, and this is "
                   "not one";
    case W_REASON_CONTENT_MISMATCH:
      return "the content is now " + digest_text(facts) + ", which no artifact in force names";
    case W_REASON_IDENTITY_MISMATCH:
      if (!grant)
        return "an artifact in force names " + digest_text(facts) +
               ", but in no scope of this task";
      break;
    default:
      break;
  }
  return grant ? grant_fact(*grant, decision.decision.reason, when) : "not recorded";
}

std::string grant_text(const Decision &decision, const Moment &when) {
  const w_candidate *grant = grant_of(decision);
  if (!grant)
    return {};
  std::string text = "artifact ";
  if (const std::optional<Attribution> &artifact = decision.artifact) {
    text += to_hex(artifact->id);
    if (!artifact->issuers.empty())
      text += ", issued by " + Text(join(artifact->issuers, ", ")).escaped();
    for (const auto &[key, value] : artifact->governance)
      text += ", " + key.escaped() + ": " + value.escaped();
  } else {
    text += "number " + std::to_string(grant->artifact);
  }
  text +=
      "; " + std::string(grant->scope == W_SCOPE_HOST ? "for the whole host"
                                                      : "scope " + std::to_string(grant->scope));
  text += "; actions " + bits_text(action_names(), grant->actions);
  text += "; valid from " + time_text(when, grant->not_before) + " until " +
          time_text(when, grant->not_after);
  if (grant->flags & W_CANDIDATE_RECOVERY)
    text += "; survives a lost lease";
  return text;
}

} // namespace

Result<Explanation> explain(const Record &record, const std::vector<NamedRejection> &rejections) {
  const auto *decision = std::get_if<Decision>(&record.body);
  if (!decision)
    return Error{record.id + " is the record of a " + std::string(type_name(record.body)) +
                 ", not of a decision"};
  const ReasonHelp help = reason_help(decision->decision.reason);
  Explanation explanation;
  explanation.id = record.id;
  explanation.when = format_wall_time(record.time.wall_ns);
  explanation.asked = asked_text(*decision);
  explanation.verdict = verdict_text(decision->decision);
  explanation.fact = fact_text(*decision, record.time);
  explanation.grant = grant_text(*decision, record.time);
  explanation.meaning = help.meaning;
  explanation.fix = help.fix;
  if (decision->decision.reason == W_REASON_UNMEASURABLE &&
      decision->facts.request == W_REQUEST_READ && decision->facts.measure == W_MEASURE_UNCACHED)
    explanation.fix =
        "Try again: warrantd has had it measured since. To have it measured ahead: warrant warm.";
  if (decision->decision.verdict != W_ALLOW)
    for (const NamedRejection &rejection : rejections)
      explanation.rejections.push_back("named by artifact " + rejection.source.escaped() +
                                       ", rejected: " + kReasonWords.text(rejection.reason) + ": " +
                                       rejection.detail.escaped());
  return explanation;
}

std::string explanation_to_text(const Explanation &explanation) {
  std::string text = explanation.id + "  " + explanation.when + "\n";
  const auto line = [&](std::string_view label, const std::string &content) {
    if (!content.empty())
      text += "  " + std::string(label) + content + "\n";
  };
  line("asked:    ", explanation.asked);
  line("verdict:  ", explanation.verdict);
  line("because:  ", explanation.fact);
  line("grant:    ", explanation.grant);
  line("meaning:  ", explanation.meaning);
  line("to do:    ", explanation.fix);
  for (const std::string &rejection : explanation.rejections)
    line("see also: ", rejection);
  return text;
}

Json explanation_to_json(const Explanation &explanation) {
  return {{"asked", explanation.asked},
          {"because", explanation.fact},
          {"fix", explanation.fix},
          {"grant", explanation.grant},
          {"id", explanation.id},
          {"meaning", explanation.meaning},
          {"rejections", explanation.rejections},
          {"time", explanation.when},
          {"verdict", explanation.verdict}};
}

void RejectionQuery::add(const Record &record) {
  if (const auto *rejected = std::get_if<Rejected>(&record.body))
    by_source_[rejected->source] = *rejected;
  else if (const auto *accepted = std::get_if<Accepted>(&record.body))
    by_source_.erase(accepted->source);
  else if (const auto *withdrawn = std::get_if<Withdrawn>(&record.body))
    by_source_.erase(withdrawn->source);
}

std::vector<NamedRejection> RejectionQuery::naming(const Digest &digest) const {
  std::vector<NamedRejection> list;
  for (const auto &[source, rejected] : by_source_)
    if (std::find(rejected.digests.begin(), rejected.digests.end(), digest) !=
        rejected.digests.end())
      list.push_back({source, rejected.reason, rejected.detail});
  return list;
}

} // namespace warrant
