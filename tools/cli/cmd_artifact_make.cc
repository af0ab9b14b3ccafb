// SPDX-License-Identifier: Apache-2.0
// warrant artifact draft, sign, delegate.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "artifacts/delegation.h"
#include "artifacts/envelope.h"
#include "artifacts/json.h"
#include "artifacts/manifest.h"
#include "tools/cli/cmd.h"
#include "tools/cli/describe.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"
#include "tools/cli/restrictions.h"
#include "tools/cli/signing.h"

namespace warrant::cli {
namespace {

/// An artifact that another one is derived from. Nobody has checked its signatures.
struct Parent {
  Digest sha256{};
  Authorization authorization;
};

Try<Parent> open_parent(const std::string &path) {
  const Bytes document = CLI_TRY(read_document(path));
  const UnverifiedEnvelope envelope = CLI_TRY(in_file(path, peek_envelope(document)));
  return Parent{sha256(envelope.payload),
                CLI_TRY(in_file(path, parse_authorization(envelope.payload)))};
}

Try<std::vector<Subject>> subjects_of(const Arguments &arguments) {
  std::vector<Subject> subjects;
  std::set<std::string> paths;
  for (const std::string &path : arguments.all("--subject")) {
    if (!paths.insert(path).second)
      return usage("--subject " + printable(path) + " is given twice");
    subjects.push_back(CLI_TRY(subject_of(path)));
  }
  return subjects;
}

Try<void> choose_subjects(const Arguments &arguments, Authorization &authorization) {
  authorization.subjects = CLI_TRY(subjects_of(arguments));
  const bool all = arguments.has("--covers-all");
  if (all && !authorization.subjects.empty())
    return usage("--covers-all and --subject exclude each other");
  if (!all && authorization.subjects.empty())
    return usage("--subject FILE is missing");
  if (all && authorization.kind != ArtifactKind::kBreakglass)
    return usage("--covers-all: only with --kind breakglass");
  if (all)
    authorization.covers = Covers::kAll;
  return {};
}

Try<void> choose_parent(const Arguments &arguments, Authorization &authorization) {
  const std::string path = arguments.text("--parent");
  if (path.empty() && arguments.has("--requires-parent"))
    return usage("--requires-parent: there is no --parent");
  if (!path.empty())
    authorization.parent = CLI_TRY(open_parent(path)).sha256;
  return {};
}

/// All that the parent grants, but neither what it says of its own signers, nor jit and recovery,
/// which are passed on only when asked for.
Authorization child_of(const Parent &parent) {
  Authorization child = parent.authorization;
  child.id = new_artifact_id();
  child.kind = ArtifactKind::kTask;
  child.parent = parent.sha256;
  child.requires_parent = false;
  child.delegation.reset();
  child.manifest.reset();
  child.subjects.clear();
  child.jit = child.recovery = false;
  return child;
}

Try<void> check_delegates(const std::string &path, const Parent &parent,
                          const std::vector<SecretKey> &keys) {
  const std::optional<Delegation> &delegation = parent.authorization.delegation;
  if (!delegation)
    return trouble(path + ": predicate.delegation: missing: nobody may issue artifacts within it");
  const std::vector<PublicKey> &delegates = delegation->role.keys;
  for (const SecretKey &key : keys)
    if (std::find(delegates.begin(), delegates.end(), key.public_key()) == delegates.end())
      return trouble(path + ": predicate.delegation.keys: do not name " +
                     key.public_key().fingerprint() + " (fix: sign with the key of a delegate)");
  return {};
}

Try<void> check_narrower(const std::string &path, const Authorization &child,
                         const Authorization &parent) {
  std::vector<ManifestRecord> records;
  if (parent.manifest) {
    const ByteSource source = CLI_TRY(manifests_in(directory_of(path))(*parent.manifest));
    records = CLI_TRY(in_file(path, read_manifest(source, *parent.manifest, parent.actions)));
  }
  if (const auto wider = find_wider({child, {}}, {parent, records}))
    return trouble(wider->field + ": wider than the parent " + path + ": " + wider->detail +
                   " (fix: narrow it, or derive it from an artifact that grants as much)");
  return {};
}

} // namespace

Answer artifact_draft(const Arguments &arguments) {
  Authorization authorization;
  authorization.id = new_artifact_id();
  authorization.kind = *kind_from_name(arguments.text("--kind"));
  authorization.actions = CLI_TRY(parse_actions(
      arguments.has("--action") ? arguments.all("--action")
                                : std::vector<std::string>{arguments.text("--action")}));
  CLI_TRY(apply_restrictions(arguments, authorization));
  CLI_TRY(apply_window(arguments, now(), authorization));
  CLI_TRY(apply_constraints(arguments, authorization));
  CLI_TRY(choose_parent(arguments, authorization));
  authorization.policy_sha256 = CLI_TRY(policy_digest(arguments));
  CLI_TRY(choose_subjects(arguments, authorization));
  const std::string path = arguments.text("--out");
  CLI_TRY(write_output(arguments, path, CLI_TRY(draft_text(arguments, authorization))));
  if (arguments.wants_json())
    print_json({{"file", path},
                {"id", to_hex(authorization.id)},
                {"subjects", authorization.subjects.size()}});
  else
    print("draft " + path + ", not signed yet\n" + describe(authorization));
  return ExitCode::kOk;
}

Answer artifact_sign(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const Bytes document = CLI_TRY(read_document(path));
  const Json json = CLI_TRY(in_file(path, parse_json(document)));
  if (!is_envelope(json))
    return sign_and_write(arguments, CLI_TRY(in_file(path, parse_authorization(document))), path);
  const UnverifiedEnvelope envelope = CLI_TRY(in_file(path, peek_envelope(document)));
  const Authorization authorization = CLI_TRY(in_file(path, parse_authorization(envelope.payload)));
  return add_and_write(arguments, document, authorization, path);
}

Answer artifact_delegate(const Arguments &arguments) {
  const std::string path = arguments.text("--parent");
  const Parent parent = CLI_TRY(open_parent(path));
  CLI_TRY(check_delegates(path, parent, CLI_TRY(load_secret_keys(arguments.all("--key")))));
  Authorization child = child_of(parent);
  if (arguments.has("--action"))
    child.actions = CLI_TRY(parse_actions(arguments.all("--action")));
  CLI_TRY(apply_restrictions(arguments, child));
  CLI_TRY(apply_window(arguments, std::max(now(), child.not_before), child));
  CLI_TRY(apply_constraints(arguments, child));
  child.subjects = CLI_TRY(subjects_of(arguments));
  CLI_TRY(check_narrower(path, child, parent.authorization));
  return sign_and_write(arguments, child, path);
}

} // namespace warrant::cli
