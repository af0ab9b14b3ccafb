// SPDX-License-Identifier: Apache-2.0
// warrant simulate: recorded decisions under another policy or other artifacts.
#include <nlohmann/json.hpp>

#include "artifacts/compile.h"
#include "artifacts/json.h"
#include "daemon/source.h"
#include "lineage/reader.h"
#include "lineage/words.h"
#include "tools/cli/chain.h"
#include "tools/cli/cmd.h"
#include "tools/cli/files.h"
#include "tools/cli/lineage_source.h"
#include "tools/cli/output.h"
#include "tools/cli/simulation.h"
#include "tools/cli/trust_files.h"

namespace warrant::cli {
namespace {

Try<std::vector<ArtifactFile>> artifact_files(const std::string &directory) {
  EnvelopeSource::Listing listing = CLI_TRY(DirectorySource(directory).list());
  std::vector<ArtifactFile> files;
  for (const Unreadable &file : listing.unreadable)
    return trouble(file.error.message);
  for (NamedEnvelope &file : listing.envelopes)
    files.push_back({directory + "/" + file.name, std::move(file.bytes)});
  return files;
}

/// Under the policy that is to be tried, signed or still a draft: signing it changes no digest.
Try<Premises> premises_of(const Arguments &arguments) {
  const TrustState trust = CLI_TRY(load_trust_of(arguments, Drafts::kAllow));
  CLI_TRY(check_fallback(arguments, "--artifacts"));
  const std::vector<ArtifactFile> files = CLI_TRY(artifact_files(arguments.text("--artifacts")));
  const Chains chains = verify_together(files, trust, now());
  for (const RefusedFile &file : chains.refused)
    note("warrant: " + file.path + ": refused: " + file.rejection.text() + "\n");
  std::vector<VerifiedAuthorization> artifacts;
  Circumstances circumstances;
  circumstances.modes = trust.policy.scopes;
  circumstances.revocation = trust.revocation ? &trust.revocation->revocation : nullptr;
  for (const auto &[digest, artifact] : chains.verified) {
    artifacts.push_back(artifact);
    // Nobody is ended in a simulation; all may share a bond.
    circumstances.bonds.emplace(artifact.authorization().id, 1);
  }
  Result<Entries, CompileError> entries = compile(artifacts, circumstances);
  if (!entries.ok())
    return trouble(arguments.text("--artifacts") + ": " + entries.error().message);
  Premises premises{std::move(entries).value(), trust.policy.mode, trust.policy.audit, W_FOREVER};
  if (const std::optional<int64_t> fresh = fresh_until(trust))
    premises.lease_until = ClockMap{}.boot_ns(*fresh);
  return premises;
}

std::string outcome_text(const w_decision &decision) {
  if (decision.verdict == W_ALLOW)
    return "allowed (" + kReasonWords.text(decision.reason) + ")";
  return (decision.enforced ? "denied (" : "observed (") + kReasonWords.text(decision.reason) + ")";
}

Json outcome_json(const w_decision &decision) {
  return {{"verdict", kVerdictWords.text(decision.verdict)},
          {"reason", kReasonWords.text(decision.reason)},
          {"enforced", decision.enforced != 0}};
}

Json simulation_json(const Simulation &simulation) {
  Json groups = Json::array();
  for (const ChangedGroup &group : simulation.groups())
    groups.push_back({{"count", group.count},
                      {"request", kRequestWords.text(group.request)},
                      {"path", group.path.escaped()},
                      {"was", outcome_json(group.was)},
                      {"wouldBe", outcome_json(group.would_be)},
                      {"lastId", group.last_id}});
  return {{"decisions", simulation.decisions()},    {"leftOut", simulation.left_out()},
          {"changed", simulation.changed()},        {"refusedAnew", simulation.refused_anew()},
          {"letThrough", simulation.let_through()}, {"groups", std::move(groups)}};
}

std::string simulation_text(const Simulation &simulation) {
  std::string text;
  if (simulation.changed() > 0) {
    Columns columns({"COUNT", "ASKED", "WAS", "WOULD BE", "ID", "FILE"});
    for (const ChangedGroup &group : simulation.groups())
      columns.add({std::to_string(group.count), kRequestWords.text(group.request),
                   outcome_text(group.was), outcome_text(group.would_be), group.last_id,
                   group.path.escaped()});
    text = columns.text();
  }
  text += std::to_string(simulation.changed()) + " of " +
          std::to_string(simulation.decisions() - simulation.left_out()) +
          " decisions would be others: " + std::to_string(simulation.refused_anew()) +
          " that went through would be refused, " + std::to_string(simulation.let_through()) +
          " that were refused would go through";
  if (simulation.left_out() > 0)
    text += "; " + std::to_string(simulation.left_out()) + " requests to write left out";
  return text + "\n";
}

} // namespace

Try<Simulation> run_simulation(const Arguments &arguments) {
  Simulation simulation(CLI_TRY(premises_of(arguments)));
  const std::vector<std::string> files = CLI_TRY(chosen_files(arguments));
  uint64_t records = 0;
  CLI_TRY(read_records(files, [&](const Record &record) {
    simulation.add(record);
    records++;
  }));
  CLI_TRY(check_records(records, files));
  if (arguments.wants_json())
    print_json(simulation_json(simulation));
  else
    print(simulation_text(simulation));
  return simulation;
}

Answer simulate(const Arguments &arguments) {
  const Simulation simulation = CLI_TRY(run_simulation(arguments));
  return simulation.refused_anew() > 0 ? ExitCode::kNo : ExitCode::kOk;
}

} // namespace warrant::cli
