// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/trust_files.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tools/cli/files.h"
#include "tools/cli/policy_flags.h"

namespace warrant::cli {
namespace {

/// Empty if none is meant.
std::string revocation_path(const Arguments &arguments) {
  const bool installed = !arguments.has("--revocation") && !arguments.has("--policy") &&
                         ::access(kRevocationFile, F_OK) == 0;
  return installed ? kRevocationFile : arguments.text("--revocation");
}

Try<SignedPolicy> load_policy_of(const Arguments &arguments, const Role &authority, Drafts drafts) {
  const std::string path = arguments.text("--policy");
  const Bytes document = CLI_TRY(read_document_of(arguments, "--policy"));
  if (drafts == Drafts::kRefuse || is_envelope(CLI_TRY(in_file(path, parse_json(document)))))
    return CLI_TRY(in_file(path, load_policy(document, authority)));
  Policy policy = CLI_TRY(read_policy(path, document));
  const std::string payload = CLI_TRY(serialize_policy(policy));
  return SignedPolicy{std::move(policy), sha256(view(payload))};
}

} // namespace

Try<TrustState> load_trust_of(const Arguments &arguments, Drafts drafts) {
  const std::string root_path = arguments.text("--trust-root");
  const Bytes document = CLI_TRY(read_document_of(arguments, "--trust-root"));
  const SignedTrustRoot root = CLI_TRY(in_file(root_path, load_trust_root(document)));
  const SignedPolicy policy =
      CLI_TRY(load_policy_of(arguments, root.root.role(RoleName::kPolicy), drafts));
  TrustState trust;
  trust.root = root.root;
  trust.root_sha256 = root.sha256;
  trust.policy = policy.policy;
  trust.policy_sha256 = policy.sha256;
  if (const std::string path = revocation_path(arguments); !path.empty()) {
    const Bytes list = CLI_TRY(read_document(path));
    trust.revocation =
        CLI_TRY(in_file(path, load_revocation(list, root.root.role(RoleName::kRevocation))));
  }
  trust.host = arguments.has("--host") ? arguments.text("--host") : host_name();
  return trust;
}

} // namespace warrant::cli
