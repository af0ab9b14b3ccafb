// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "tools/cli/cmd.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"

namespace warrant::cli {
Answer key_generate(const Arguments &arguments) {
  const std::string name = arguments.text("--out");
  const std::string secret_path = name + ".key";
  const std::string public_path = name + ".pub";
  const bool force = arguments.has("--force");
  for (const std::string &path : {secret_path, public_path})
    CLI_TRY(check_target(arguments, path));
  const SecretKey key = SecretKey::generate();
  const PublicKey open = key.public_key();
  CLI_TRY(key.save(secret_path, force ? Existing::kReplace : Existing::kRefuse));
  const Try<void> written = write_output(arguments, public_path, serialize_public_key(open));
  if (!written.ok() && !force)
    ::unlink(secret_path.c_str()); // half a key helps nobody
  CLI_TRY(written);
  if (arguments.wants_json())
    print_json({{"fingerprint", open.fingerprint()},
                {"privateKey", secret_path},
                {"publicKey", public_path}});
  else
    print(open.fingerprint() + "\n  private key: " + secret_path + " (keep it secret)\n" +
          "  public key:  " + public_path + "\n");
  return ExitCode::kOk;
}

Answer key_show(const Arguments &arguments) {
  const PublicKey key = CLI_TRY(load_any_public_key(arguments.operand()));
  if (arguments.wants_json())
    print_json({{"fingerprint", key.fingerprint()}, {"key", to_base64(key.bytes())}});
  else
    print(key.fingerprint() + "\n  Ed25519 " + to_base64(key.bytes()) + "\n");
  return ExitCode::kOk;
}

} // namespace warrant::cli
