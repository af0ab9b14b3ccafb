// SPDX-License-Identifier: Apache-2.0
#include "artifacts/policy.h"

#include <linux/magic.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/envelope.h"
#include "artifacts/json.h"
#include "artifacts/lists.h"
#include "artifacts/names.h"
#include "artifacts/self_statement.h"
#include "artifacts/statement.h"
#include "artifacts/time.h"

namespace warrant {
namespace {

constexpr std::string_view kSubject = "policy";
constexpr size_t kMaxWord = 64;
constexpr size_t kMaxRuleInitiators = 256;

constexpr Filesystem kFilesystems[] = {
    {"ext4", EXT4_SUPER_MAGIC},      {"xfs", XFS_SUPER_MAGIC},     {"btrfs", BTRFS_SUPER_MAGIC},
    {"erofs", EROFS_SUPER_MAGIC_V1}, {"squashfs", SQUASHFS_MAGIC}, {"tmpfs", TMPFS_MAGIC},
    {"ramfs", RAMFS_MAGIC}};
static_assert(std::size(kFilesystems) <= W_MAX_FILESYSTEMS);

Checked<w_mode> read_mode(ObjectReader &reader) {
  const std::string word = WARRANT_TRY(reader.string("mode", 0, kMaxWord));
  const std::optional<w_mode> mode = mode_from_name(word);
  if (!mode || (*mode != W_MODE_ENFORCE && *mode != W_MODE_OBSERVE))
    return malformed(reader.at("mode"), "enforce or observe expected");
  return *mode;
}

Checked<w_audit> read_audit(ObjectReader &reader) {
  const std::string word = WARRANT_TRY(reader.string("audit", 0, kMaxWord));
  const std::optional<w_audit> audit = audit_from_name(word);
  if (!audit || (*audit != W_AUDIT_REQUIRED && *audit != W_AUDIT_OPTIONAL))
    return malformed(reader.at("audit"), "required or optional expected");
  return *audit;
}

Checked<std::vector<Filesystem>> read_filesystems(ObjectReader &reader) {
  if (!reader.has("filesystems"))
    return std::vector<Filesystem>(std::begin(kFilesystems), std::end(kFilesystems));
  const Json *list = WARRANT_TRY(reader.array("filesystems", 1, std::size(kFilesystems)));
  std::vector<Filesystem> chosen;
  for (size_t i = 0; i < list->size(); i++) {
    const std::string field = reader.at(element("filesystems", i));
    const auto *const known =
        std::find_if(std::begin(kFilesystems), std::end(kFilesystems),
                     [&](const Filesystem &candidate) { return (*list)[i] == candidate.name; });
    if (known == std::end(kFilesystems))
      return malformed(field, "ext4, xfs, btrfs, erofs, squashfs, tmpfs or ramfs expected");
    if (std::find(chosen.begin(), chosen.end(), *known) != chosen.end())
      return malformed(field, "given twice");
    chosen.push_back(*known);
  }
  return chosen;
}

Checked<uint32_t> read_permits(ObjectReader &reader) {
  uint32_t permits = 0;
  if (!reader.has("permits"))
    return permits;
  const Json *list = WARRANT_TRY(reader.array("permits", 1, permit_names().size()));
  for (size_t i = 0; i < list->size(); i++) {
    const std::string field = reader.at(element("permits", i));
    const Json &word = (*list)[i];
    const std::optional<uint32_t> bit =
        word.is_string() ? bit_from_name(permit_names(), word.get_ref<const std::string &>())
                         : std::nullopt;
    if (!bit)
      return malformed(field, "one of " + text_of_bits(permit_names(), ~0u) + " expected");
    if (permits & *bit)
      return malformed(field, "given twice");
    permits |= *bit;
  }
  return permits;
}

/// Scopes have modes of their own only where the kernel finds the scope without an artifact.
bool is_scope(const Initiator &initiator) {
  const int given = (initiator.uid ? 1 : 0) + (initiator.cgroup_path() ? 1 : 0);
  return given == 1 && !initiator.gid && !initiator.parent_sha256 && !initiator.session;
}

bool same_scope(const Initiator &a, const Initiator &b) {
  return a.uid == b.uid && a.cgroup_path() == b.cgroup_path();
}

Checked<std::vector<ScopeMode>> read_scopes(ObjectReader &reader) {
  std::vector<ScopeMode> scopes;
  if (!reader.has("scopes"))
    return scopes;
  const Json *list = WARRANT_TRY(reader.array("scopes", 1, kMaxScopeModes));
  for (size_t i = 0; i < list->size(); i++) {
    ObjectReader entry =
        WARRANT_TRY(ObjectReader::open((*list)[i], reader.at(element("scopes", i))));
    ScopeMode scope;
    scope.initiator = WARRANT_TRY(read_initiator(WARRANT_TRY(entry.object("initiator"))));
    scope.mode = WARRANT_TRY(read_mode(entry));
    WARRANT_TRY(entry.finish());
    if (!is_scope(scope.initiator))
      return malformed(entry.at("initiator"), "exactly one of uid, cgroup and unit expected");
    for (const ScopeMode &other : scopes)
      if (same_scope(other.initiator, scope.initiator))
        return malformed(entry.at("initiator"), "given twice");
    scopes.push_back(std::move(scope));
  }
  return scopes;
}

Checked<std::vector<Initiator>> read_initiators(ObjectReader &reader) {
  const Json *list = WARRANT_TRY(reader.array("initiators", 1, kMaxRuleInitiators));
  std::vector<Initiator> initiators;
  for (size_t i = 0; i < list->size(); i++) {
    const std::string field = reader.at(element("initiators", i));
    Initiator initiator =
        WARRANT_TRY(read_initiator(WARRANT_TRY(ObjectReader::open((*list)[i], field))));
    if (std::find(initiators.begin(), initiators.end(), initiator) != initiators.end())
      return malformed(field, "given twice");
    initiators.push_back(std::move(initiator));
  }
  return initiators;
}

Checked<std::optional<int64_t>> read_limit(ObjectReader &reader, std::string_view name,
                                           int64_t max) {
  if (!reader.has(name))
    return std::optional<int64_t>();
  return std::optional(WARRANT_TRY(reader.integer(name, 1, max)));
}

Checked<IssuerRule> read_rule(ObjectReader &&reader) {
  IssuerRule rule;
  rule.keys = WARRANT_TRY(read_fingerprints(reader, "keys", 1, kMaxTrustKeys));
  rule.kinds = WARRANT_TRY(read_kinds(reader, "kinds"));
  rule.actions = WARRANT_TRY(read_actions(reader));
  if (reader.has("initiators"))
    rule.initiators = WARRANT_TRY(read_initiators(reader));
  if (reader.has("digests"))
    rule.digests = WARRANT_TRY(read_digests(reader, "digests", 1, kMaxRuleDigests));
  if (reader.has("paths"))
    rule.paths = WARRANT_TRY(read_texts(reader, "paths", 1, kMaxRulePaths, kMaxSubjectName));
  rule.max_window = WARRANT_TRY(read_limit(reader, "maxWindow", kMaxTime));
  rule.max_uses = WARRANT_TRY(read_limit(reader, "maxUses", kMaxUses));
  if (reader.has("jit"))
    rule.jit = WARRANT_TRY(reader.boolean("jit"));
  if (reader.has("recovery"))
    rule.recovery = WARRANT_TRY(reader.boolean("recovery"));
  rule.delegate = static_cast<uint32_t>(
      WARRANT_TRY(read_limit(reader, "delegate", kMaxDelegationDepth)).value_or(0));
  WARRANT_TRY(reader.finish());
  return rule;
}

Checked<std::vector<IssuerRule>> read_rules(ObjectReader &reader) {
  const Json *list = WARRANT_TRY(reader.array("issuers", 0, kMaxIssuerRules));
  std::vector<IssuerRule> rules;
  for (size_t i = 0; i < list->size(); i++)
    rules.push_back(WARRANT_TRY(
        read_rule(WARRANT_TRY(ObjectReader::open((*list)[i], reader.at(element("issuers", i)))))));
  return rules;
}

/// {"<member>": seconds}, or nothing.
Checked<std::optional<int64_t>> read_seconds_in(ObjectReader &reader, std::string_view object,
                                                std::string_view member) {
  if (!reader.has(object))
    return std::optional<int64_t>();
  ObjectReader inner = WARRANT_TRY(reader.object(object));
  const int64_t seconds = WARRANT_TRY(inner.integer(member, 1, kMaxTime));
  WARRANT_TRY(inner.finish());
  return std::optional(seconds);
}

Checked<void> read_times(ObjectReader &reader, Policy &policy) {
  policy.issued_at = WARRANT_TRY(reader.time("issuedAt"));
  if (!reader.has("expires"))
    return {};
  policy.expires = WARRANT_TRY(reader.time("expires"));
  if (*policy.expires <= policy.issued_at)
    return malformed(reader.at("expires"), "not later than issuedAt");
  return {};
}

Json rule_json(const IssuerRule &rule) {
  Json kinds = Json::array();
  for (const ArtifactKind kind : rule.kinds)
    kinds.push_back(kind_name(kind));
  Json json = {{"keys", rule.keys},
               {"kinds", std::move(kinds)},
               {"actions", names_of_bits(action_names(), rule.actions)}};
  for (const Initiator &initiator : rule.initiators)
    json["initiators"].push_back(initiator_json(initiator));
  if (!rule.digests.empty())
    json["digests"] = digests_json(rule.digests);
  if (!rule.paths.empty())
    json["paths"] = rule.paths;
  if (rule.max_window)
    json["maxWindow"] = *rule.max_window;
  if (rule.max_uses)
    json["maxUses"] = *rule.max_uses;
  if (rule.jit)
    json["jit"] = true;
  if (rule.recovery)
    json["recovery"] = true;
  if (rule.delegate != 0)
    json["delegate"] = rule.delegate;
  return json;
}

Json predicate_json(const Policy &policy) {
  Json json = {{"version", policy.version},
               {"mode", mode_name(policy.mode)},
               {"audit", audit_name(policy.audit)},
               {"filesystems", Json::array()},
               {"issuedAt", format_time(policy.issued_at)}};
  for (const Filesystem &filesystem : policy.filesystems)
    json["filesystems"].push_back(filesystem.name);
  for (const ScopeMode &scope : policy.scopes)
    json["scopes"].push_back(
        {{"initiator", initiator_json(scope.initiator)}, {"mode", mode_name(scope.mode)}});
  if (policy.issuers) {
    json["issuers"] = Json::array();
    for (const IssuerRule &rule : *policy.issuers)
      json["issuers"].push_back(rule_json(rule));
  }
  if (policy.permits != 0)
    json["permits"] = names_of_bits(permit_names(), policy.permits);
  if (!policy.honours.empty())
    json["honours"] = digests_json(policy.honours);
  for (const auto &[name, profile] : policy.environments)
    json["environments"][name] = profile_json(profile);
  if (policy.attestation)
    json["attestation"] = attestation_json(*policy.attestation);
  if (policy.revocation_max_age)
    json["revocation"] = {{"maxAge", *policy.revocation_max_age}};
  if (policy.breakglass_max_window)
    json["breakglass"] = {{"maxWindow", *policy.breakglass_max_window}};
  if (policy.expires)
    json["expires"] = format_time(*policy.expires);
  return json;
}

} // namespace

std::span<const Filesystem> known_filesystems() {
  return kFilesystems;
}

Checked<Policy> parse_policy(ByteView payload) {
  const Json predicate = WARRANT_TRY(parse_self_statement(payload, kPolicyType, kSubject));
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(predicate, "predicate"));
  WARRANT_TRY(reader.refuse_unsupported({"interpreters", "immutableCode"}));
  Policy policy;
  policy.version = WARRANT_TRY(reader.integer("version", 1, kMaxVersion));
  policy.mode = WARRANT_TRY(read_mode(reader));
  policy.audit = WARRANT_TRY(read_audit(reader));
  policy.scopes = WARRANT_TRY(read_scopes(reader));
  policy.filesystems = WARRANT_TRY(read_filesystems(reader));
  policy.permits = WARRANT_TRY(read_permits(reader));
  if (reader.has("issuers"))
    policy.issuers = WARRANT_TRY(read_rules(reader));
  if (reader.has("honours"))
    policy.honours = WARRANT_TRY(read_digests(reader, "honours", 1, kMaxHonoured));
  policy.environments = WARRANT_TRY(read_profiles(reader));
  policy.attestation = WARRANT_TRY(read_attestation(reader, policy.environments));
  policy.revocation_max_age = WARRANT_TRY(read_seconds_in(reader, "revocation", "maxAge"));
  policy.breakglass_max_window = WARRANT_TRY(read_seconds_in(reader, "breakglass", "maxWindow"));
  WARRANT_TRY(read_times(reader, policy));
  WARRANT_TRY(reader.finish());
  return policy;
}

Checked<std::string> serialize_policy(const Policy &policy) {
  std::string payload = serialize_self_statement(kPolicyType, kSubject, predicate_json(policy));
  if (WARRANT_TRY(parse_policy(view(payload))) != policy)
    return malformed("",
                     "a list not sorted, a time out of range, an unknown action or file system, or "
                     "text that is not UTF-8");
  return payload;
}

Checked<SignedPolicy> load_policy(ByteView envelope, const Role &authority) {
  const VerifiedBytes bytes =
      WARRANT_TRY(verify_envelope(envelope, authority.keys, authority.threshold));
  return SignedPolicy{WARRANT_TRY(parse_policy(bytes.payload())), bytes.sha256()};
}

} // namespace warrant
