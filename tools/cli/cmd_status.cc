// SPDX-License-Identifier: Apache-2.0
// warrant status, doctor, reload: what kernel, machine and daemon say.
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "artifacts/names.h"
#include "daemon/canary.h"
#include "daemon/clock.h"
#include "daemon/control_client.h"
#include "daemon/kernel_status.h"
#include "daemon/preflight.h"
#include "lineage/disarmed.h"
#include "lineage/reader.h"
#include "lineage/text.h"
#include "tools/cli/cmd.h"
#include "tools/cli/daemon_reply.h"
#include "tools/cli/duration.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

/// Everything that speaks for or against real enforcement.
struct Evidence {
  KernelStatus kernel;
  Result<CanaryResult> canary;
  Result<Json> daemon;
  std::vector<std::string> problems;
  std::string disarmed; ///< who ended enforcement in order, and when; empty: nobody did
};

/// "  refused:    evil.json: invalid signature: signatures: by a stranger (fix: ...)", a line each.
std::string refusals_text(const Json &reply) {
  std::string text;
  const auto list = reply.find("rejected");
  if (list == reply.end() || !list->is_array())
    return text;
  for (const Json &one : *list) {
    if (!one.is_object())
      continue;
    text += "  " + paint(Colour::kBad, "refused:") + "    " + member_text(one, "file");
    for (const char *part : {"reason", "field", "detail"})
      if (const std::string said = member_text(one, part); !said.empty())
        text += ": " + said;
    if (const std::string fix = member_text(one, "fix"); !fix.empty())
      text += " (fix: " + fix + ")";
    text += "\n";
  }
  return text;
}

/// Only if nothing is pinned does it matter what the records say.
std::string disarmed_by(const Arguments &arguments) {
  if (!find_pins(arguments.text("--pin-dir")).none())
    return {};
  const Result<std::vector<std::string>> files = lineage_files(arguments.text("--lineage-dir"));
  if (!files.ok())
    return {};
  const Result<std::optional<Record>> disarm = find_disarm(files.value());
  return disarm.ok() && disarm.value() ? disarm_text(*disarm.value()) : std::string();
}

Evidence gather(const Arguments &arguments) {
  Evidence evidence{read_kernel_status(arguments.text("--pin-dir")),
                    run_canary(),
                    ask_daemon({{"verb", "status"}}, arguments.text("--socket")),
                    {},
                    disarmed_by(arguments)};
  if (!evidence.disarmed.empty())
    evidence.problems.push_back(evidence.disarmed);
  evidence.problems.insert(evidence.problems.end(), evidence.kernel.problems.begin(),
                           evidence.kernel.problems.end());
  if (!evidence.canary.ok())
    evidence.problems.push_back("the canary could not be tried: " +
                                evidence.canary.error().message);
  else if (!evidence.canary.value().refused)
    evidence.problems.push_back(evidence.canary.value().detail);
  return evidence;
}

Json evidence_json(const Evidence &evidence) {
  Json canary = nullptr;
  if (evidence.canary.ok())
    canary = {{"refused", evidence.canary.value().refused},
              {"errno", evidence.canary.value().error},
              {"detail", evidence.canary.value().detail}};
  return {{"enforcing", evidence.problems.empty()},
          {"problems", evidence.problems},
          {"kernel", kernel_status_to_json(evidence.kernel)},
          {"canary", std::move(canary)},
          {"disarmed", evidence.disarmed.empty() ? Json(nullptr) : Json(evidence.disarmed)},
          {"daemon", evidence.daemon.ok() ? evidence.daemon.value() : Json(nullptr)}};
}

size_t good_parts(const auto &parts) {
  size_t good = 0;
  for (const auto &part : parts)
    good += part.problem.empty() ? 1 : 0;
  return good;
}

std::string counters_text(const KernelStatus &kernel) {
  std::string text;
  for (size_t i = W_COUNTER_INVALID + 1; i < W_COUNTER_COUNT; i++)
    text += (text.empty() ? "" : ", ") + std::to_string(kernel.counters.at(i)) + " " +
            std::string(counter_name(static_cast<w_counter>(i)));
  return text;
}

std::string generation_text(const KernelStatus &kernel) {
  const w_generation *generation = kernel.generation();
  if (!generation || generation->number == 0)
    return "none";
  const auto since = static_cast<int64_t>(kernel.config->enforcing_since);
  return std::to_string(generation->number) + ": " + std::to_string(generation->verdicts) +
         " verdicts of " +
         std::to_string(generation->artifacts > 0 ? generation->artifacts - 1 : 0) +
         " artifacts, mode " + std::string(mode_name(static_cast<w_mode>(kernel.config->mode))) +
         ", audit " + std::string(audit_name(static_cast<w_audit>(kernel.config->audit))) +
         (since > 0 ? ", armed " + format_duration((boot_now() - since) / 1'000'000'000) + " ago"
                    : "");
}

// What an operator must not overlook.
std::string broken_glass_text(const Json &reply) {
  std::string text;
  const auto accepted = reply.find("accepted");
  if (accepted == reply.end() || !accepted->is_array())
    return text;
  for (const Json &artifact : *accepted)
    if (artifact.is_object() && artifact.value("kind", Json()) == "breakglass")
      text += paint(Colour::kBad, "BREAK-GLASS IS OPEN") + " until " +
              printable(artifact.value("notAfter", std::string("?"))) + ": artifact " +
              printable(artifact.value("id", std::string("?"))) + "\n";
  return text;
}

std::string headline(const Evidence &evidence) {
  if (evidence.problems.empty())
    return paint(Colour::kGood, "ENFORCING") + "\n";
  if (!evidence.disarmed.empty())
    return paint(Colour::kBad, "NOT ENFORCING: disarmed") + "\n";
  const bool refuses = evidence.canary.ok() && evidence.canary.value().refused;
  if (evidence.kernel.is_hidden && refuses && evidence.problems.size() == 1)
    return paint(Colour::kDoubtful, "REFUSING, but this program may not look at why") + "\n";
  return paint(Colour::kBad, "NOT ENFORCING as it should") + "\n";
}

/// A number that the daemon tells.
std::string number_of(const Json &reply, const char *name) {
  const auto member = reply.find(name);
  return member != reply.end() && member->is_number() ? member->dump() : "?";
}

/// What the daemon says is in force, for who may not look himself.
std::string claim_text(const Json &reply) {
  const auto accepted = reply.find("accepted");
  const size_t artifacts = accepted != reply.end() && accepted->is_array() ? accepted->size() : 0;
  return "  it says:    generation " + number_of(reply, "generation") + ": " +
         number_of(reply, "verdicts") + " verdicts of " + std::to_string(artifacts) +
         " artifacts, mode " + member_text(reply, "mode") + "\n";
}

/// Nothing, if the kernel runs the programs that are part of the daemon.
std::string programs_text(const Json &reply) {
  const auto programs = reply.find("programs");
  if (programs == reply.end() || !programs->is_object() ||
      member_text(*programs, "inKernel") == member_text(*programs, "own"))
    return {};
  return "  programs:   " + paint(Colour::kDoubtful, "of another build") +
         " than the running warrantd; they stay until the machine is restarted or disarmed\n";
}

/// What the machine has to prove, and whether it does; nothing, if the policy asks for nothing.
std::string environment_text(const Json &reply) {
  const auto environment = reply.find("environment");
  if (environment == reply.end() || !environment->is_object())
    return {};
  const auto leases = environment->find("leases");
  if (leases == environment->end() || !leases->is_array())
    return {};
  const std::string key = member_text(*environment, "key");
  std::string text = "  machine:    " + (key.empty() ? "not enrolled" : "key " + key) + "\n";
  if (const std::string failure = member_text(*environment, "failure"); !failure.empty())
    text += wrap("              " + paint(Colour::kBad, "no proof: ") + failure, 14);
  for (const Json &lease : *leases) {
    if (!lease.is_object())
      continue;
    const bool is_open = lease.value("isOpen", Json()) == true;
    text += "  lease:      " + member_text(lease, "name") + ": " +
            (is_open ? paint(Colour::kGood, "open") : paint(Colour::kBad, "closed")) +
            (is_open ? "" : ": " + member_text(lease, "problem")) + "\n";
  }
  return text;
}

std::string evidence_text(const Evidence &evidence) {
  const KernelStatus &kernel = evidence.kernel;
  std::string text = headline(evidence);
  if (evidence.daemon.ok())
    text += broken_glass_text(evidence.daemon.value());
  for (const std::string &problem : evidence.problems)
    text += wrap("- " + problem, 2);
  text += "  links:      " + std::to_string(good_parts(kernel.links)) + " of " +
          std::to_string(kernel.links.size()) + " hooks attached and pinned below " +
          kernel.directory + "\n";
  text += "  maps:       " + std::to_string(good_parts(kernel.maps)) + " of " +
          std::to_string(kernel.maps.size()) + "\n";
  text += "  generation: " + generation_text(kernel) + "\n";
  text += "  counters:   " + counters_text(kernel) + "\n";
  text += "  canary:     " +
          (evidence.canary.ok() ? evidence.canary.value().detail : std::string("not tried")) + "\n";
  text += "  daemon:     ";
  if (!evidence.daemon.ok())
    text += "not answering; what is in force stays (" + evidence.daemon.error().message + ")\n";
  else if (const std::string complaint = complaint_of(evidence.daemon.value()); !complaint.empty())
    text += paint(Colour::kDoubtful, "complains: ") + complaint + "\n";
  else
    text += "running\n";
  if (evidence.daemon.ok()) {
    if (kernel.is_hidden)
      text += claim_text(evidence.daemon.value());
    text += programs_text(evidence.daemon.value()) + environment_text(evidence.daemon.value()) +
            refusals_text(evidence.daemon.value());
  }
  return text;
}

Colour colour_of(Check::Outcome outcome) {
  if (outcome == Check::Outcome::kOk)
    return Colour::kGood;
  return outcome == Check::Outcome::kWarning ? Colour::kDoubtful : Colour::kBad;
}

std::string check_text(const Check &check) {
  std::string label(outcome_name(check.outcome));
  label.resize(8, ' ');
  std::string text =
      paint(colour_of(check.outcome), label) + check.name + ": " + check.found + "\n";
  if (!check.cost.empty())
    text += wrap("costs: " + check.cost, 10);
  if (!check.fix.empty())
    text += wrap("fix: " + check.fix, 10);
  return text;
}

} // namespace

Answer status(const Arguments &arguments) {
  if (::geteuid() != 0)
    return trouble("only root can read what the kernel enforces; run it as root");
  const Evidence evidence = gather(arguments);
  if (arguments.wants_json())
    print_json(evidence_json(evidence));
  else
    print(evidence_text(evidence));
  return evidence.problems.empty() ? ExitCode::kOk : ExitCode::kNo;
}

/// Whether this program may look at what is in force.
std::optional<Check> check_sight() {
  const KernelStatus kernel = read_kernel_status();
  if (!kernel.is_hidden)
    return std::nullopt;
  return Check{"administration", Check::Outcome::kWarning,
               "the kernel shows this program nothing of what is in force",
               "warrant status can only say what the daemon and the canary say",
               "have an artifact for the content of warrant name the actions exec, map and "
               "administer, for uid 0"};
}

Answer doctor(const Arguments &arguments) {
  std::vector<Check> checks = run_preflight();
  if (const std::optional<Check> sight = ::geteuid() == 0 ? check_sight() : std::nullopt)
    checks.push_back(*sight);
  const bool fit = may_arm(checks);
  if (arguments.wants_json()) {
    print_json({{"fit", fit}, {"checks", checks_to_json(checks)}});
  } else {
    for (const Check &check : checks)
      print(check_text(check));
    print(fit ? paint(Colour::kGood, "This machine can enforce.") + "\n"
              : paint(Colour::kBad, "This machine cannot enforce as it is.") + "\n");
  }
  return fit ? ExitCode::kOk : ExitCode::kNo;
}

Answer reload(const Arguments &arguments) {
  const Json reply = CLI_TRY(
      ask_daemon({{"verb", "reload"}}, arguments.text("--socket"), std::chrono::minutes(2)));
  const auto ok = reply.find("ok");
  const bool done = ok != reply.end() && *ok == true;
  if (arguments.wants_json())
    print_json(reply);
  else if (done)
    print("reloaded\n" + refusals_text(reply));
  else
    print(paint(Colour::kBad, "NOT RELOADED") +
          ", what was in force stays: " + complaint_of(reply) + "\n" + refusals_text(reply));
  return done ? ExitCode::kOk : ExitCode::kNo;
}

} // namespace warrant::cli
