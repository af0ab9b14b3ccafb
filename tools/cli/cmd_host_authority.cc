// SPDX-License-Identifier: Apache-2.0
// warrant host challenge, approve, show: what the enrollment authority does.
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/endorsement.h"
#include "artifacts/enrollment.h"
#include "artifacts/enrollment_request.h"
#include "lineage/text.h"
#include "tools/cli/blame.h"
#include "tools/cli/cmd.h"
#include "tools/cli/describe.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"
#include "tools/cli/signers.h"
#include "tools/cli/signing.h"
#include "tools/cli/words.h"

namespace warrant::cli {
namespace {

Try<Bytes> read_message(const std::string &path) {
  return CLI_TRY(read_file(path, kMaxEnrollmentMessage));
}

Try<Bytes> certificates_of(const std::vector<std::string> &paths) {
  Bytes all;
  for (const std::string &path : paths) {
    const Bytes file = CLI_TRY(read_file(path, kMaxAnchorFile));
    all.insert(all.end(), file.begin(), file.end());
    all.push_back('\n');
  }
  return all;
}

/// Who vouches for the TPM, in words.
Try<std::string> check_endorsement(const Arguments &arguments, const EnrollmentRequest &request) {
  const EndorsementKey key = CLI_TRY(parse_endorsement_key(request.ek_public));
  const std::string trusted = arguments.text("--trust-ek");
  if (!trusted.empty()) {
    Digest digest{};
    if (!from_hex(trusted, digest))
      return usage("--trust-ek " + printable(trusted) + ": 64 lower-case hex characters expected");
    if (digest != key.sha256)
      return trouble("--trust-ek: the request is of a TPM with another endorsement key, sha256 " +
                     to_hex(key.sha256));
  }
  const Bytes anchors = CLI_TRY(certificates_of(arguments.all("--ca")));
  if (anchors.empty() && !trusted.empty())
    return std::string("--trust-ek");
  if (anchors.empty())
    return usage("nobody vouches for the TPM: --ca or --trust-ek is missing");
  if (!request.ek_certificate)
    return trouble(
        "the TPM has no certificate of its maker (fix: without --ca, with --trust-ek and "
        "the digest that `warrant host enroll` printed on the machine itself)");
  const Bytes between = CLI_TRY(certificates_of(arguments.all("--intermediate")));
  return CLI_TRY(
      check_endorsement_certificate(*request.ek_certificate, key, {anchors, between}, now()));
}

/// For the authority's eyes only.
Try<void> write_secret(const Arguments &arguments, const std::string &path,
                       std::string_view content) {
  CLI_TRY(check_target(arguments, path));
  CLI_TRY(write_file_atomic(path, view(content), 0600,
                            arguments.has("--force") ? Existing::kReplace : Existing::kRefuse));
  return {};
}

Try<EnrollmentExpectation> read_expectation(const std::string &path) {
  const auto is_private = [&path](const struct stat &status) -> Status {
    if ((status.st_mode & 077) != 0)
      return Error{path +
                   ": group or others may read or write it (fix: chmod 600, and challenge "
                   "anew if somebody did)"};
    return {};
  };
  const Bytes text = CLI_TRY(read_file(path, kMaxEnrollmentMessage, is_private));
  return in_file(path, parse_expectation(text));
}

Enrollment enrollment_of(const Arguments &arguments, const EnrollmentRequest &request,
                         const TpmName &name) {
  Enrollment enrollment;
  enrollment.host = arguments.has("--host") ? arguments.text("--host") : request.host;
  enrollment.machine_id = request.machine_id;
  enrollment.ak_name = name;
  enrollment.ak_public = request.ak_public;
  enrollment.ek_sha256 = sha256(request.ek_public);
  enrollment.groups = arguments.all("--group");
  std::sort(enrollment.groups.begin(), enrollment.groups.end());
  enrollment.groups.erase(std::unique(enrollment.groups.begin(), enrollment.groups.end()),
                          enrollment.groups.end());
  enrollment.issued_at = now();
  if (const std::optional<int64_t> lifetime = arguments.duration("--valid-for"))
    enrollment.expires = enrollment.issued_at + *lifetime;
  // A new machine's state has no history yet: it begins where the counter is.
  enrollment.resolves =
      arguments.has("--resolves") ? *arguments.number("--resolves") : request.counter;
  return enrollment;
}

Try<Json> enrollment_json(const Enrollment &enrollment, const std::string &payload,
                          const std::string &path) {
  Json json = CLI_TRY(in_file(path, parse_json(view(payload))))["predicate"];
  json["file"] = path;
  json["sha256"] = to_hex(sha256(view(payload)));
  json["expired"] = is_expired(enrollment, now());
  if (!json.contains("groups"))
    json["groups"] = Json::array();
  return json;
}

} // namespace

Answer host_challenge(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const Bytes text = CLI_TRY(read_message(path));
  const EnrollmentRequest request = CLI_TRY(in_file(path, parse_request(text)));
  Try<std::string> voucher = check_endorsement(arguments, request);
  if (!voucher.ok() && voucher.error().code == ExitCode::kError)
    return trouble(path + ": " + voucher.error().message);
  const std::string by = CLI_TRY(std::move(voucher));
  const std::string out = arguments.text("--out");
  const std::string keep = arguments.text("--keep");
  if (out == keep)
    return usage("--out and --keep are the same file: one goes to the machine, one must not");
  CLI_TRY(check_target(arguments, out));
  const NewChallenge made = CLI_TRY(make_challenge(request, text));
  CLI_TRY(write_secret(arguments, keep, serialize_expectation(made.expectation)));
  CLI_TRY(write_output(arguments, out, serialize_challenge(made.challenge)));
  if (arguments.wants_json()) {
    print_json({{"file", out},
                {"keep", keep},
                {"host", request.host},
                {"akName", to_hex(made.challenge.ak_name)},
                {"ekSha256", to_hex(sha256(request.ek_public))},
                {"vouchedBy", by}});
    return ExitCode::kOk;
  }
  std::string said = "challenge " + out + "\n";
  add_line(said, "host", Text(request.host).escaped());
  add_line(said, "EK", "sha256 " + to_hex(sha256(request.ek_public)));
  add_line(said, "vouched by", by);
  print(said + "next: `warrant host answer " + out + "`, on the machine; keep " + keep +
        " to yourself\n");
  return ExitCode::kOk;
}

Answer host_approve(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const std::vector<SecretKey> keys = CLI_TRY(load_secret_keys(arguments.all("--key")));
  const Bytes text = CLI_TRY(read_message(path));
  const EnrollmentRequest request = CLI_TRY(in_file(path, parse_request(text)));
  const std::string answer_path = arguments.text("--answer");
  const Bytes answer_text = CLI_TRY(read_message(answer_path));
  const EnrollmentAnswer answer = CLI_TRY(in_file(answer_path, parse_answer(answer_text)));
  const EnrollmentExpectation expected = CLI_TRY(read_expectation(arguments.text("--keep")));
  if (const Status checked = check_answer(expected, text, answer); !checked.ok())
    return trouble(path + ": " + checked.error().message);

  const TpmName name = CLI_TRY(parse_attestation_key(request.ak_public)).name;
  const Enrollment enrollment = enrollment_of(arguments, request, name);
  const std::string payload = CLI_TRY(from_options(arguments, serialize_enrollment(enrollment)));
  const std::string out = arguments.text("--out");
  CLI_TRY(check_target(arguments, out));
  announce("enrollment", describe(enrollment), keys);
  CLI_TRY(write_output(arguments, out, CLI_TRY(sign(payload, keys))));
  if (arguments.wants_json())
    print_json(CLI_TRY(enrollment_json(enrollment, payload, out)));
  else
    print("enrollment " + out + "\n" + describe(enrollment));
  return ExitCode::kOk;
}

Answer host_show(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const Bytes document = CLI_TRY(read_document(path));
  const UnverifiedEnvelope envelope = CLI_TRY(in_file(path, peek_envelope(document)));
  const Enrollment enrollment = CLI_TRY(in_file(path, parse_enrollment(envelope.payload)));
  const Signers signers = CLI_TRY(signers_of(arguments, RoleName::kEnrollment, path, document));
  if (arguments.wants_json()) {
    Json json = CLI_TRY(enrollment_json(enrollment, std::string(text_of(envelope.payload)), path));
    add_signers(json, signers);
    print_json(json);
  } else {
    print("enrollment " + path + signers_mark(signers) + "\n" + describe(enrollment) +
          signers_text(signers));
  }
  return ExitCode::kOk;
}

} // namespace warrant::cli
