// SPDX-License-Identifier: Apache-2.0
// warrant revoke, warrant revocation show.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/json.h"
#include "artifacts/revocation.h"
#include "tools/cli/blame.h"
#include "tools/cli/cmd.h"
#include "tools/cli/describe.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"
#include "tools/cli/signers.h"
#include "tools/cli/signing.h"
#include "tools/cli/words.h"

namespace warrant::cli {
namespace {

template <class T>
void sort_and_unite(std::vector<T> &list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

/// The list before this one, which whoever signs now signed too: else somebody who swaps a file
/// would have him sign a list without its entries.
Try<Revocation> list_before(const std::string &path, const std::vector<SecretKey> &keys) {
  std::vector<PublicKey> own;
  for (const SecretKey &key : keys)
    own.push_back(key.public_key());
  const Bytes document = CLI_TRY(read_document(path));
  const VerifiedBytes verified = CLI_TRY(in_file(path, verify_envelope(document, own, 1)));
  return in_file(path, parse_revocation(verified.payload()));
}

/// An empty list of the epoch asked for, or that of --from with the epoch after it.
Try<Revocation> begin_list(const Arguments &arguments, const std::vector<SecretKey> &keys) {
  Revocation list;
  const std::string old_path = arguments.text("--from");
  if (!old_path.empty()) {
    if (arguments.has("--epoch"))
      return usage(
          "--epoch and --from exclude each other: the list gets the epoch after the old one's");
    list = CLI_TRY(list_before(old_path, keys));
    list.epoch++;
  } else {
    list.epoch = static_cast<int64_t>(std::min<uint64_t>(arguments.number("--epoch").value_or(1),
                                                         static_cast<uint64_t>(kMaxVersion) + 1));
  }
  list.issued_at = now();
  return list;
}

/// A content by its digest, or by a file that has it: then its fs-verity digest is revoked too.
Try<void> add_content(const std::string &word, std::vector<Digest> &digests) {
  Digest digest{};
  if (from_hex(word, digest)) {
    digests.push_back(digest);
    return {};
  }
  const Subject subject = CLI_TRY(subject_of(word));
  digests.push_back(subject.sha256);
  if (subject.verity)
    digests.push_back(*subject.verity);
  return {};
}

Try<void> add_entries(const Arguments &arguments, Revocation &list) {
  for (const std::string &word : arguments.all("--artifact"))
    list.artifacts.push_back(CLI_TRY(payload_digest_of(word)));
  for (const std::string &word : arguments.all("--issuer"))
    list.issuers.push_back(CLI_TRY(fingerprint_of(word)));
  for (const std::string &word : arguments.all("--digest"))
    CLI_TRY(add_content(word, list.digests));
  for (const std::string &word : arguments.all("--host"))
    list.hosts.push_back(word);
  sort_and_unite(list.artifacts);
  sort_and_unite(list.issuers);
  sort_and_unite(list.digests);
  sort_and_unite(list.hosts);
  return {};
}

Try<Json> revocation_json(const Revocation &list, const std::string &payload,
                          const std::string &path) {
  Json json = CLI_TRY(in_file(path, parse_json(view(payload))))["predicate"];
  json["file"] = path;
  json["sha256"] = to_hex(sha256(view(payload)));
  for (const char *name : {"artifacts", "issuers", "digests", "hosts"})
    if (!json.contains(name))
      json[name] = Json::array();
  json["entries"] =
      list.artifacts.size() + list.issuers.size() + list.digests.size() + list.hosts.size();
  return json;
}

} // namespace

Answer revoke(const Arguments &arguments) {
  const std::vector<SecretKey> keys = CLI_TRY(load_secret_keys(arguments.all("--key")));
  Revocation list = CLI_TRY(begin_list(arguments, keys));
  CLI_TRY(add_entries(arguments, list));
  const std::string payload = CLI_TRY(from_options(arguments, serialize_revocation(list)));
  const std::string path = arguments.text("--out");
  CLI_TRY(check_target(arguments, path));
  announce("revocation list", describe(list), keys);
  CLI_TRY(write_output(arguments, path, CLI_TRY(sign(payload, keys))));
  if (arguments.wants_json())
    print_json(CLI_TRY(revocation_json(list, payload, path)));
  else
    print("revocation list " + path + "\n" + describe(list));
  return ExitCode::kOk;
}

Answer revocation_show(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const Bytes document = CLI_TRY(read_document(path));
  const UnverifiedEnvelope envelope = CLI_TRY(in_file(path, peek_envelope(document)));
  const Revocation list = CLI_TRY(in_file(path, parse_revocation(envelope.payload)));
  const Signers signers = CLI_TRY(signers_of(arguments, RoleName::kRevocation, path, document));
  if (arguments.wants_json()) {
    Json json = CLI_TRY(revocation_json(list, std::string(text_of(envelope.payload)), path));
    add_signers(json, signers);
    print_json(json);
  } else {
    print("revocation list " + path + signers_mark(signers) + "\n" + describe(list) +
          signers_text(signers));
  }
  return ExitCode::kOk;
}

} // namespace warrant::cli
