// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/policy_flags.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/json.h"
#include "artifacts/names.h"
#include "artifacts/self_statement.h"
#include "tools/cli/blame.h"
#include "tools/cli/environments.h"
#include "tools/cli/files.h"

namespace warrant::cli {
namespace {

constexpr std::string_view kFlags[] = {"--mode",
                                       "--audit",
                                       "--version",
                                       "--filesystem",
                                       "--permit",
                                       "--honour",
                                       "--revocation-max-age",
                                       "--breakglass-max-window",
                                       "--environment",
                                       "--attestation",
                                       "--valid-for",
                                       "--expires"};

Try<std::vector<Filesystem>> filesystems_of(const Arguments &arguments) {
  const std::span<const Filesystem> known = known_filesystems();
  const std::vector<std::string> names = arguments.all("--filesystem");
  if (names.empty())
    return std::vector<Filesystem>(known.begin(), known.end());
  std::vector<Filesystem> chosen;
  std::string words;
  for (const Filesystem &filesystem : known)
    words += (words.empty() ? "" : ", ") + std::string(filesystem.name);
  for (const std::string &name : names) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const Filesystem &one) { return one.name == name; });
    if (found == known.end())
      return usage("--filesystem " + printable(name) + ": one of " + words + " expected");
    if (std::find(chosen.begin(), chosen.end(), *found) == chosen.end())
      chosen.push_back(*found);
  }
  return chosen;
}

Try<uint32_t> permits_of(const Arguments &arguments) {
  uint32_t permits = 0;
  for (const std::string &name : arguments.all("--permit")) {
    const std::optional<uint32_t> bit = bit_from_name(permit_names(), name);
    if (!bit)
      return usage("--permit " + printable(name) + ": one of " + text_of_bits(permit_names(), ~0u) +
                   " expected");
    permits |= *bit;
  }
  return permits;
}

Try<std::vector<Digest>> honours_of(const Arguments &arguments) {
  std::vector<Digest> honours;
  for (const std::string &word : arguments.all("--honour"))
    honours.push_back(CLI_TRY(payload_digest_of(word)));
  std::sort(honours.begin(), honours.end());
  honours.erase(std::unique(honours.begin(), honours.end()), honours.end());
  return honours;
}

} // namespace

Try<Policy> policy_of_flags(const Arguments &arguments) {
  if (arguments.text("--mode").empty())
    return usage("--mode enforce|observe is missing");
  Policy policy;
  policy.version = static_cast<int64_t>(
      std::min<uint64_t>(*arguments.number("--version"), static_cast<uint64_t>(kMaxVersion) + 1));
  policy.mode = *mode_from_name(arguments.text("--mode"));
  policy.audit = *audit_from_name(arguments.text("--audit"));
  policy.filesystems = CLI_TRY(filesystems_of(arguments));
  policy.permits = CLI_TRY(permits_of(arguments));
  policy.honours = CLI_TRY(honours_of(arguments));
  policy.revocation_max_age = arguments.duration("--revocation-max-age");
  policy.breakglass_max_window = arguments.duration("--breakglass-max-window");
  CLI_TRY(apply_attestation(arguments, policy));
  policy.issued_at = now();
  if (arguments.has("--valid-for") && arguments.has("--expires"))
    return usage("--valid-for and --expires are the same: give one");
  for (const std::string_view name : {"--valid-for", "--expires"})
    if (const auto duration = arguments.duration(name))
      policy.expires = policy.issued_at + *duration;
  return policy;
}

Try<void> refuse_policy_flags(const Arguments &arguments) {
  for (const std::string_view flag : kFlags)
    if (arguments.has(flag))
      return usage(std::string(flag) + " and a DRAFT exclude each other: write it in the draft");
  return {};
}

Try<std::string> policy_draft_text(const Arguments &arguments, const Policy &policy) {
  const std::string payload = CLI_TRY(from_options(arguments, serialize_policy(policy)));
  return CLI_TRY(parse_json(view(payload)))["predicate"].dump(2) + "\n";
}

Try<Policy> read_policy(const std::string &path, ByteView document) {
  Json json = CLI_TRY(in_file(path, parse_json(document, "predicate")));
  if (is_envelope(json)) {
    const UnverifiedEnvelope envelope = CLI_TRY(in_file(path, peek_envelope(document)));
    return CLI_TRY(in_file(path, parse_policy(envelope.payload)));
  }
  if (!json.is_object())
    return in_file(path, Checked<Policy>(malformed("predicate", "object expected")));
  // parse_policy() refuses it if the subject has any other name.
  const std::string payload = serialize_self_statement(kPolicyType, "policy", std::move(json));
  return CLI_TRY(in_file(path, parse_policy(view(payload))));
}

} // namespace warrant::cli
