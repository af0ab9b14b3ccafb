// SPDX-License-Identifier: Apache-2.0
// warrant artifact lint, export.
#include <nlohmann/json.hpp>

#include "artifacts/envelope.h"
#include "artifacts/in_toto.h"
#include "artifacts/json.h"
#include "artifacts/statement.h"
#include "lineage/text.h"
#include "tools/cli/cmd.h"
#include "tools/cli/files.h"
#include "tools/cli/lint.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

constexpr std::string_view kBundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// An envelope whose signatures nobody has checked, or a draft.
Try<Authorization> read_artifact(const std::string &path) {
  const Bytes document = CLI_TRY(read_document(path));
  if (!is_envelope(CLI_TRY(in_file(path, parse_json(document)))))
    return CLI_TRY(in_file(path, parse_authorization(document)));
  const UnverifiedEnvelope envelope = CLI_TRY(in_file(path, peek_envelope(document)));
  return CLI_TRY(in_file(path, parse_authorization(envelope.payload)));
}

/// The bundle format (sigstore/protobuf-specs, sigstore_bundle.proto): exactly one signature, and a
/// hint by which the verifier finds the key.
Json bundle_json(const UnverifiedEnvelope &envelope, const std::string &hint) {
  Json signature = {{"sig", to_base64(envelope.signatures[0])}};
  if (!envelope.keyids[0].empty())
    signature["keyid"] = envelope.keyids[0];
  return {{"mediaType", kBundleType},
          {"verificationMaterial", {{"publicKey", {{"hint", hint}}}}},
          {"dsseEnvelope",
           {{"payload", to_base64(envelope.payload)},
            {"payloadType", kPayloadType},
            {"signatures", Json::array({std::move(signature)})}}}};
}

} // namespace

Answer artifact_lint(const Arguments &arguments) {
  std::vector<LintedFile> files;
  for (const std::string &path : arguments.operands()) {
    const Result<Bytes> names = read_file(path + ".names", kMaxNamesFile);
    files.push_back({path, find_warnings(CLI_TRY(read_artifact(path)),
                                         names.ok() ? read_names(text_of(names.value()))
                                                    : std::vector<NamedCode>())});
  }
  return say_warnings(arguments, files);
}

Answer artifact_export(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const Bytes document = CLI_TRY(read_document(path));
  const UnverifiedEnvelope envelope = CLI_TRY(in_file(path, peek_envelope(document)));
  CLI_TRY(in_file(path, parse_any_statement(envelope.payload)));
  if (envelope.signatures.size() != 1)
    return trouble(path + ": signatures: " + std::to_string(envelope.signatures.size()) +
                   " of them, but a bundle holds exactly one (fix: export an artifact that one key "
                   "has signed)");
  const std::string hint =
      arguments.has("--key-hint") ? arguments.text("--key-hint") : envelope.keyids[0];
  if (hint.empty())
    return trouble(path + ": signatures[0].keyid: missing (fix: name the key by --key-hint)");
  const std::string out = arguments.text("--out");
  CLI_TRY(write_output(arguments, out, bundle_json(envelope, hint).dump(2) + "\n"));
  if (arguments.wants_json())
    print_json({{"file", out}, {"keyHint", hint}, {"mediaType", kBundleType}});
  else
    print("sigstore bundle " + out + "\n  key hint:   " + Text(hint).escaped() + "\n");
  return ExitCode::kOk;
}

} // namespace warrant::cli
