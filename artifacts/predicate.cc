// SPDX-License-Identifier: Apache-2.0
#include "artifacts/predicate.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/lists.h"
#include "artifacts/names.h"
#include "artifacts/time.h"

namespace warrant {
namespace {

Checked<ArtifactId> read_id(ObjectReader &reader) {
  ArtifactId id{};
  const std::string text = WARRANT_TRY(reader.string("id", 0, 64));
  // Zero is nobody's: of a process that runs under no artifact, and of a use that nobody paid.
  if (!from_hex(text, id) || id == ArtifactId{})
    return malformed(reader.at("id"), "32 lower-case hex characters, not all 0, expected");
  return id;
}

Checked<ArtifactKind> read_kind(ObjectReader &reader) {
  const std::string text = WARRANT_TRY(reader.string("kind", 0, 64));
  const std::optional<ArtifactKind> kind = kind_from_name(text);
  if (!kind)
    return malformed(reader.at("kind"), "task, baseline or breakglass expected");
  return *kind;
}

Checked<void> read_validity(ObjectReader &&reader, Authorization &authorization) {
  authorization.not_before = WARRANT_TRY(reader.time("notBefore"));
  authorization.not_after = WARRANT_TRY(reader.time("notAfter"));
  if (authorization.not_before >= authorization.not_after)
    return malformed(reader.at("notAfter"), "not later than notBefore");
  return reader.finish();
}

Checked<Digest> read_policy(ObjectReader &&reader) {
  const Digest digest = WARRANT_TRY(reader.digest("sha256"));
  WARRANT_TRY(reader.finish());
  return digest;
}

Checked<bool> read_kill(ObjectReader &reader, std::string_view name) {
  if (!reader.has(name))
    return false;
  const std::string word = WARRANT_TRY(reader.string(name, 0, 16));
  if (word != "keep" && word != "kill")
    return malformed(reader.at(name), "keep or kill expected");
  return word == "kill";
}

Checked<void> read_constraints(ObjectReader &&reader, Authorization &authorization) {
  WARRANT_TRY(reader.refuse_unsupported({"maxDepth", "children"}));
  if (reader.has("jit"))
    authorization.jit = WARRANT_TRY(reader.boolean("jit"));
  if (reader.has("maxUses"))
    authorization.max_uses = WARRANT_TRY(reader.integer("maxUses", 1, kMaxUses));
  if (authorization.max_uses && !(authorization.actions & W_ACTION_EXEC))
    return malformed(reader.at("maxUses"), "only execs are counted, and exec is not granted",
                     "grant exec, or leave the count out");
  if (reader.has("interpreter"))
    authorization.interpreter =
        WARRANT_TRY(read_interpreter_rule(WARRANT_TRY(reader.object("interpreter"))));
  authorization.kill_on_expiry = WARRANT_TRY(read_kill(reader, "onExpiry"));
  authorization.kill_on_revoke = WARRANT_TRY(read_kill(reader, "onRevoke"));
  return reader.finish();
}

Checked<std::vector<PublicKey>> read_delegates(ObjectReader &reader) {
  const Json *list = WARRANT_TRY(reader.array("keys", 1, kMaxTrustKeys));
  std::vector<PublicKey> keys;
  for (size_t i = 0; i < list->size(); i++) {
    const std::string field = reader.at(element("keys", i));
    const Json &text = (*list)[i];
    if (!text.is_string())
      return malformed(field, "string expected");
    const Result<PublicKey> key = PublicKey::from_base64(text.get_ref<const std::string &>());
    if (!key.ok())
      return malformed(field, key.error().message);
    if (std::find(keys.begin(), keys.end(), key.value()) != keys.end())
      return malformed(field, "given twice");
    keys.push_back(key.value());
  }
  return keys;
}

Checked<Delegation> read_delegation(ObjectReader &&reader) {
  std::vector<PublicKey> keys = WARRANT_TRY(read_delegates(reader));
  const int64_t threshold =
      WARRANT_TRY(reader.integer("threshold", 1, static_cast<int64_t>(keys.size())));
  const int64_t depth = WARRANT_TRY(reader.integer("maxDepth", 1, kMaxDelegationDepth));
  WARRANT_TRY(reader.finish());
  return Delegation{make_role(std::move(keys), static_cast<uint32_t>(threshold)),
                    static_cast<uint32_t>(depth)};
}

Checked<void> read_lineage(ObjectReader &&reader, Authorization &authorization) {
  authorization.parent = WARRANT_TRY(reader.digest("parentArtifact"));
  if (reader.has("requires"))
    authorization.requires_parent = WARRANT_TRY(reader.boolean("requires"));
  return reader.finish();
}

Checked<Covers> read_covers(ObjectReader &reader) {
  const std::string word = WARRANT_TRY(reader.string("covers", 0, 16));
  if (word != "subjects" && word != "all")
    return malformed(reader.at("covers"), "subjects or all expected");
  return word == "all" ? Covers::kAll : Covers::kSubjects;
}

Checked<std::map<std::string, std::string>> read_governance(const ObjectReader &reader) {
  if (reader.members().size() > kMaxGovernanceEntries)
    return malformed(reader.at("*"),
                     "more than " + std::to_string(kMaxGovernanceEntries) + " entries");
  std::map<std::string, std::string> governance;
  for (const auto &entry : reader.members().items()) {
    const std::string field = reader.at(printable(entry.key()));
    if (entry.key().empty() || entry.key().size() > kMaxGovernanceKey)
      return malformed(field,
                       "name of 1 to " + std::to_string(kMaxGovernanceKey) + " bytes expected");
    if (!entry.value().is_string())
      return malformed(field, "string expected");
    const auto &value = entry.value().get_ref<const std::string &>();
    if (value.size() > kMaxGovernanceValue)
      return malformed(field, "at most " + std::to_string(kMaxGovernanceValue) + " bytes expected");
    governance.emplace(entry.key(), value);
  }
  return governance;
}

Checked<ManifestRef> read_manifest_ref(ObjectReader &&reader) {
  ManifestRef ref;
  WARRANT_TRY(reader.literal("format", kManifestFormat));
  ref.sha256 = WARRANT_TRY(reader.digest("sha256"));
  ref.count = static_cast<uint64_t>(
      WARRANT_TRY(reader.integer("count", 1, static_cast<int64_t>(kMaxManifestRecords))));
  WARRANT_TRY(reader.finish());
  return ref;
}

/// Opens what nothing else opens: hence who, why and what for must be said, and nobody may pass it
/// on.
Checked<void> check_breakglass(const ObjectReader &reader, const Authorization &authorization) {
  const bool all = authorization.covers == Covers::kAll;
  if (authorization.kind != ArtifactKind::kBreakglass)
    return all ? Checked<void>(malformed(reader.at("covers"), "all is for break-glass only",
                                         "name the subjects"))
               : Checked<void>();
  if (authorization.governance.empty())
    return malformed(reader.at("governance"), "missing or empty: break-glass must say why",
                     "add entries such as ticket, approver and reason");
  if (authorization.delegation)
    return malformed(reader.at("delegation"), "break-glass cannot be delegated");
  if (authorization.parent)
    return malformed(reader.at("lineage"), "break-glass cannot be derived from another artifact");
  if (all && authorization.manifest)
    return malformed(reader.at("manifest"), "given although all is covered");
  if (all && (authorization.actions & W_ACTION_LOAD))
    return malformed(reader.at("actions"), "load cannot be granted for all content",
                     "name the modules as subjects");
  if (all && (authorization.actions & W_ACTION_ADMINISTER))
    return malformed(reader.at("actions"), "administer cannot be granted for all content",
                     "name warrantd as a subject");
  return {};
}

Json constraints_json(const Authorization &authorization) {
  Json json = Json::object();
  if (authorization.jit)
    json["jit"] = true;
  if (!authorization.interpreter.is_empty())
    json["interpreter"] = interpreter_rule_json(authorization.interpreter);
  if (authorization.max_uses)
    json["maxUses"] = *authorization.max_uses;
  if (authorization.kill_on_expiry)
    json["onExpiry"] = "kill";
  if (authorization.kill_on_revoke)
    json["onRevoke"] = "kill";
  return json;
}

Json delegation_json(const Delegation &delegation) {
  Json keys = Json::array();
  for (const PublicKey &key : delegation.role.keys)
    keys.push_back(to_base64(key.bytes()));
  return {{"keys", std::move(keys)},
          {"threshold", delegation.role.threshold},
          {"maxDepth", delegation.max_depth}};
}

/// Members that are there only when they say something.
void add_optional(const Authorization &authorization, Json &json) {
  Json constraints = constraints_json(authorization);
  if (!constraints.empty())
    json["constraints"] = std::move(constraints);
  if (authorization.delegation)
    json["delegation"] = delegation_json(*authorization.delegation);
  if (authorization.parent)
    json["lineage"] = {{"parentArtifact", to_hex(*authorization.parent)}};
  if (authorization.requires_parent)
    json["lineage"]["requires"] = true;
  if (authorization.covers == Covers::kAll)
    json["covers"] = "all";
  if (!authorization.environment.is_empty())
    json["environment"] = demand_json(authorization.environment);
  if (!authorization.governance.empty())
    json["governance"] = authorization.governance;
  if (authorization.recovery)
    json["recovery"] = true;
  if (authorization.manifest)
    json["manifest"] = {{"format", kManifestFormat},
                        {"sha256", to_hex(authorization.manifest->sha256)},
                        {"count", authorization.manifest->count}};
}

} // namespace

Checked<Authorization> read_predicate(ObjectReader &&reader) {
  Authorization authorization;
  authorization.id = WARRANT_TRY(read_id(reader));
  authorization.kind = WARRANT_TRY(read_kind(reader));
  authorization.issued_at = WARRANT_TRY(reader.time("issuedAt"));
  WARRANT_TRY(read_validity(WARRANT_TRY(reader.object("validity")), authorization));
  authorization.policy_sha256 = WARRANT_TRY(read_policy(WARRANT_TRY(reader.object("policy"))));
  authorization.actions = WARRANT_TRY(read_actions(reader));
  authorization.initiator = WARRANT_TRY(read_initiator(WARRANT_TRY(reader.object("initiator"))));
  if (reader.has("constraints"))
    WARRANT_TRY(read_constraints(WARRANT_TRY(reader.object("constraints")), authorization));
  if (reader.has("delegation"))
    authorization.delegation =
        WARRANT_TRY(read_delegation(WARRANT_TRY(reader.object("delegation"))));
  if (reader.has("lineage"))
    WARRANT_TRY(read_lineage(WARRANT_TRY(reader.object("lineage")), authorization));
  if (reader.has("covers"))
    authorization.covers = WARRANT_TRY(read_covers(reader));
  if (reader.has("environment"))
    authorization.environment = WARRANT_TRY(read_demand(WARRANT_TRY(reader.object("environment"))));
  if (reader.has("governance"))
    authorization.governance =
        WARRANT_TRY(read_governance(WARRANT_TRY(reader.object("governance"))));
  if (reader.has("recovery"))
    authorization.recovery = WARRANT_TRY(reader.boolean("recovery"));
  if (reader.has("manifest"))
    authorization.manifest = WARRANT_TRY(read_manifest_ref(WARRANT_TRY(reader.object("manifest"))));
  WARRANT_TRY(reader.finish());
  WARRANT_TRY(check_breakglass(reader, authorization));
  return authorization;
}

Json predicate_json(const Authorization &authorization) {
  Json json = {{"id", to_hex(authorization.id)},
               {"kind", kind_name(authorization.kind)},
               {"issuedAt", format_time(authorization.issued_at)},
               {"validity",
                {{"notBefore", format_time(authorization.not_before)},
                 {"notAfter", format_time(authorization.not_after)}}},
               {"policy", {{"sha256", to_hex(authorization.policy_sha256)}}},
               {"actions", names_of_bits(action_names(), authorization.actions)},
               {"initiator", initiator_json(authorization.initiator)}};
  add_optional(authorization, json);
  return json;
}

} // namespace warrant
