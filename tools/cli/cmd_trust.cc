// SPDX-License-Identifier: Apache-2.0
// warrant trust init, rotate, show.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/time.h"
#include "tools/cli/blame.h"
#include "tools/cli/cmd.h"
#include "tools/cli/describe.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"
#include "tools/cli/roles.h"
#include "tools/cli/signing.h"

namespace warrant::cli {
namespace {

/// Each has a --WORD-key; the first three a --WORD-threshold, too.
constexpr std::string_view kKeyWords[] = {"root",       "policy",     "issuer",
                                          "baseline",   "task",       "revocation",
                                          "enrollment", "breakglass", "lineage"};
constexpr size_t kThresholdWords = 3;

Try<RolePlan> plan_of(const Arguments &arguments) {
  RolePlan plan;
  for (size_t i = 0; i < std::size(kKeyWords); i++) {
    const std::string word(kKeyWords[i]);
    const std::string threshold = "--" + word + "-threshold";
    const std::vector<PublicKey> keys =
        CLI_TRY(load_public_keys(arguments.all("--" + word + "-key")));
    for (const RoleName name : roles_from_word(word)) {
      for (const PublicKey &key : keys)
        plan.add(name, key);
      if (i < kThresholdWords && arguments.has(threshold))
        plan.set_threshold(name, *arguments.number(threshold), threshold);
    }
  }
  CLI_TRY(plan.set_thresholds(arguments));
  return plan;
}

Json role_json(const Role &role) {
  Json keys = Json::array();
  for (const PublicKey &key : role.keys)
    keys.push_back(key.fingerprint());
  return {{"keys", std::move(keys)}, {"threshold", role.threshold}};
}

Json root_json(const TrustRoot &root, const std::string &path) {
  Json roles = Json::object();
  for (size_t i = 0; i < kRoleCount; i++)
    if (!root.roles[i].keys.empty())
      roles[std::string(role_name(static_cast<RoleName>(i)))] = role_json(root.roles[i]);
  return {{"file", path},
          {"version", root.version},
          {"expires", format_time(root.expires)},
          {"expired", now() >= root.expires},
          {"roles", std::move(roles)}};
}

void show(const Arguments &arguments, const TrustRoot &root, const std::string &path) {
  if (arguments.wants_json())
    print_json(root_json(root, path));
  else
    print("trust root " + path + (now() >= root.expires ? paint(Colour::kBad, " (EXPIRED)") : "") +
          "\n" + describe(root));
}

/// "  adds:       task SHA256:...": what differs between two versions.
std::string changes_text(const TrustRoot &before, const TrustRoot &after) {
  std::string text;
  const auto add = [&](std::string_view label, const TrustRoot &more, const TrustRoot &less) {
    for (size_t i = 0; i < kRoleCount; i++)
      for (const PublicKey &key : more.roles[i].keys)
        if (const auto &others = less.roles[i].keys;
            std::find(others.begin(), others.end(), key) == others.end())
          text += "  " + std::string(label) + std::string(role_name(static_cast<RoleName>(i))) +
                  " " + key.fingerprint() + "\n";
  };
  add("adds:       ", after, before);
  add("removes:    ", before, after);
  return text;
}

Try<std::string> sign_root(const Arguments &arguments, const TrustRoot &root,
                           const std::string &more, const std::vector<std::string> &key_files) {
  CLI_TRY(check_target(arguments, arguments.text("--out")));
  const std::string payload = CLI_TRY(from_options(arguments, serialize_trust_root(root)));
  const std::vector<SecretKey> keys = CLI_TRY(load_secret_keys(key_files));
  announce("trust root", describe(root) + more, keys);
  return CLI_TRY(sign(payload, keys));
}

Try<void> apply_changes(const Arguments &arguments, RolePlan &plan) {
  for (const std::string &word : arguments.all("--remove")) {
    const RoleWord parsed = CLI_TRY(parse_role_word("--remove", word));
    const std::string fingerprint = CLI_TRY(fingerprint_of(parsed.value));
    for (const RoleName name : parsed.roles)
      if (!plan.remove(name, fingerprint))
        return usage("--remove " + printable(word) + ": " + std::string(role_name(name)) +
                     " has no such key");
  }
  for (const std::string &word : arguments.all("--add")) {
    const RoleWord parsed = CLI_TRY(parse_role_word("--add", word));
    const PublicKey key = CLI_TRY(load_any_public_key(parsed.value));
    for (const RoleName name : parsed.roles)
      plan.add(name, key);
  }
  return plan.set_thresholds(arguments);
}

} // namespace

Answer trust_init(const Arguments &arguments) {
  const RolePlan plan = CLI_TRY(plan_of(arguments));
  TrustRoot root;
  root.version = static_cast<int64_t>(std::min<uint64_t>(*arguments.number("--root-version"),
                                                         static_cast<uint64_t>(kMaxVersion) + 1));
  root.expires = now() + *arguments.duration("--expires");
  CLI_TRY(plan.apply(root));
  if (root.role(RoleName::kBaseline).keys.empty() && root.role(RoleName::kTask).keys.empty())
    return usage(
        "nobody could sign artifacts: --issuer-key, --baseline-key or --task-key is missing");
  const std::string path = arguments.text("--out");
  const std::string envelope = CLI_TRY(sign_root(arguments, root, "", arguments.all("--root-key")));
  // What is written must be what a machine will accept.
  CLI_TRY(in_file(path, load_trust_root(view(envelope))));
  CLI_TRY(write_output(arguments, path, envelope));
  show(arguments, root, path);
  return ExitCode::kOk;
}

Answer trust_rotate(const Arguments &arguments) {
  const std::string old_path = arguments.text("--trust-root");
  const Bytes document = CLI_TRY(read_document(old_path));
  const SignedTrustRoot old = CLI_TRY(in_file(old_path, load_trust_root(document)));
  RolePlan plan(old.root);
  CLI_TRY(apply_changes(arguments, plan));
  TrustRoot root;
  root.version = old.root.version + 1;
  root.expires = now() + *arguments.duration("--valid-for");
  CLI_TRY(plan.apply(root));
  const std::string path = arguments.text("--out");
  const std::string envelope =
      CLI_TRY(sign_root(arguments, root, changes_text(old.root, root), arguments.all("--key")));
  // What is written must be what a machine that has the old one will accept.
  CLI_TRY(in_file(path, update_trust_root(old, view(envelope))));
  CLI_TRY(write_output(arguments, path, envelope));
  show(arguments, root, path);
  return ExitCode::kOk;
}

Answer trust_show(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const Bytes document = CLI_TRY(read_document(path));
  const SignedTrustRoot loaded = CLI_TRY(in_file(path, load_trust_root(document)));
  show(arguments, loaded.root, path);
  return ExitCode::kOk;
}

} // namespace warrant::cli
