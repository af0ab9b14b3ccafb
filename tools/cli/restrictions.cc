// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/restrictions.h"

#include <charconv>
#include <limits>
#include <set>

#include "artifacts/envelope.h"
#include "artifacts/names.h"
#include "artifacts/time.h"
#include "artifacts/trust.h"
#include "daemon/machine.h"
#include "tools/cli/environments.h"
#include "tools/cli/files.h"

namespace warrant::cli {
namespace {

Try<uint32_t> parse_id(const std::string &word, std::string_view text) {
  uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() ||
      id == std::numeric_limits<uint32_t>::max())
    return usage("--initiator " + printable(word) + ": a numeric id expected");
  return id;
}

Try<Digest> parse_code(const std::string &word, std::string_view text) {
  Digest digest{};
  if (!from_hex(text, digest))
    return usage("--initiator " + printable(word) +
                 ": 64 lower-case hex characters expected; code-of=FILE takes a file");
  return digest;
}

Try<void> add_initiator(const std::string &word, Initiator &initiator) {
  const size_t equals = word.find('=');
  const std::string kind = word.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
  if (word == "any")
    initiator.any = true;
  else if (kind == "uid")
    initiator.uid = CLI_TRY(parse_id(word, value));
  else if (kind == "gid")
    initiator.gid = CLI_TRY(parse_id(word, value));
  else if (kind == "cgroup")
    initiator.cgroup = value;
  else if (kind == "unit")
    initiator.unit = value;
  else if (kind == "session")
    initiator.session = CLI_TRY(parse_id(word, value));
  else if (kind == "code")
    initiator.parent_sha256 = CLI_TRY(parse_code(word, value));
  else if (kind == "code-of")
    initiator.parent_sha256 = CLI_TRY(subject_of(value)).sha256;
  else
    return usage("--initiator " + printable(word) +
                 ": any, uid=N, gid=N, cgroup=/PATH, unit=NAME.service, session=N, code=SHA256 or "
                 "code-of=FILE expected");
  return {};
}

Try<void> apply_initiators(const Arguments &arguments, Authorization &authorization) {
  const std::vector<std::string> words = arguments.all("--initiator");
  if (words.empty())
    return {};
  authorization.initiator = Initiator{};
  std::set<std::string> kinds;
  for (const std::string &word : words) {
    const std::string kind = word.substr(0, word.find('='));
    if (!kinds.insert(kind).second)
      return usage("--initiator " + printable(kind) +
                   " is given twice: all that is given must hold, and nobody is two of them");
    CLI_TRY(add_initiator(word, authorization.initiator));
  }
  return {};
}

Try<void> apply_governance(const Arguments &arguments, Authorization &authorization) {
  std::set<std::string> names;
  for (const std::string &word : arguments.all("--governance")) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      return usage("--governance " + printable(word) + ": NAME=VALUE expected");
    const std::string name = word.substr(0, equals);
    if (!names.insert(name).second)
      return usage("--governance " + printable(name) + " is given twice: a name has one value");
    authorization.governance[name] = word.substr(equals + 1);
  }
  return {};
}

Try<void> apply_delegation(const Arguments &arguments, Authorization &authorization) {
  const std::vector<std::string> files = arguments.all("--delegate-key");
  if (files.empty()) {
    for (const char *option : {"--delegate-threshold", "--delegate-depth"})
      if (arguments.has(option))
        return usage(std::string(option) + ": there is no --delegate-key");
    return {};
  }
  Role role = make_role(CLI_TRY(load_public_keys(files)), 1);
  const uint64_t threshold = *arguments.number("--delegate-threshold");
  const uint64_t depth = *arguments.number("--delegate-depth");
  if (threshold < 1 || threshold > role.keys.size())
    return usage("--delegate-threshold " + std::to_string(threshold) + ": must be 1 to " +
                 std::to_string(role.keys.size()) + ", the number of different --delegate-key");
  if (depth < 1 || depth > kMaxDelegationDepth)
    return usage("--delegate-depth " + std::to_string(depth) + ": must be 1 to " +
                 std::to_string(kMaxDelegationDepth));
  role.threshold = static_cast<uint32_t>(threshold);
  authorization.delegation = Delegation{std::move(role), static_cast<uint32_t>(depth)};
  return {};
}

} // namespace

Try<void> apply_window(const Arguments &arguments, int64_t begin, Authorization &authorization) {
  const int64_t issued = now();
  const auto from = arguments.moment("--not-before", issued);
  const auto until = arguments.moment("--not-after", issued);
  const auto valid_for = arguments.duration("--valid-for");
  if (until && arguments.has("--valid-for"))
    return usage("--valid-for and --not-after exclude each other");
  authorization.issued_at = issued;
  authorization.not_before = from.value_or(begin);
  if (until)
    authorization.not_after = *until;
  else if (valid_for)
    authorization.not_after = authorization.not_before + *valid_for;
  if (authorization.not_after > kMaxTime)
    return usage("--valid-for: the end lies beyond the year 9999");
  if (authorization.not_after <= authorization.not_before)
    return usage("the window ends at " + format_time(authorization.not_after) +
                 ", which is not after its begin at " + format_time(authorization.not_before));
  return {};
}

Try<void> apply_restrictions(const Arguments &arguments, Authorization &authorization) {
  CLI_TRY(apply_initiators(arguments, authorization));
  CLI_TRY(apply_governance(arguments, authorization));
  CLI_TRY(apply_demands(arguments, authorization.environment));
  authorization.jit = authorization.jit || arguments.has("--jit");
  authorization.recovery = authorization.recovery || arguments.has("--recovery");
  if (arguments.has("--interpreter-entry"))
    authorization.interpreter.entry = *entry_from_name(arguments.text("--interpreter-entry"));
  if (arguments.has("--interpreter-reads"))
    authorization.interpreter.reads = *reads_from_name(arguments.text("--interpreter-reads"));
  return {};
}

Try<void> apply_constraints(const Arguments &arguments, Authorization &authorization) {
  if (const auto uses = arguments.number("--max-uses")) {
    if (*uses < 1 || *uses > static_cast<uint64_t>(kMaxUses))
      return usage("--max-uses " + std::to_string(*uses) + ": must be 1 to " +
                   std::to_string(kMaxUses));
    authorization.max_uses = static_cast<int64_t>(*uses);
  }
  if (arguments.has("--on-expiry"))
    authorization.kill_on_expiry = arguments.text("--on-expiry") == "kill";
  if (arguments.has("--on-revoke"))
    authorization.kill_on_revoke = arguments.text("--on-revoke") == "kill";
  authorization.requires_parent =
      authorization.requires_parent || arguments.has("--requires-parent");
  return apply_delegation(arguments, authorization);
}

Try<uint32_t> parse_actions(const std::vector<std::string> &words) {
  uint32_t actions = 0;
  for (const std::string &word : words)
    for (const std::string &name : split(word, ',')) {
      const std::optional<uint32_t> bit = bit_from_name(action_names(), name);
      if (!bit)
        return usage("--action " + printable(name) +
                     ": exec, map, interpret, update, load or administer expected");
      actions |= *bit;
    }
  if (actions == 0)
    return usage("--action: none given");
  return actions;
}

Try<Digest> policy_digest(const Arguments &arguments) {
  const std::string path = arguments.text("--policy");
  const Bytes document = CLI_TRY(read_document_of(arguments, "--policy"));
  const UnverifiedEnvelope envelope = CLI_TRY(in_file(path, peek_envelope(document)));
  CLI_TRY(in_file(path, parse_policy(envelope.payload)));
  return sha256(envelope.payload);
}

} // namespace warrant::cli
