// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "artifacts/time.h"
#include "tools/cli/cmd.h"
#include "tools/cli/describe.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

Try<Role> role_of(const Arguments &arguments, const std::string &name) {
  const std::vector<PublicKey> keys =
      CLI_TRY(load_public_keys(arguments.all("--" + name + "-key")));
  const Role role =
      make_role(keys, static_cast<uint32_t>(std::min<uint64_t>(
                          *arguments.number("--" + name + "-threshold"), kMaxTrustKeys + 1)));
  if (role.threshold < 1 || role.threshold > role.keys.size())
    return usage("--" + name + "-threshold must be 1 to " + std::to_string(role.keys.size()) +
                 ", the number of different --" + name + "-key");
  return role;
}

Json role_json(const Role &role) {
  Json keys = Json::array();
  for (const PublicKey &key : role.keys)
    keys.push_back(key.fingerprint());
  return {{"keys", std::move(keys)}, {"threshold", role.threshold}};
}

Json root_json(const TrustRoot &root, const std::string &path) {
  return {{"file", path},
          {"version", root.version},
          {"expires", format_time(root.expires)},
          {"expired", now() >= root.expires},
          {"roles",
           {{"root", role_json(root.root)},
            {"policy", role_json(root.policy)},
            {"issuer", role_json(root.issuer)}}}};
}

void show(const Arguments &arguments, const TrustRoot &root, const std::string &path) {
  if (arguments.wants_json())
    print_json(root_json(root, path));
  else
    print("trust root " + path + (now() >= root.expires ? paint(Colour::kBad, " (EXPIRED)") : "") +
          "\n" + describe(root));
}

} // namespace

Answer trust_init(const Arguments &arguments) {
  TrustRoot root;
  root.version = static_cast<int64_t>(
      std::min<uint64_t>(*arguments.number("--root-version"), uint64_t{1} << 62));
  root.expires = now() + *arguments.duration("--expires");
  root.root = CLI_TRY(role_of(arguments, "root"));
  root.policy = CLI_TRY(role_of(arguments, "policy"));
  root.issuer = CLI_TRY(role_of(arguments, "issuer"));
  const std::string payload = CLI_TRY(serialize_trust_root(root));
  const std::string path = arguments.text("--out");
  const std::string envelope =
      CLI_TRY(sign(payload, CLI_TRY(load_secret_keys(arguments.all("--root-key")))));
  // What is written must be what a machine will accept.
  CLI_TRY(in_file(path, load_trust_root(view(envelope))));
  CLI_TRY(write_output(arguments, path, envelope));
  show(arguments, root, path);
  return ExitCode::kOk;
}

Answer trust_show(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const Bytes document = CLI_TRY(read_document(path));
  const TrustRoot root = CLI_TRY(in_file(path, load_trust_root(document)));
  show(arguments, root, path);
  return ExitCode::kOk;
}

} // namespace warrant::cli
