// SPDX-License-Identifier: Apache-2.0
// describe() of trust roots, policies, revocation lists and enrollments.
#include <nlohmann/json.hpp>

#include "artifacts/names.h"
#include "lineage/text.h"
#include "tools/cli/describe.h"
#include "tools/cli/duration.h"
#include "tools/cli/environments.h"
#include "tools/cli/words.h"

namespace warrant::cli {
namespace {

constexpr size_t kMaxListed = 10; // of each list

/// What each role lets its keys do, by RoleName.
constexpr std::string_view kRoleWords[kRoleCount] = {"roots",       "policies",   "baselines",
                                                     "tasks",       "revocation", "enrollment",
                                                     "break-glass", "lineage"};

std::string kinds_text(const std::vector<ArtifactKind> &kinds) {
  std::string text;
  for (const ArtifactKind kind : kinds)
    text += (text.empty() ? "" : ", ") + std::string(kind_name(kind));
  return text;
}

/// Adds one line an entry, and how many more there are.
template <class List, class ToText>
void add_list(std::string &text, const List &list, const ToText &to_text) {
  for (size_t i = 0; i < list.size() && i < kMaxListed; i++)
    text += "    " + to_text(list[i]) + "\n";
  if (list.size() > kMaxListed)
    text += "    and " + std::to_string(list.size() - kMaxListed) + " more\n";
}

std::string digest_text(const Digest &digest) {
  return to_hex(digest);
}

std::string limits_text(const IssuerRule &rule) {
  std::string text;
  const auto add = [&](const std::string &limit) { text += (text.empty() ? "" : ", ") + limit; };
  if (rule.max_window)
    add("for at most " + format_duration(*rule.max_window));
  if (rule.max_uses)
    add("at most " + count_text(static_cast<size_t>(*rule.max_uses), "exec"));
  if (!rule.digests.empty())
    add("only " + count_text(rule.digests.size(), "content") + " by digest");
  if (rule.jit)
    add("code at run time too");
  if (rule.recovery)
    add("recovery too");
  if (rule.delegate != 0)
    add("may delegate to a depth of " + std::to_string(rule.delegate));
  return text;
}

void add_rule(std::string &text, size_t index, const IssuerRule &rule) {
  add_line(text, "issuers[" + std::to_string(index) + "]",
           kinds_text(rule.kinds) + ": " + text_of_bits(action_names(), rule.actions));
  add_list(text, rule.keys, [](const std::string &key) { return key; });
  add_list(text, rule.initiators,
           [](const Initiator &initiator) { return "for " + initiator_text(initiator); });
  add_list(text, rule.paths,
           [](const std::string &path) { return "named like " + Text(path).escaped(); });
  if (const std::string limits = limits_text(rule); !limits.empty())
    text += "    " + limits + "\n";
}

void add_rules(std::string &text, const Policy &policy) {
  if (!policy.issuers)
    return add_line(text, "issuers", "may grant all that an artifact can say");
  if (policy.issuers->empty())
    return add_line(text, "issuers", "may grant nothing at all");
  for (size_t i = 0; i < policy.issuers->size(); i++)
    add_rule(text, i, (*policy.issuers)[i]);
}

} // namespace

std::string describe(const TrustRoot &root) {
  std::string text;
  add_line(text, "version", std::to_string(root.version));
  add_line(text, "expires", time_text(root.expires));
  for (size_t i = 0; i < kRoleCount; i++)
    add_role(text, kRoleWords[i], root.roles[i]);
  return text;
}

std::string describe(const Policy &policy) {
  std::string text;
  std::string filesystems;
  for (const Filesystem &filesystem : policy.filesystems)
    filesystems += (filesystems.empty() ? "" : ", ") + std::string(filesystem.name);
  add_line(text, "version", std::to_string(policy.version));
  add_line(text, "mode", std::string(mode_name(policy.mode)));
  for (const ScopeMode &scope : policy.scopes)
    text += "    " + std::string(mode_name(scope.mode)) + " for " +
            initiator_text(scope.initiator) + "\n";
  add_line(text, "audit", std::string(audit_name(policy.audit)));
  add_line(text, "filesystems", filesystems);
  if (policy.permits != 0)
    add_line(text, "permits", text_of_bits(permit_names(), policy.permits));
  add_rules(text, policy);
  add_line(text, "break-glass",
           policy.breakglass_max_window
               ? "for at most " + format_duration(*policy.breakglass_max_window)
               : std::string("never accepted"));
  add_line(
      text, "revocation",
      policy.revocation_max_age
          ? "a list no older than " + format_duration(*policy.revocation_max_age) + " must be there"
          : std::string("no list is demanded"));
  if (policy.attestation)
    add_line(text, "attestation", attestation_text(*policy.attestation));
  for (const auto &[name, profile] : policy.environments)
    text += "    environment " + Text(name).escaped() + ": " + profile_json(profile).dump() + "\n";
  if (!policy.honours.empty())
    add_line(text, "honours", "artifacts that were issued under");
  add_list(text, policy.honours, digest_text);
  add_line(text, "issued", time_text(policy.issued_at));
  add_line(text, "expires", policy.expires ? time_text(*policy.expires) : std::string("never"));
  return text;
}

std::string describe(const Revocation &revocation) {
  std::string text;
  add_line(text, "epoch", std::to_string(revocation.epoch));
  add_line(text, "issued", time_text(revocation.issued_at));
  add_line(text, "revokes",
           count_text(revocation.artifacts.size(), "artifact") + ", " +
               count_text(revocation.issuers.size(), "key") + ", " +
               count_text(revocation.digests.size(), "content") + ", " +
               count_text(revocation.hosts.size(), "host"));
  add_list(text, revocation.artifacts,
           [](const Digest &digest) { return "artifact " + to_hex(digest); });
  add_list(text, revocation.issuers, [](const std::string &key) { return "key " + key; });
  add_list(text, revocation.digests,
           [](const Digest &digest) { return "content " + to_hex(digest); });
  add_list(text, revocation.hosts,
           [](const std::string &host) { return "host " + Text(host).escaped(); });
  return text;
}

std::string describe(const Enrollment &enrollment) {
  std::string text;
  add_line(text, "host", Text(enrollment.host).escaped());
  add_line(text, "machine id", enrollment.machine_id);
  add_line(text, "key", "name " + to_hex(enrollment.ak_name));
  add_line(text, "EK", "sha256 " + to_hex(enrollment.ek_sha256));
  add_line(text, "groups", count_text(enrollment.groups.size(), "group"));
  add_list(text, enrollment.groups, [](const std::string &group) { return Text(group).escaped(); });
  add_line(text, "issued", time_text(enrollment.issued_at));
  add_line(text, "expires", enrollment.expires ? time_text(*enrollment.expires) : "never");
  if (enrollment.resolves)
    add_line(text, "resolves",
             "the state as it is, at counter " + std::to_string(*enrollment.resolves));
  return text;
}

} // namespace warrant::cli
