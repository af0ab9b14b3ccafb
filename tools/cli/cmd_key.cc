// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "tools/cli/cmd.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

struct KeyFiles {
  std::string secret;
  std::string open;
};

Try<void> refuse_existing(const KeyFiles &files) {
  for (const std::string *path : {&files.secret, &files.open})
    if (::access(path->c_str(), F_OK) == 0)
      return trouble(*path + ": exists already; --force replaces both files of the key");
  return {};
}

} // namespace

Answer key_generate(const Arguments &arguments) {
  const std::string name = arguments.text("--out");
  const KeyFiles files{name + ".key", name + ".pub"};
  const bool force = arguments.has("--force");
  if (!force)
    CLI_TRY(refuse_existing(files));
  const SecretKey key = SecretKey::generate();
  const PublicKey open = key.public_key();
  CLI_TRY(key.save(files.secret, force ? Existing::kReplace : Existing::kRefuse));
  const Try<void> written = write_output(arguments, files.open, serialize_public_key(open));
  if (!written.ok() && !force)
    ::unlink(files.secret.c_str()); // half a key helps nobody
  CLI_TRY(written);
  if (arguments.wants_json())
    print_json({{"fingerprint", open.fingerprint()},
                {"privateKey", files.secret},
                {"publicKey", files.open}});
  else
    print(open.fingerprint() + "\n  private key: " + files.secret + " (keep it secret)\n" +
          "  public key:  " + files.open + "\n");
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
