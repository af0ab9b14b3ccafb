// SPDX-License-Identifier: Apache-2.0
// warrant attest verify, show: a host's bundle, anywhere.
#include <nlohmann/json.hpp>

#include "artifacts/attestation_report.h"
#include "artifacts/time.h"
#include "lineage/text.h"
#include "tools/cli/attestation.h"
#include "tools/cli/cmd.h"
#include "tools/cli/files.h"
#include "tools/cli/log_options.h"
#include "tools/cli/output.h"
#include "tools/cli/words.h"

namespace warrant::cli {
namespace {

constexpr size_t kLabel = 12; // "not proven: "

std::string finding_line(const Finding &finding) {
  std::string label = std::string(proof_name(finding.proof)) + ":";
  const size_t width = label.size();
  if (finding.proof == Proof::kRefuted)
    label = paint(Colour::kBad, label);
  else if (finding.proof == Proof::kUnproven)
    label = paint(Colour::kDoubtful, label);
  return "  " + label + std::string(width < kLabel ? kLabel - width : 1, ' ') + finding.text + "\n";
}

void print_report(const Arguments &arguments, const AttestationReport &report) {
  const std::string &path = arguments.operand();
  if (arguments.wants_json()) {
    Json json = {{"file", path}, {"proven", report.is_proven()}, {"findings", Json::array()}};
    if (report.enrollment) {
      json["host"] = report.enrollment->host;
      json["machineId"] = report.enrollment->machine_id;
      json["akName"] = to_hex(report.enrollment->ak_name);
      json["groups"] = report.enrollment->groups;
    }
    if (report.quote) {
      json["clockMilliseconds"] = report.quote->clock;
      json["resets"] = report.quote->resets;
      json["restarts"] = report.quote->restarts;
      json["firmware"] = report.quote->firmware;
    }
    for (const Finding &finding : report.findings)
      json["findings"].push_back({{"proof", proof_name(finding.proof)}, {"text", finding.text}});
    print_json(json);
    return;
  }
  std::string text =
      path + ": " +
      (report.is_proven() ? paint(Colour::kGood, "PROVEN") : paint(Colour::kBad, "NOT PROVEN")) +
      "\n";
  for (const Finding &finding : report.findings)
    text += finding_line(finding);
  print(text);
}

std::string size_text(const std::optional<Bytes> &bytes) {
  return bytes ? std::to_string(bytes->size()) + " bytes, sha256 " + to_hex(sha256(*bytes))
               : "none";
}

Json claims_json(const AttestationClaims &claims) {
  Json json = {{"challenge", to_hex(claims.challenge)},
               {"commandLine", printable(claims.command_line, kMaxCommandLine)},
               {"enrollmentSha256", to_hex(sha256(claims.enrollment))},
               {"measurements", measurements_json(claims.measurements)},
               {"release", claims.release},
               {"time", format_time(claims.time)}};
  if (claims.boot_log)
    json["bootLogSha256"] = to_hex(sha256(*claims.boot_log));
  if (claims.ima_log)
    json["imaLogSha256"] = to_hex(sha256(*claims.ima_log));
  if (claims.lockdown)
    json["lockdown"] = lockdown_name(*claims.lockdown);
  if (claims.checkpoint)
    json["checkpoint"] = *claims.checkpoint;
  return json;
}

std::string describe_bundle(const AttestationBundle &bundle) {
  const AttestationClaims &claims = bundle.claims;
  std::string text;
  add_line(text, "challenge", to_hex(claims.challenge));
  add_line(text, "time", time_text(claims.time));
  add_line(text, "kernel", Text(claims.release).escaped());
  add_line(text, "command", printable(claims.command_line, kMaxCommandLine));
  add_line(text, "lockdown", claims.lockdown ? std::string(lockdown_name(*claims.lockdown)) : "");
  add_line(text, "enrollment", size_text(claims.enrollment));
  add_line(text, "boot log", size_text(claims.boot_log));
  add_line(text, "IMA log", size_text(claims.ima_log));
  if (claims.checkpoint)
    add_line(text, "checkpoint", Text(*claims.checkpoint).escaped());
  for (const Measurement &measurement : claims.measurements)
    add_line(text, "policy",
             to_hex(measurement.policy) + ", trust root " + to_hex(measurement.root) +
                 ", into PCR " + std::to_string(measurement.pcr));
  for (const auto &[pcr, value] : bundle.pcrs)
    add_line(text, "PCR " + std::to_string(pcr), to_hex(value));
  return text;
}

/// From this quote on the log has at least these entries, and a shorter one was cut.
Finding log_finding(const AttestationClaims &claims, const NoteKey &key) {
  if (!claims.checkpoint)
    return {Proof::kRefuted, "the quote is not bound to a checkpoint of the log of records"};
  const Result<SignedCheckpoint> opened = open_checkpoint(*claims.checkpoint, key);
  if (!opened.ok())
    return {Proof::kRefuted, "the log checkpoint: " + opened.error().message};
  return {Proof::kProven, "bound to the log " + checkpoint_text(opened.value())};
}

Try<void> judge_log(const Arguments &arguments, const AttestationClaims &claims,
                    AttestationReport &report) {
  if (arguments.has("--log-key"))
    report.findings.push_back(
        log_finding(claims, CLI_TRY(verifier_key_of(arguments.text("--log-key")))));
  if (!arguments.has("--checkpoint-out") || !report.is_proven())
    return {};
  if (!claims.checkpoint)
    return trouble("--checkpoint-out: the quote is not bound to a checkpoint");
  return write_output(arguments, arguments.text("--checkpoint-out"), *claims.checkpoint);
}

} // namespace

Answer attest_verify(const Arguments &arguments) {
  if (arguments.has("--profile") && !arguments.has("--policy"))
    return usage("--profile is of a policy: --policy is missing");
  const std::string root_path = arguments.text("--trust-root");
  const Bytes root_document = CLI_TRY(read_document_of(arguments, "--trust-root"));
  const SignedTrustRoot root = CLI_TRY(in_file(root_path, load_trust_root(root_document)));
  AttestationTerms terms{root, CLI_TRY(challenge_of(arguments)), now(), nullptr, std::nullopt};
  std::optional<SignedPolicy> policy;
  if (arguments.has("--policy")) {
    const std::string path = arguments.text("--policy");
    const Bytes document = CLI_TRY(read_document(path));
    policy = CLI_TRY(in_file(path, load_policy(document, root.root.role(RoleName::kPolicy))));
    terms.policy = &*policy;
  }
  if (arguments.has("--profile")) {
    terms.profile = arguments.text("--profile");
    if (!policy->policy.environments.contains(*terms.profile))
      return usage("--profile " + printable(*terms.profile) + ": the policy has none of this name");
  }
  const Bytes text = CLI_TRY(read_file(arguments.operand(), kMaxBundle));
  const Checked<AttestationBundle> bundle = parse_bundle(text);
  AttestationReport report;
  if (bundle.ok())
    report = verify_bundle(bundle.value(), terms);
  else
    report.findings.push_back({Proof::kRefuted, "the bundle: " + bundle.error().text()});
  if (bundle.ok())
    CLI_TRY(judge_log(arguments, bundle.value().claims, report));
  print_report(arguments, report);
  return report.is_proven() ? ExitCode::kOk : ExitCode::kNo;
}

Answer attest_show(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const Bytes text = CLI_TRY(read_file(path, kMaxBundle));
  const AttestationBundle bundle = CLI_TRY(in_file(path, parse_bundle(text)));
  if (arguments.wants_json()) {
    Json pcrs = Json::object();
    for (const auto &[pcr, value] : bundle.pcrs)
      pcrs[std::to_string(pcr)] = to_hex(value);
    print_json({{"file", path},
                {"verified", false},
                {"claims", claims_json(bundle.claims)},
                {"pcrs", std::move(pcrs)}});
  } else {
    print("attestation bundle " + path + " (UNVERIFIED: `warrant attest verify`)\n" +
          describe_bundle(bundle));
  }
  return ExitCode::kOk;
}

} // namespace warrant::cli
