// SPDX-License-Identifier: Apache-2.0
// warrant attest challenge, quote: a question to a host, and what its TPM says.
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "artifacts/enrollment.h"
#include "artifacts/random.h"
#include "daemon/attestation.h"
#include "daemon/recorder.h"
#include "lineage/text.h"
#include "tools/cli/attestation.h"
#include "tools/cli/cmd.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"
#include "tools/cli/tpm_options.h"
#include "tools/cli/words.h"

namespace warrant::cli {
namespace {

constexpr size_t kFreshChallenge = 32; // bytes

Try<PcrMask> pcrs_of_options(const Arguments &arguments, PcrMask fallback) {
  PcrMask pcrs = 0;
  for (const std::string &text : arguments.all("--pcr")) {
    const uint64_t pcr = std::stoull(text); // the table says that it is a number
    if (pcr >= kPcrCount)
      return usage("--pcr " + text + ": 0 to 23 expected");
    pcrs |= PcrMask{1} << pcr;
  }
  return pcrs == 0 ? fallback : pcrs;
}

Try<AttestationRequest> request_of(const Arguments &arguments) {
  AttestationRequest request;
  request.challenge = CLI_TRY(challenge_of(arguments));
  request.key_handle = CLI_TRY(handle_of(arguments, "--handle"));
  request.pcrs = CLI_TRY(pcrs_of_options(arguments, request.pcrs));
  request.enrollment = CLI_TRY(read_document_of(arguments, "--enrollment"));
  request.boot_log = arguments.text("--boot-log");
  if (!arguments.has("--boot-log") && ::access(request.boot_log->c_str(), F_OK) != 0)
    request.boot_log.reset();
  if (arguments.has("--ima-log"))
    request.ima_log = arguments.text("--ima-log");
  const std::string checkpoint = arguments.text("--checkpoint");
  if (arguments.has("--checkpoint") || ::access(checkpoint.c_str(), F_OK) == 0) {
    const Bytes text = CLI_TRY(read_file(checkpoint, kMaxCheckpoint));
    request.checkpoint = std::string(text_of(text));
  }
  request.notes = arguments.text("--state") + "/state/boot.json";
  request.boot = CLI_TRY(read_boot_id());
  request.time = now();
  return request;
}

/// Before the TPM is asked for something that nobody could verify.
Try<Enrollment> check_key(const Arguments &arguments, Tpm &tpm, const AttestationRequest &request) {
  const std::string path = arguments.text("--enrollment");
  const UnverifiedEnvelope envelope = CLI_TRY(in_file(path, peek_envelope(request.enrollment)));
  Enrollment enrollment = CLI_TRY(in_file(path, parse_enrollment(envelope.payload)));
  const std::optional<Bytes> area = CLI_TRY(tpm.attestation_key(request.key_handle));
  if (!area)
    return trouble("no key at " + arguments.text("--handle") +
                   " (fix: `warrant host enroll`, on this machine)");
  if (CLI_TRY(parse_attestation_key(*area)).name != enrollment.ak_name)
    return trouble(path + ": it enrolls another attestation key than the one at " +
                   arguments.text("--handle") + " (fix: enroll this machine anew)");
  return enrollment;
}

} // namespace

Try<Bytes> challenge_of(const Arguments &arguments) {
  const std::string text = arguments.text("--challenge");
  Bytes challenge(text.size() / 2);
  if (challenge.size() < kMinChallenge || challenge.size() > kMaxChallenge ||
      !from_hex(text, challenge))
    return usage("--challenge " + printable(text) +
                 ": 32 to 128 lower-case hex characters expected (fix: take what `warrant attest "
                 "challenge` prints)");
  return challenge;
}

Answer attest_challenge(const Arguments &arguments) {
  Bytes challenge(kFreshChallenge);
  fill_random(challenge);
  if (arguments.wants_json())
    print_json({{"challenge", to_hex(challenge)}});
  else
    print(to_hex(challenge) + "\n");
  return ExitCode::kOk;
}

Answer attest_quote(const Arguments &arguments) {
  const std::string path = arguments.text("--out");
  const AttestationRequest request = CLI_TRY(request_of(arguments));
  CLI_TRY(check_target(arguments, path));
  Tpm tpm = CLI_TRY(Tpm::open(arguments.text("--tcti")));
  const Enrollment enrollment = CLI_TRY(check_key(arguments, tpm, request));
  const AttestationBundle bundle = CLI_TRY(attest(tpm, request));
  CLI_TRY(write_output(arguments, path, CLI_TRY(serialize_bundle(bundle))));
  Json pcrs = Json::array();
  for (const auto &[pcr, value] : bundle.pcrs)
    pcrs.push_back(pcr);
  if (arguments.wants_json()) {
    print_json({{"file", path},
                {"host", enrollment.host},
                {"challenge", to_hex(bundle.claims.challenge)},
                {"pcrs", pcrs},
                {"bootLog", bundle.claims.boot_log.has_value()},
                {"imaLog", bundle.claims.ima_log.has_value()},
                {"measurements", bundle.claims.measurements.size()}});
    return ExitCode::kOk;
  }
  std::string text = "attestation bundle " + path + "\n";
  add_line(text, "host", Text(enrollment.host).escaped());
  add_line(text, "PCRs", pcrs.dump());
  add_line(text, "boot log", bundle.claims.boot_log ? "in it" : "none");
  add_line(text, "IMA log", bundle.claims.ima_log ? "in it" : "none");
  add_line(text, "policies", std::to_string(bundle.claims.measurements.size()) + " measured");
  print(text + "next: `warrant attest verify " + path + "`, by whoever gave the challenge\n");
  return ExitCode::kOk;
}

} // namespace warrant::cli
