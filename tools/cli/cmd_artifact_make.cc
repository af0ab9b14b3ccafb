// SPDX-License-Identifier: Apache-2.0
// warrant artifact draft, warrant artifact sign.
#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "artifacts/envelope.h"
#include "artifacts/json.h"
#include "daemon/unique_fd.h"
#include "tools/cli/cmd.h"
#include "tools/cli/describe.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"
#include "tools/cli/restrictions.h"
#include "tools/cli/signing.h"
#include "tools/cli/verity.h"

namespace warrant::cli {
namespace {

Try<Subject> subject_of(const std::string &path) {
  const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (opened < 0)
    return trouble(path + ": cannot open: " + std::strerror(errno));
  const UniqueFd fd(opened);
  Result<Digest> digest = sha256_of_fd(fd.get());
  if (!digest.ok())
    return as_failure(std::move(digest).error().context(path));
  return Subject{path, digest.value(), verity_of_fd(fd.get())};
}

/// An envelope says so in its first level; a draft is a bare statement.
bool is_envelope(const Json &document) {
  return document.is_object() && document.contains("payloadType");
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
  authorization.policy_sha256 = CLI_TRY(policy_digest(arguments.text("--policy")));
  for (const std::string &path : arguments.all("--subject"))
    authorization.subjects.push_back(CLI_TRY(subject_of(path)));
  const std::string path = arguments.text("--out");
  CLI_TRY(write_output(arguments, path, CLI_TRY(draft_text(authorization))));
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

} // namespace warrant::cli
