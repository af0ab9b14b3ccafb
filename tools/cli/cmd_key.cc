// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "tools/cli/cmd.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

/// SubjectPublicKeyInfo of an Ed25519 key in DER (RFC 8410, section 4), up to the key's 32 bytes.
constexpr uint8_t kEd25519Info[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                    0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

/// "PUBLIC KEY" of RFC 7468, section 13: 44 bytes, which is one line of base64.
std::string pem_of(const PublicKey &key) {
  Bytes info(std::begin(kEd25519Info), std::end(kEd25519Info));
  info.insert(info.end(), key.bytes().begin(), key.bytes().end());
  return "-----BEGIN PUBLIC KEY-----\n" + to_base64(info) + "\n-----END PUBLIC KEY-----\n";
}

} // namespace

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
    print_json({{"fingerprint", key.fingerprint()},
                {"key", to_base64(key.bytes())},
                {"pem", pem_of(key)}});
  else if (arguments.has("--pem"))
    print(pem_of(key));
  else
    print(key.fingerprint() + "\n  Ed25519 " + to_base64(key.bytes()) + "\n");
  return ExitCode::kOk;
}

} // namespace warrant::cli
