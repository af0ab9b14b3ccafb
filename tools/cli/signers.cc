// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/signers.h"

#include <nlohmann/json.hpp>

#include "artifacts/envelope.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"

namespace warrant::cli {

Try<Signers> signers_of(const Arguments &arguments, RoleName name, const std::string &path,
                        ByteView envelope) {
  const std::string root_path = arguments.text("--trust-root");
  if (root_path.empty())
    return Signers{};
  const Bytes document = CLI_TRY(read_document(root_path));
  const TrustRoot root = CLI_TRY(in_file(root_path, load_trust_root(document))).root;
  const Role &role = root.role(name);
  if (role.keys.empty())
    return trouble(root_path + ": nobody has the role " + std::string(role_name(name)));
  return Signers{
      true, CLI_TRY(in_file(path, verify_envelope(envelope, role.keys, role.threshold))).signers()};
}

std::string signers_mark(const Signers &signers) {
  return signers.verified ? " (signatures verified)"
                          : paint(Colour::kDoubtful, " (UNVERIFIED: give --trust-root)");
}

std::string signers_text(const Signers &signers) {
  std::string text;
  for (const std::string &signer : signers.fingerprints)
    text += "  signed by:  " + signer + "\n";
  return text;
}

void add_signers(Json &json, const Signers &signers) {
  json["verified"] = signers.verified;
  json["signers"] = signers.fingerprints;
}

} // namespace warrant::cli
