// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/signing.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/manifest.h"
#include "tools/cli/blame.h"
#include "tools/cli/describe.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

constexpr size_t kMaxManifestFile = kMaxManifestRecords * kManifestRecordSize;

/// A signature over a manifest that is not there, or not this one, would help nobody.
Try<void> check_manifest(const Authorization &authorization, const std::string &path) {
  const ByteSource source = CLI_TRY(source_of_file(path));
  CLI_TRY(in_file(path, read_manifest(source, *authorization.manifest, authorization.actions)));
  return {};
}

Try<void> carry_manifest(const Authorization &authorization, const std::string &source,
                         const std::string &target) {
  if (!authorization.manifest)
    return {};
  const std::string name = "/" + manifest_file_name(*authorization.manifest);
  const std::string from = directory_of(source) + name;
  const std::string to = directory_of(target) + name;
  CLI_TRY(check_manifest(authorization, from));
  // Its name is its digest: what is there already under this name is this manifest, or broken.
  if (::access(to.c_str(), F_OK) == 0 && check_manifest(authorization, to).ok())
    return {};
  CLI_TRY(write_file_atomic(to, CLI_TRY(read_file(from, kMaxManifestFile)), 0644));
  return {};
}

/// Refuses first: who reads what is about to be signed must be able to rely on it.
Try<void> announce_artifact(const Arguments &arguments, const Authorization &authorization,
                            const std::vector<SecretKey> &keys) {
  CLI_TRY(check_target(arguments, arguments.text("--out")));
  if (authorization.policy_sha256 == Digest{})
    return trouble(
        "predicate.policy.sha256: the draft names no policy (fix: draft it with "
        "--policy, or sign a baseline with `warrant baseline sign --policy`)");
  announce("artifact", describe(authorization), keys);
  return {};
}

Answer write_artifact(const Arguments &arguments, const Authorization &authorization,
                      const std::string &source, const std::string &envelope) {
  const std::string path = arguments.text("--out");
  const UnverifiedEnvelope written = CLI_TRY(in_file(path, peek_envelope(view(envelope))));
  CLI_TRY(carry_manifest(authorization, source, path));
  CLI_TRY(write_output(arguments, path, envelope));
  const std::string digest = to_hex(sha256(written.payload));
  if (arguments.wants_json())
    print_json({{"file", path},
                {"id", to_hex(authorization.id)},
                {"sha256", digest},
                {"signatures", written.keyids}});
  else
    print("signed artifact " + path + " (" + std::to_string(written.keyids.size()) +
          (written.keyids.size() == 1 ? " signature" : " signatures") +
          ")\n  sha256:     " + digest + "\n");
  return ExitCode::kOk;
}

} // namespace

void announce(std::string_view what, const std::string &description,
              const std::vector<SecretKey> &keys) {
  std::string text = "signing this " + std::string(what) + ":\n" + description;
  for (const SecretKey &key : keys)
    text += "with " + key.public_key().fingerprint() + "\n";
  note(text);
}

Try<std::string> draft_text(const Arguments &arguments, const Authorization &authorization) {
  const std::string payload =
      CLI_TRY(from_options(arguments, serialize_authorization(authorization)));
  return CLI_TRY(parse_json(view(payload))).dump(2) + "\n";
}

Answer sign_and_write(const Arguments &arguments, const Authorization &authorization,
                      const std::string &source) {
  const std::vector<SecretKey> keys = CLI_TRY(load_secret_keys(arguments.all("--key")));
  const std::string payload =
      CLI_TRY(from_options(arguments, serialize_authorization(authorization)));
  CLI_TRY(announce_artifact(arguments, authorization, keys));
  return write_artifact(arguments, authorization, source, CLI_TRY(sign(payload, keys)));
}

Answer add_and_write(const Arguments &arguments, ByteView envelope,
                     const Authorization &authorization, const std::string &source) {
  const std::vector<SecretKey> keys = CLI_TRY(load_secret_keys(arguments.all("--key")));
  CLI_TRY(announce_artifact(arguments, authorization, keys));
  std::string result(text_of(envelope));
  for (const SecretKey &key : keys)
    result = CLI_TRY(in_file(source, add_signature(view(result), key)));
  return write_artifact(arguments, authorization, source, result);
}

} // namespace warrant::cli
