// SPDX-License-Identifier: Apache-2.0
// warrant policy draft, sign, show, lint.
#include <nlohmann/json.hpp>

#include "artifacts/json.h"
#include "tools/cli/blame.h"
#include "tools/cli/cmd.h"
#include "tools/cli/describe.h"
#include "tools/cli/files.h"
#include "tools/cli/lint.h"
#include "tools/cli/output.h"
#include "tools/cli/policy_flags.h"
#include "tools/cli/signers.h"
#include "tools/cli/signing.h"

namespace warrant::cli {
namespace {

bool is_expired(const Policy &policy) {
  return policy.expires && now() >= *policy.expires;
}

/// The predicate, and what is not in it.
Try<Json> policy_json(const Policy &policy, const Digest &digest, const std::string &path) {
  const std::string payload = CLI_TRY(serialize_policy(policy));
  Json json = CLI_TRY(parse_json(view(payload)))["predicate"];
  json["file"] = path;
  json["sha256"] = to_hex(digest);
  if (!policy.expires)
    json["expires"] = nullptr;
  json["expired"] = is_expired(policy);
  return json;
}

Answer say_signed(const Arguments &arguments, const Policy &policy, const std::string &path,
                  const std::string &envelope) {
  const Digest digest = sha256(CLI_TRY(in_file(path, peek_envelope(view(envelope)))).payload);
  CLI_TRY(write_output(arguments, path, envelope));
  if (arguments.wants_json())
    print_json(CLI_TRY(policy_json(policy, digest, path)));
  else
    print("policy " + path + "\n  sha256:     " + to_hex(digest) + "\n" + describe(policy));
  return ExitCode::kOk;
}

Try<std::string> sign_policy(const Arguments &arguments, const Policy &policy,
                             const std::vector<SecretKey> &keys) {
  const std::string payload = CLI_TRY(from_options(arguments, serialize_policy(policy)));
  announce("policy", describe(policy), keys);
  return CLI_TRY(sign(payload, keys));
}

/// Signed by others already: their signatures stay.
Try<std::string> sign_too(const std::string &path, ByteView envelope, const Policy &policy,
                          const std::vector<SecretKey> &keys) {
  announce("policy", describe(policy), keys);
  std::string result(text_of(envelope));
  for (const SecretKey &key : keys)
    result = CLI_TRY(in_file(path, add_signature(view(result), key)));
  return result;
}

} // namespace

Answer policy_draft(const Arguments &arguments) {
  const Policy policy = CLI_TRY(policy_of_flags(arguments));
  const std::string path = arguments.text("--out");
  CLI_TRY(write_output(arguments, path, CLI_TRY(policy_draft_text(arguments, policy))));
  if (arguments.wants_json())
    print_json({{"file", path}, {"version", policy.version}});
  else
    print("draft " + path + ", not signed yet\n" + describe(policy));
  return ExitCode::kOk;
}

Answer policy_sign(const Arguments &arguments) {
  const std::string out = arguments.text("--out");
  CLI_TRY(check_target(arguments, out));
  const std::vector<SecretKey> keys = CLI_TRY(load_secret_keys(arguments.all("--key")));
  if (arguments.operands().empty()) {
    const Policy policy = CLI_TRY(policy_of_flags(arguments));
    return say_signed(arguments, policy, out, CLI_TRY(sign_policy(arguments, policy, keys)));
  }
  CLI_TRY(refuse_policy_flags(arguments));
  const std::string &path = arguments.operand();
  const Bytes document = CLI_TRY(read_document(path));
  const Policy policy = CLI_TRY(read_policy(path, document));
  const bool has_signatures = is_envelope(CLI_TRY(in_file(path, parse_json(document))));
  return say_signed(arguments, policy, out,
                    has_signatures ? CLI_TRY(sign_too(path, document, policy, keys))
                                   : CLI_TRY(sign_policy(arguments, policy, keys)));
}

Answer policy_show(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const Bytes document = CLI_TRY(read_document(path));
  const UnverifiedEnvelope envelope = CLI_TRY(in_file(path, peek_envelope(document)));
  const Policy policy = CLI_TRY(in_file(path, parse_policy(envelope.payload)));
  const Signers signers = CLI_TRY(signers_of(arguments, RoleName::kPolicy, path, document));
  const Digest digest = sha256(envelope.payload);
  if (arguments.wants_json()) {
    Json json = CLI_TRY(policy_json(policy, digest, path));
    add_signers(json, signers);
    print_json(json);
  } else {
    print("policy " + path + signers_mark(signers) +
          (is_expired(policy) ? paint(Colour::kBad, " (EXPIRED)") : "") +
          "\n  sha256:     " + to_hex(digest) + "\n" + describe(policy) + signers_text(signers));
  }
  return ExitCode::kOk;
}

Answer policy_lint(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const Policy policy = CLI_TRY(read_policy(path, CLI_TRY(read_document(path))));
  const std::string previous_path = arguments.text("--previous");
  std::optional<Policy> previous;
  if (!previous_path.empty())
    previous = CLI_TRY(read_policy(previous_path, CLI_TRY(read_document(previous_path))));
  return say_warnings(arguments, {{path, find_warnings(policy, previous ? &*previous : nullptr)}});
}

} // namespace warrant::cli
