// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/lint.h"

#include <nlohmann/json.hpp>

#include "artifacts/json.h"
#include "lineage/text.h"
#include "tools/cli/duration.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

constexpr int64_t kDay = 86400;
constexpr int64_t kLongWindow = 31 * kDay;

using Warnings = std::vector<Warning>;

void warn_of_place_and_time(const Authorization &artifact, Warnings &warnings) {
  const int64_t window = artifact.not_after - artifact.not_before;
  if (window > kLongWindow)
    warnings.push_back({"predicate.validity", "valid for " + format_duration(window),
                        "issue it for a shorter time, and again"});
  if (artifact.initiator.any)
    warnings.push_back(
        {"predicate.initiator.any", "everybody may use it", "name uid, unit, cgroup or code"});
  const EnvironmentDemand &demand = artifact.environment;
  if (!demand.host && !demand.key && !demand.group)
    warnings.push_back({"predicate.environment.host",
                        "missing: good on every host that trusts the issuer",
                        "name the host, its key or a group"});
  if (artifact.governance.empty())
    warnings.push_back({"predicate.governance", "empty: no record will tell why it was issued",
                        "add ticket, approver or purpose"});
}

/// Nobody else needs it, and whoever has it can take all of enforcement away.
void warn_of_administration(const Authorization &artifact, Warnings &warnings) {
  if (!(artifact.actions & W_ACTION_ADMINISTER))
    return;
  if (artifact.manifest)
    warnings.push_back({"predicate.actions",
                        "administer: its manifest does not show which program may take "
                        "enforcement away",
                        "give warrantd an artifact of its own"});
  for (size_t i = 0; i < artifact.subjects.size(); i++) {
    const std::string &name = artifact.subjects[i].name;
    const std::string base = name.substr(name.rfind('/') + 1);
    if (base != "warrantd" && base != "warrant")
      warnings.push_back({"subject[" + std::to_string(i) + "].name",
                          "administer: " + printable(name) + " may take enforcement away",
                          "grant it to warrantd and warrant only"});
  }
  if (artifact.kind == ArtifactKind::kBreakglass)
    warnings.push_back({"predicate.actions", "administer: enforcement may be ended with it",
                        "leave it out unless the host is to be disarmed"});
}

void warn_of_grants(const Authorization &artifact, Warnings &warnings) {
  if (artifact.covers == Covers::kAll)
    warnings.push_back({"predicate.covers", "opens any code whatsoever", "name the subjects"});
  if (artifact.actions & W_ACTION_UPDATE)
    warnings.push_back({"predicate.actions", "update: may write to authorized code",
                        "leave it out, and replace files by rename"});
  if (artifact.actions & W_ACTION_LOAD)
    warnings.push_back({"predicate.actions", "load: may become part of the kernel",
                        "leave it out unless the subjects are kernel modules"});
  warn_of_administration(artifact, warnings);
  if (artifact.jit)
    warnings.push_back(
        {"predicate.constraints.jit", "may run code that nobody has signed", "leave it out"});
  if (artifact.recovery)
    warnings.push_back({"predicate.recovery", "runs even where the machine's state is in doubt",
                        "leave it out unless the host is repaired with it"});
  if (artifact.kind == ArtifactKind::kTask && !artifact.max_uses)
    warnings.push_back({"predicate.constraints.maxUses", "missing: may be used without end",
                        "say how often a task runs it"});
  if (artifact.delegation && artifact.delegation->max_depth > 1)
    warnings.push_back({"predicate.delegation.maxDepth",
                        "delegates may name delegates of their own, whom the issuer does not know",
                        "allow a depth of 1"});
}

/// By their names only: a copy that is called otherwise is not noticed.
void warn_of_interpreters(const Authorization &artifact, const std::vector<NamedCode> &names,
                          Warnings &warnings) {
  constexpr size_t kShown = 5;
  std::vector<std::string> found;
  if (artifact.interpreter.entry == Entry::kScriptOnly)
    return;
  if (artifact.actions & W_ACTION_EXEC)
    for (const Subject &subject : artifact.subjects)
      if (interpreter_of(subject.name))
        found.push_back(subject.name);
  for (const NamedCode &code : names) // ELF programs are granted both
    if ((code.actions & W_ACTION_EXEC) && (code.actions & W_ACTION_MAP) &&
        interpreter_of(code.path))
      found.push_back(code.path);
  if (found.empty())
    return;
  std::string text = found.size() == 1 ? "an interpreter runs whatever it is given:"
                                       : "interpreters run whatever they are given:";
  for (size_t i = 0; i < found.size() && i < kShown; i++)
    text += " " + Text(found[i]).escaped();
  if (found.size() > kShown)
    text += " and " + std::to_string(found.size() - kShown) + " more";
  warnings.push_back({"predicate.constraints.interpreter.entry", text,
                      "let them be entered by scripts only, in an artifact of their own, or name "
                      "who needs more"});
}

void warn_of_modes(const Policy &policy, Warnings &warnings) {
  if (policy.mode == W_MODE_OBSERVE)
    warnings.push_back({"predicate.mode", "observe: denials are only recorded", "say enforce"});
  for (size_t i = 0; i < policy.scopes.size(); i++)
    if (policy.scopes[i].mode == W_MODE_OBSERVE && policy.mode != W_MODE_OBSERVE)
      warnings.push_back({"predicate.scopes[" + std::to_string(i) + "].mode",
                          "observe: there, denials are only recorded", "say enforce"});
  if (policy.audit == W_AUDIT_OPTIONAL)
    warnings.push_back({"predicate.audit", "optional: what cannot be recorded may run all the same",
                        "say required"});
}

void warn_of_limits(const Policy &policy, Warnings &warnings) {
  if (!policy.issuers)
    warnings.push_back({"predicate.issuers",
                        "missing: every issuer may grant all that an artifact can say",
                        "say which key may grant what"});
  if (!policy.expires)
    warnings.push_back({"predicate.expires", "missing: good until another takes its place",
                        "set an end, and sign it again in time"});
  if (!policy.revocation_max_age)
    warnings.push_back({"predicate.revocation.maxAge",
                        "missing: who withholds revocation lists is not noticed",
                        "demand a list of a certain age"});
  if (policy.breakglass_max_window.value_or(0) > kDay)
    warnings.push_back({"predicate.breakglass.maxWindow",
                        "break-glass may last " + format_duration(*policy.breakglass_max_window),
                        "allow 24 hours at most"});
  if (!policy.honours.empty())
    warnings.push_back({"predicate.honours",
                        "artifacts that were issued under earlier policies stay good",
                        "issue them anew, and leave it out"});
}

Json warning_json(const Warning &warning) {
  return {{"field", warning.field}, {"text", warning.text}, {"fix", warning.fix}};
}

} // namespace

Warnings find_warnings(const Authorization &authorization, const std::vector<NamedCode> &names) {
  Warnings warnings;
  warn_of_place_and_time(authorization, warnings);
  warn_of_grants(authorization, warnings);
  warn_of_interpreters(authorization, names, warnings);
  return warnings;
}

Warnings find_warnings(const Policy &policy, const Policy *previous) {
  Warnings warnings;
  if (previous && policy.version <= previous->version)
    warnings.push_back({"predicate.version",
                        std::to_string(policy.version) + " is not above " +
                            std::to_string(previous->version) +
                            ": machines that know the previous policy refuse it",
                        "make it " + std::to_string(previous->version + 1)});
  warn_of_modes(policy, warnings);
  warn_of_limits(policy, warnings);
  return warnings;
}

Answer say_warnings(const Arguments &arguments, const std::vector<LintedFile> &files) {
  size_t total = 0;
  Json list = Json::array();
  std::string text;
  for (const LintedFile &file : files) {
    Json warnings = Json::array();
    for (const Warning &warning : file.warnings) {
      warnings.push_back(warning_json(warning));
      text += file.path + ": " + paint(Colour::kDoubtful, warning.field) + ": " + warning.text +
              " (fix: " + warning.fix + ")\n";
    }
    total += file.warnings.size();
    list.push_back({{"file", file.path}, {"warnings", std::move(warnings)}});
  }
  if (arguments.wants_json())
    print_json({{"files", std::move(list)}, {"warnings", total}});
  else
    print(text + (total == 0
                      ? "nothing to warn of\n"
                      : std::to_string(total) + (total == 1 ? " warning\n" : " warnings\n")));
  return total > 0 && arguments.has("--strict") ? ExitCode::kNo : ExitCode::kOk;
}

} // namespace warrant::cli
