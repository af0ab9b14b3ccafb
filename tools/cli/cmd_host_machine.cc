// SPDX-License-Identifier: Apache-2.0
// warrant host enroll, answer: what a machine's TPM does for its enrollment.
#include <nlohmann/json.hpp>

#include "artifacts/enrollment.h"
#include "artifacts/enrollment_request.h"
#include "daemon/tpm.h"
#include "lineage/text.h"
#include "tools/cli/cmd.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"
#include "tools/cli/tpm_options.h"
#include "tools/cli/words.h"

namespace warrant::cli {
namespace {

Try<std::string> machine_id_of(const Arguments &arguments) {
  const std::string path = arguments.text("--machine-id");
  const Bytes file = CLI_TRY(read_file(path, 64));
  std::string_view text = text_of(file);
  if (text.ends_with('\n'))
    text.remove_suffix(1);
  if (!is_machine_id(text))
    return trouble(path + ": is no machine id (32 lower-case hex digits, see machine-id(5))");
  return std::string(text);
}

struct Made {
  EnrollmentRequest request;
  TpmName name{};
};

Try<Made> make_request(const Arguments &arguments) {
  const uint32_t handle = CLI_TRY(handle_of(arguments, "--handle"));
  const uint32_t counter = CLI_TRY(handle_of(arguments, "--counter"));
  Made made;
  made.request.host = arguments.has("--host") ? arguments.text("--host") : host_name();
  made.request.machine_id = CLI_TRY(machine_id_of(arguments));
  Tpm tpm = CLI_TRY(Tpm::open(arguments.text("--tcti")));
  made.request.ak_public = CLI_TRY(tpm.make_attestation_key(handle));
  made.name = CLI_TRY(parse_attestation_key(made.request.ak_public)).name;
  made.request.ek_public = CLI_TRY(tpm.endorsement_public());
  made.request.ek_certificate = CLI_TRY(tpm.endorsement_certificate());
  CLI_TRY(tpm.make_counter(counter));
  made.request.counter = CLI_TRY(tpm.read_counter(counter)).value_or(0);
  return made;
}

void print_made(const Arguments &arguments, const Made &made) {
  const std::string ek = to_hex(sha256(made.request.ek_public));
  const std::string path = arguments.text("--out");
  if (arguments.wants_json()) {
    print_json({{"file", path},
                {"host", made.request.host},
                {"machineId", made.request.machine_id},
                {"akName", to_hex(made.name)},
                {"akHandle", arguments.text("--handle")},
                {"ekSha256", ek},
                {"ekCertified", made.request.ek_certificate.has_value()},
                {"counterIndex", arguments.text("--counter")},
                {"counter", made.request.counter}});
    return;
  }
  std::string text = "enrollment request " + path + "\n";
  add_line(text, "host", Text(made.request.host).escaped());
  add_line(text, "machine id", made.request.machine_id);
  add_line(text, "key", arguments.text("--handle") + ", name " + to_hex(made.name));
  add_line(text, "EK", "sha256 " + ek);
  add_line(text, "certificate",
           made.request.ek_certificate ? "by the TPM's maker" : "none: its maker left none");
  add_line(text, "counter",
           arguments.text("--counter") + ", at " + std::to_string(made.request.counter));
  print(text + "next: `warrant host challenge " + path + "`, by the enrollment authority\n");
}

} // namespace

Answer host_enroll(const Arguments &arguments) {
  const std::string path = arguments.text("--out");
  CLI_TRY(check_target(arguments, path));
  const Made made = CLI_TRY(make_request(arguments));
  const std::string text = serialize_request(made.request);
  const Checked<EnrollmentRequest> read_back = parse_request(view(text));
  if (!read_back.ok() || read_back.value() != made.request)
    return usage("--host " + printable(made.request.host) + ": 1 to 253 bytes of UTF-8 expected");
  CLI_TRY(write_output(arguments, path, text));
  print_made(arguments, made);
  return ExitCode::kOk;
}

Answer host_answer(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const uint32_t handle = CLI_TRY(handle_of(arguments, "--handle"));
  const Bytes text = CLI_TRY(read_file(path, kMaxEnrollmentMessage));
  const EnrollmentChallenge challenge = CLI_TRY(in_file(path, parse_challenge(text)));
  const std::string out = arguments.text("--out");
  CLI_TRY(check_target(arguments, out));
  Tpm tpm = CLI_TRY(Tpm::open(arguments.text("--tcti")));
  const std::optional<Bytes> area = CLI_TRY(tpm.attestation_key(handle));
  if (!area)
    return trouble("no key at " + arguments.text("--handle") +
                   " (fix: `warrant host enroll`, on this machine)");
  if (CLI_TRY(parse_attestation_key(*area)).name != challenge.ak_name)
    return trouble(path + ": the challenge is for another attestation key than the one at " +
                   arguments.text("--handle") +
                   " (fix: `warrant host enroll` anew, on this "
                   "machine)");
  Result<Bytes> secret =
      tpm.activate_credential(handle, challenge.credential.blob, challenge.credential.secret);
  if (!secret.ok())
    return trouble(path + ": this TPM cannot answer it: " + secret.error().message);
  if (secret.value().size() != kEnrollmentSecret)
    return trouble(path + ": what it hides is no secret of an enrollment");
  CLI_TRY(write_output(arguments, out, serialize_answer({std::move(secret).value()})));
  if (arguments.wants_json())
    print_json({{"file", out}, {"akName", to_hex(challenge.ak_name)}});
  else
    print("answer " + out + "\nnext: `warrant host approve`, by the enrollment authority\n");
  return ExitCode::kOk;
}

} // namespace warrant::cli
