// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/roles.h"

#include <algorithm>
#include <charconv>

#include "artifacts/envelope.h"

namespace warrant::cli {
namespace {

std::string known_words() {
  std::string words;
  for (size_t i = 0; i < kRoleCount; i++)
    words += std::string(role_name(static_cast<RoleName>(i))) + ", ";
  return words + "or issuer for baseline and task";
}

} // namespace

std::vector<RoleName> roles_from_word(std::string_view word) {
  if (word == "issuer")
    return {RoleName::kBaseline, RoleName::kTask};
  if (const std::optional<RoleName> role = role_from_name(word))
    return {*role};
  return {};
}

Try<RoleWord> parse_role_word(std::string_view option, const std::string &word) {
  const size_t equals = word.find('=');
  const std::vector<RoleName> roles = roles_from_word(word.substr(0, equals));
  const std::string start = std::string(option) + " " + printable(word) + ": ";
  if (equals == std::string::npos || equals + 1 == word.size())
    return usage(start + "ROLE=VALUE expected");
  if (roles.empty())
    return usage(start + "no such role; there are " + known_words());
  return RoleWord{roles, word.substr(equals + 1)};
}

RolePlan::RolePlan(const TrustRoot &root) {
  for (size_t i = 0; i < kRoleCount; i++) {
    planned_[i].keys = root.roles[i].keys;
    if (root.roles[i].threshold != 0)
      set_threshold(static_cast<RoleName>(i), root.roles[i].threshold, "");
  }
}

void RolePlan::add(RoleName name, const PublicKey &key) {
  planned_[static_cast<size_t>(name)].keys.push_back(key);
}

bool RolePlan::remove(RoleName name, const std::string &fingerprint) {
  std::vector<PublicKey> &keys = planned_[static_cast<size_t>(name)].keys;
  return std::erase_if(keys,
                       [&](const PublicKey &key) { return key.fingerprint() == fingerprint; }) > 0;
}

void RolePlan::set_threshold(RoleName name, uint64_t threshold, std::string option) {
  Planned &planned = planned_[static_cast<size_t>(name)];
  planned.threshold = threshold;
  planned.option = std::move(option);
}

Try<void> RolePlan::set_thresholds(const Arguments &arguments) {
  for (const std::string &word : arguments.all("--threshold")) {
    const RoleWord parsed = CLI_TRY(parse_role_word("--threshold", word));
    uint64_t threshold = 0;
    const char *const end = parsed.value.data() + parsed.value.size();
    const auto [stop, error] = std::from_chars(parsed.value.data(), end, threshold);
    if (error != std::errc() || stop != end)
      return usage("--threshold " + printable(word) + ": a number expected");
    for (const RoleName name : parsed.roles)
      set_threshold(name, threshold, "--threshold " + printable(word));
  }
  return {};
}

Try<Role> RolePlan::role(RoleName name) const {
  const Planned &planned = planned_[static_cast<size_t>(name)];
  const std::string word(role_name(name));
  if (planned.keys.empty()) {
    if (!planned.option.empty())
      return usage(planned.option + ": nobody has the role " + word);
    return Role{};
  }
  const uint64_t wanted = planned.threshold.value_or(1);
  Role role = make_role(planned.keys, 1);
  const uint64_t most = std::min(role.keys.size(), kMaxSignatures);
  if (wanted < 1 || wanted > most)
    return usage((planned.option.empty() ? "threshold " + std::to_string(wanted) + " of " + word
                                         : planned.option) +
                 ": must be 1 to " + std::to_string(most) + ", since there are " +
                 std::to_string(role.keys.size()) + " different keys for " + word +
                 " (fix: --threshold " + word + "=N)");
  role.threshold = static_cast<uint32_t>(wanted);
  return role;
}

Try<void> RolePlan::apply(TrustRoot &root) const {
  for (size_t i = 0; i < kRoleCount; i++)
    root.roles[i] = CLI_TRY(role(static_cast<RoleName>(i)));
  for (const RoleName name : {RoleName::kRoot, RoleName::kPolicy})
    if (root.role(name).keys.empty())
      return usage("nobody would have the role " + std::string(role_name(name)));
  return {};
}

} // namespace warrant::cli
