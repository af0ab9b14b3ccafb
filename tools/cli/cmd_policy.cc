// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "artifacts/names.h"
#include "artifacts/time.h"
#include "tools/cli/cmd.h"
#include "tools/cli/describe.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

Try<std::vector<Filesystem>> filesystems_of(const Arguments &arguments) {
  const std::span<const Filesystem> known = known_filesystems();
  const std::vector<std::string> names = arguments.all("--filesystem");
  if (names.empty())
    return std::vector<Filesystem>(known.begin(), known.end());
  std::vector<Filesystem> chosen;
  std::string words;
  for (const Filesystem &filesystem : known)
    words += (words.empty() ? "" : ", ") + std::string(filesystem.name);
  for (const std::string &name : names) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const Filesystem &one) { return one.name == name; });
    if (found == known.end())
      return usage("--filesystem " + printable(name) + ": one of " + words + " expected");
    if (std::find(chosen.begin(), chosen.end(), *found) == chosen.end())
      chosen.push_back(*found);
  }
  return chosen;
}

Json policy_json(const Policy &policy, const Digest &digest, const std::string &path) {
  Json filesystems = Json::array();
  for (const Filesystem &filesystem : policy.filesystems)
    filesystems.push_back(filesystem.name);
  return {{"file", path},
          {"sha256", to_hex(digest)},
          {"mode", mode_name(policy.mode)},
          {"audit", audit_name(policy.audit)},
          {"filesystems", std::move(filesystems)},
          {"issuedAt", format_time(policy.issued_at)},
          {"expires", policy.expires ? Json(format_time(*policy.expires)) : Json(nullptr)}};
}

} // namespace

Answer policy_sign(const Arguments &arguments) {
  Policy policy;
  policy.mode = *mode_from_name(arguments.text("--mode"));
  policy.audit = *audit_from_name(arguments.text("--audit"));
  policy.filesystems = CLI_TRY(filesystems_of(arguments));
  policy.issued_at = now();
  if (const auto duration = arguments.duration("--expires"))
    policy.expires = policy.issued_at + *duration;
  const std::string payload = CLI_TRY(serialize_policy(policy));
  const std::string envelope =
      CLI_TRY(sign(payload, CLI_TRY(load_secret_keys(arguments.all("--key")))));
  const std::string path = arguments.text("--out");
  CLI_TRY(write_output(arguments, path, envelope));
  const Digest digest = sha256(view(payload));
  if (arguments.wants_json())
    print_json(policy_json(policy, digest, path));
  else
    print("policy " + path + "\n  sha256:     " + to_hex(digest) + "\n" + describe(policy));
  return ExitCode::kOk;
}

Answer policy_show(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const std::string root_path = arguments.text("--trust-root");
  const Bytes document = CLI_TRY(read_document(path));
  const UnverifiedEnvelope envelope = CLI_TRY(in_file(path, peek_envelope(document)));
  const Policy policy = CLI_TRY(in_file(path, parse_policy(envelope.payload)));
  std::vector<std::string> signers;
  if (!root_path.empty()) {
    const Bytes root = CLI_TRY(read_document(root_path));
    const Role role = CLI_TRY(in_file(root_path, load_trust_root(root))).policy;
    signers =
        CLI_TRY(in_file(path, verify_envelope(document, role.keys, role.threshold))).signers();
  }
  const Digest digest = sha256(envelope.payload);
  if (arguments.wants_json()) {
    Json json = policy_json(policy, digest, path);
    json["verified"] = !root_path.empty();
    json["signers"] = signers;
    print_json(json);
    return ExitCode::kOk;
  }
  std::string text = "policy " + path;
  text += root_path.empty() ? paint(Colour::kDoubtful, " (UNVERIFIED: give --trust-root)")
                            : " (signatures verified)";
  text += "\n  sha256:     " + to_hex(digest) + "\n" + describe(policy);
  for (const std::string &signer : signers)
    text += "  signed by:  " + signer + "\n";
  print(text);
  return ExitCode::kOk;
}

} // namespace warrant::cli
