// SPDX-License-Identifier: Apache-2.0
#include "artifacts/statement.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "artifacts/names.h"
#include "artifacts/time.h"

namespace warrant {
namespace {

constexpr std::string_view kManifestSubject = "manifest";
constexpr std::string_view kUnitSuffix = ".service";
constexpr std::string_view kUnitSlice = "/system.slice/";
/// A longer name cannot be told from a cut one in the kernel's buffer (bpf/abi.h).
constexpr size_t kMaxCgroupName = W_CGROUP_NAME_SIZE - 2;
constexpr size_t kMaxCgroupPath = W_CGROUP_DEPTH * (kMaxCgroupName + 1);
/// -1 means "no change" to the kernel and is nobody's id.
constexpr int64_t kMaxUid = 0xfffffffe;
constexpr std::array<std::string_view, 3> kKinds = {"task", "baseline", "breakglass"};

std::string element(std::string_view list, size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

Checked<ArtifactId> read_id(ObjectReader &reader) {
  ArtifactId id{};
  const std::string text = WARRANT_TRY(reader.string("id", 0, 64));
  if (!from_hex(text, id))
    return malformed(reader.at("id"), "32 lower-case hex characters expected");
  return id;
}

Checked<ArtifactKind> read_kind(ObjectReader &reader) {
  const std::string text = WARRANT_TRY(reader.string("kind", 0, 64));
  const std::optional<ArtifactKind> kind = kind_from_name(text);
  if (!kind)
    return malformed(reader.at("kind"), "task, baseline or breakglass expected");
  return *kind;
}

Checked<uint32_t> read_actions(ObjectReader &reader) {
  const Json *list = WARRANT_TRY(reader.array("actions", 1, action_names().size()));
  uint32_t actions = 0;
  for (size_t i = 0; i < list->size(); i++) {
    const Json &word = (*list)[i];
    const std::optional<uint32_t> bit =
        word.is_string() ? bit_from_name(action_names(), word.get_ref<const std::string &>())
                         : std::nullopt;
    if (!bit)
      return malformed(reader.at(element("actions", i)),
                       "exec, map, interpret, update or load expected");
    if (actions & *bit)
      return malformed(reader.at(element("actions", i)), "given twice");
    actions |= *bit;
  }
  return actions;
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

Checked<bool> read_constraints(ObjectReader &&reader) {
  WARRANT_TRY(
      reader.refuse_unsupported({"maxUses", "maxDepth", "children", "interpreter", "onExpiry"}));
  const bool jit = reader.has("jit") && WARRANT_TRY(reader.boolean("jit"));
  WARRANT_TRY(reader.finish());
  return jit;
}

bool is_cgroup_path(std::string_view path) {
  size_t depth = 0;
  while (!path.empty()) {
    if (path.front() != '/' || ++depth > W_CGROUP_DEPTH)
      return false;
    path.remove_prefix(1);
    const std::string_view name = path.substr(0, path.find('/'));
    if (name.empty() || name.size() > kMaxCgroupName || name == "." || name == "..")
      return false;
    path.remove_prefix(name.size());
  }
  return depth > 0;
}

Checked<std::string> read_cgroup(ObjectReader &reader) {
  std::string path = WARRANT_TRY(reader.string("cgroup", 1, kMaxCgroupPath));
  if (!is_cgroup_path(path))
    return malformed(reader.at("cgroup"),
                     "absolute path below the root of the cgroup2 tree expected, of at most " +
                         std::to_string(W_CGROUP_DEPTH) + " names of at most " +
                         std::to_string(kMaxCgroupName) + " bytes",
                     "write it like /agents.slice/agent-7.service");
  return path;
}

/// Only units that certainly live directly in system.slice: instances have a slice of their own.
Checked<std::string> read_unit(ObjectReader &reader) {
  std::string unit = WARRANT_TRY(reader.string("unit", 1, kMaxCgroupName));
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view(":-_.\\").find(c) != std::string_view::npos;
  };
  if (unit.size() <= kUnitSuffix.size() || !unit.ends_with(kUnitSuffix) ||
      !std::all_of(unit.begin(), unit.end(), allowed))
    return malformed(reader.at("unit"), "name of a service in system.slice expected",
                     "for an instance, a slice or another manager's unit give initiator.cgroup");
  return unit;
}

Checked<Initiator> read_initiator(ObjectReader &&reader) {
  WARRANT_TRY(reader.refuse_unsupported({"parentSha256", "session"}));
  Initiator initiator;
  if (reader.has("any")) {
    initiator.any = WARRANT_TRY(reader.boolean("any"));
    if (!initiator.any)
      return malformed(reader.at("any"), "true expected", "leave it out instead");
  }
  if (reader.has("uid"))
    initiator.uid = static_cast<uint32_t>(WARRANT_TRY(reader.integer("uid", 0, kMaxUid)));
  if (reader.has("gid"))
    initiator.gid = static_cast<uint32_t>(WARRANT_TRY(reader.integer("gid", 0, kMaxUid)));
  if (reader.has("cgroup"))
    initiator.cgroup = WARRANT_TRY(read_cgroup(reader));
  if (reader.has("unit"))
    initiator.unit = WARRANT_TRY(read_unit(reader));
  WARRANT_TRY(reader.finish());

  const bool restricted = initiator.uid || initiator.gid || initiator.cgroup || initiator.unit;
  if (!initiator.any && !restricted)
    return malformed(reader.at("any"), "no restriction given, which means nobody",
                     "name uid, gid, cgroup or unit, or say \"any\": true");
  if (initiator.any && restricted)
    return malformed(reader.at("any"), "excludes all restrictions", "remove it or them");
  if (initiator.cgroup && initiator.unit)
    return malformed(reader.at("unit"),
                     "a process has one cgroup: unit and cgroup exclude each other",
                     "give the narrower of the two");
  return initiator;
}

Checked<std::optional<std::string>> read_environment(ObjectReader &&reader) {
  WARRANT_TRY(reader.refuse_unsupported({"pcrs", "pcrProfile", "kernel"}));
  std::optional<std::string> host;
  if (reader.has("host"))
    host = WARRANT_TRY(reader.string("host", 1, kMaxHostName));
  WARRANT_TRY(reader.finish());
  return host;
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

Checked<Subject> read_subject(const Json &value, std::string path) {
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(value, std::move(path)));
  Subject subject;
  subject.name = WARRANT_TRY(reader.string("name", 1, kMaxSubjectName));
  ObjectReader digest = WARRANT_TRY(reader.object("digest"));
  subject.sha256 = WARRANT_TRY(digest.digest("sha256"));
  if (digest.has("fsverity-sha256"))
    subject.verity = WARRANT_TRY(digest.digest("fsverity-sha256"));
  WARRANT_TRY(digest.finish());
  WARRANT_TRY(reader.finish());
  return subject;
}

/// With a manifest, the one subject is the manifest; it is not code.
Checked<void> check_manifest_subject(const std::vector<Subject> &subjects, const ManifestRef &ref) {
  const Subject expected = {std::string(kManifestSubject), ref.sha256, std::nullopt};
  if (subjects.size() != 1 || subjects[0] != expected)
    return malformed("subject", "exactly one expected: the manifest, with its sha256");
  return {};
}

Checked<Authorization> read_predicate(ObjectReader &&reader) {
  WARRANT_TRY(reader.refuse_unsupported({"lineage"}));
  Authorization authorization;
  authorization.id = WARRANT_TRY(read_id(reader));
  authorization.kind = WARRANT_TRY(read_kind(reader));
  authorization.issued_at = WARRANT_TRY(reader.time("issuedAt"));
  WARRANT_TRY(read_validity(WARRANT_TRY(reader.object("validity")), authorization));
  authorization.policy_sha256 = WARRANT_TRY(read_policy(WARRANT_TRY(reader.object("policy"))));
  authorization.actions = WARRANT_TRY(read_actions(reader));
  authorization.initiator = WARRANT_TRY(read_initiator(WARRANT_TRY(reader.object("initiator"))));
  if (reader.has("constraints"))
    authorization.jit = WARRANT_TRY(read_constraints(WARRANT_TRY(reader.object("constraints"))));
  if (reader.has("environment"))
    authorization.host = WARRANT_TRY(read_environment(WARRANT_TRY(reader.object("environment"))));
  if (reader.has("governance"))
    authorization.governance =
        WARRANT_TRY(read_governance(WARRANT_TRY(reader.object("governance"))));
  if (reader.has("recovery"))
    authorization.recovery = WARRANT_TRY(reader.boolean("recovery"));
  if (reader.has("manifest"))
    authorization.manifest = WARRANT_TRY(read_manifest_ref(WARRANT_TRY(reader.object("manifest"))));
  WARRANT_TRY(reader.finish());
  return authorization;
}

Json initiator_json(const Initiator &initiator) {
  Json json = Json::object();
  if (initiator.any)
    json["any"] = true;
  if (initiator.uid)
    json["uid"] = *initiator.uid;
  if (initiator.gid)
    json["gid"] = *initiator.gid;
  if (initiator.cgroup)
    json["cgroup"] = *initiator.cgroup;
  if (initiator.unit)
    json["unit"] = *initiator.unit;
  return json;
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
  if (authorization.jit)
    json["constraints"] = {{"jit", true}};
  if (authorization.host)
    json["environment"] = {{"host", *authorization.host}};
  if (!authorization.governance.empty())
    json["governance"] = authorization.governance;
  if (authorization.recovery)
    json["recovery"] = true;
  if (authorization.manifest)
    json["manifest"] = {{"format", kManifestFormat},
                        {"sha256", to_hex(authorization.manifest->sha256)},
                        {"count", authorization.manifest->count}};
  return json;
}

Json subject_json(const Subject &subject) {
  Json digest = {{"sha256", to_hex(subject.sha256)}};
  if (subject.verity)
    digest["fsverity-sha256"] = to_hex(*subject.verity);
  return {{"name", subject.name}, {"digest", std::move(digest)}};
}

Checked<Statement> read_statement(ByteView payload, std::string_view predicate_type) {
  Json document = WARRANT_TRY(parse_json(payload));
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(document));
  WARRANT_TRY(reader.literal("_type", kStatementType));
  Statement statement;
  statement.predicate_type = WARRANT_TRY(reader.string("predicateType", 1, 256));
  if (!predicate_type.empty())
    WARRANT_TRY(reader.literal("predicateType", predicate_type));
  WARRANT_TRY(reader.array("subject", 1, kMaxSubjects));
  WARRANT_TRY(reader.object("predicate"));
  WARRANT_TRY(reader.finish());
  statement.subject = std::move(document["subject"]);
  statement.predicate = std::move(document["predicate"]);
  return statement;
}

} // namespace

std::string_view kind_name(ArtifactKind kind) {
  return kKinds.at(static_cast<size_t>(kind));
}

std::optional<ArtifactKind> kind_from_name(std::string_view name) {
  const auto *const found = std::find(kKinds.begin(), kKinds.end(), name);
  if (found == kKinds.end())
    return std::nullopt;
  return static_cast<ArtifactKind>(found - kKinds.begin());
}

std::optional<std::string> Initiator::cgroup_path() const {
  return unit ? std::string(kUnitSlice) + *unit : cgroup;
}

Checked<Authorization> parse_authorization(ByteView payload) {
  const Statement statement = WARRANT_TRY(parse_statement(payload, kAuthorizationType));
  Authorization authorization = WARRANT_TRY(
      read_predicate(WARRANT_TRY(ObjectReader::open(statement.predicate, "predicate"))));
  for (size_t i = 0; i < statement.subject.size(); i++)
    authorization.subjects.push_back(
        WARRANT_TRY(read_subject(statement.subject[i], element("subject", i))));
  if (authorization.manifest) {
    WARRANT_TRY(check_manifest_subject(authorization.subjects, *authorization.manifest));
    authorization.subjects.clear();
  }
  return authorization;
}

Checked<std::string> serialize_authorization(const Authorization &authorization) {
  if (authorization.manifest && !authorization.subjects.empty())
    return malformed("subject", "listed although there is a manifest");
  Json subjects = Json::array();
  for (const Subject &subject : authorization.subjects)
    subjects.push_back(subject_json(subject));
  if (authorization.manifest)
    subjects.push_back(subject_json(
        {std::string(kManifestSubject), authorization.manifest->sha256, std::nullopt}));
  std::string payload =
      serialize_statement(kAuthorizationType, std::move(subjects), predicate_json(authorization));
  // The parser is the one place that knows the rules; asking it also catches what JSON cannot
  // carry.
  if (WARRANT_TRY(parse_authorization(view(payload))) != authorization)
    return malformed("", "text that is not UTF-8, a time out of range, or an unknown action");
  return payload;
}

ArtifactId new_artifact_id() {
  if (sodium_init() < 0)
    __builtin_trap(); // no source of randomness
  ArtifactId id;
  randombytes_buf(id.data(), id.size());
  return id;
}

Checked<Statement> parse_statement(ByteView payload, std::string_view predicate_type) {
  return read_statement(payload, predicate_type);
}

Checked<Statement> parse_any_statement(ByteView payload) {
  return read_statement(payload, {});
}

std::string serialize_statement(std::string_view predicate_type, Json subject, Json predicate) {
  const Json document = {{"_type", kStatementType},
                         {"predicateType", predicate_type},
                         {"subject", std::move(subject)},
                         {"predicate", std::move(predicate)}};
  // Text that is no UTF-8 must not throw: the replacement is caught by parsing back.
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace warrant
