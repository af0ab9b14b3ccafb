// SPDX-License-Identifier: Apache-2.0
#include "lineage/body_json.h"

#include <iterator>
#include <optional>
#include <utility>

#include "artifacts/trust.h"
#include "lineage/facts_json.h"
#include "lineage/words.h"

namespace warrant {
namespace {

// ---- parts

Json to_json(const Task &task) {
  return {{"cgroup", task.cgroup.escaped()},
          {"cgroupId", std::to_string(task.cgroup_id)},
          {"comm", task.comm.escaped()},
          {"gid", task.gid},
          {"pid", task.pid},
          {"tgid", task.tgid},
          {"uid", task.uid}};
}

Checked<Task> read_task(ObjectReader &from) {
  ObjectReader in = WARRANT_TRY(from.object("task"));
  Task task;
  task.comm = WARRANT_TRY(read_text(in, "comm"));
  task.pid = WARRANT_TRY(read_number(in, "pid"));
  task.tgid = WARRANT_TRY(read_number(in, "tgid"));
  task.uid = WARRANT_TRY(read_number(in, "uid"));
  task.gid = WARRANT_TRY(read_number(in, "gid"));
  task.cgroup_id = WARRANT_TRY(read_wide(in, "cgroupId"));
  task.cgroup = WARRANT_TRY(read_text(in, "cgroup"));
  WARRANT_TRY(in.finish());
  return task;
}

Json to_json(const File &file) {
  return {{"device", file.device},
          {"filesystem", file.filesystem},
          {"inode", std::to_string(file.inode)},
          {"path", file.path.escaped()}};
}

Checked<File> read_file_of(ObjectReader &from) {
  ObjectReader in = WARRANT_TRY(from.object("file"));
  File file;
  file.path = WARRANT_TRY(read_text(in, "path"));
  file.device = WARRANT_TRY(read_number(in, "device"));
  file.inode = WARRANT_TRY(read_wide(in, "inode"));
  file.filesystem = WARRANT_TRY(read_number(in, "filesystem"));
  WARRANT_TRY(in.finish());
  return file;
}

Json to_json(const Attribution &artifact) {
  Json governance = Json::object();
  for (const auto &[key, value] : artifact.governance)
    governance[key.escaped()] = value.escaped();
  return {{"governance", std::move(governance)},
          {"id", to_hex(artifact.id)},
          {"issuers", artifact.issuers},
          {"sha256", to_hex(artifact.sha256)}};
}

Checked<std::map<Text, Text>> read_governance(ObjectReader &from) {
  ObjectReader in = WARRANT_TRY(from.object("governance"));
  std::map<Text, Text> governance;
  for (const auto &member : in.members().items()) {
    const std::optional<Text> name = Text::from_escaped(member.key());
    if (!name)
      return malformed(in.at(printable(member.key())), "the name is not in the escaped form");
    governance[*name] = WARRANT_TRY(read_text(in, member.key()));
  }
  return governance;
}

Checked<Attribution> read_artifact(ObjectReader &from) {
  ObjectReader in = WARRANT_TRY(from.object("artifact"));
  Attribution artifact;
  artifact.id = WARRANT_TRY(read_id(in, "id"));
  artifact.sha256 = WARRANT_TRY(in.digest("sha256"));
  const Json *issuers = WARRANT_TRY(in.array("issuers", 0, kMaxTrustKeys));
  for (const Json &issuer : *issuers) {
    if (!issuer.is_string())
      return malformed(in.at("issuers"), "an element is not a string");
    artifact.issuers.push_back(issuer.get<std::string>());
  }
  artifact.governance = WARRANT_TRY(read_governance(in));
  WARRANT_TRY(in.finish());
  return artifact;
}

Checked<std::optional<Attribution>> read_optional_artifact(ObjectReader &in) {
  std::optional<Attribution> artifact;
  if (in.has("artifact"))
    artifact = WARRANT_TRY(read_artifact(in));
  return artifact;
}

// A struct of bpf/abi.h.
template <class T>
Checked<T> read_struct(ObjectReader &in, std::string_view name,
                       Checked<T> (*from_json)(const Json &, const std::string &)) {
  ObjectReader inner = WARRANT_TRY(in.object(name));
  return from_json(inner.members(), in.at(name));
}

// ---- bodies: the members of each, and the same members read back

void write(const Decision &decision, Json &out) {
  out["sequence"] = std::to_string(decision.sequence);
  out["exec"] = std::to_string(decision.exec);
  out["task"] = to_json(decision.task);
  out["file"] = to_json(decision.file);
  out["process"] = process_to_json(decision.process);
  out["facts"] = facts_to_json(decision.facts);
  out["decision"] = decision_to_json(decision.decision);
  out["policy"] = to_hex(decision.policy);
  if (decision.artifact)
    out["artifact"] = to_json(*decision.artifact);
}

Checked<Body> read_decision(ObjectReader &in) {
  Decision decision;
  decision.sequence = WARRANT_TRY(read_wide(in, "sequence"));
  decision.exec = WARRANT_TRY(read_wide(in, "exec"));
  decision.task = WARRANT_TRY(read_task(in));
  decision.file = WARRANT_TRY(read_file_of(in));
  decision.process = WARRANT_TRY(read_struct(in, "process", process_from_json));
  decision.facts = WARRANT_TRY(read_struct(in, "facts", facts_from_json));
  decision.decision = WARRANT_TRY(read_struct(in, "decision", decision_from_json));
  decision.artifact = WARRANT_TRY(read_optional_artifact(in));
  decision.policy = WARRANT_TRY(in.digest("policy"));
  return Body(std::move(decision));
}

void write(const Commit &commit, Json &out) {
  out["sequence"] = std::to_string(commit.sequence);
  out["task"] = to_json(commit.task);
  out["file"] = to_json(commit.file);
  out["process"] = process_to_json(commit.process);
  if (commit.artifact)
    out["artifact"] = to_json(*commit.artifact);
}

Checked<Body> read_commit(ObjectReader &in) {
  Commit commit;
  commit.sequence = WARRANT_TRY(read_wide(in, "sequence"));
  commit.task = WARRANT_TRY(read_task(in));
  commit.file = WARRANT_TRY(read_file_of(in));
  commit.process = WARRANT_TRY(read_struct(in, "process", process_from_json));
  commit.artifact = WARRANT_TRY(read_optional_artifact(in));
  return Body(std::move(commit));
}

void write(const Gap &gap, Json &out) {
  out["lost"] = std::to_string(gap.lost);
  out["cause"] = gap.cause.escaped();
}

Checked<Body> read_gap(ObjectReader &in) {
  Gap gap;
  gap.lost = WARRANT_TRY(read_wide(in, "lost"));
  gap.cause = WARRANT_TRY(read_text(in, "cause"));
  return Body(std::move(gap));
}

void write(const Accepted &accepted, Json &out) {
  out["artifact"] = to_json(accepted.artifact);
  out["source"] = accepted.source.escaped();
  out["subjects"] = std::to_string(accepted.subjects);
}

Checked<Body> read_accepted(ObjectReader &in) {
  Accepted accepted;
  accepted.artifact = WARRANT_TRY(read_artifact(in));
  accepted.source = WARRANT_TRY(read_text(in, "source"));
  accepted.subjects = WARRANT_TRY(read_wide(in, "subjects"));
  return Body(std::move(accepted));
}

void write(const Rejected &rejected, Json &out) {
  Json digests = Json::array();
  for (const Digest &digest : rejected.digests)
    digests.push_back(to_hex(digest));
  out["source"] = rejected.source.escaped();
  out["reason"] = kReasonWords.text(rejected.reason);
  out["detail"] = rejected.detail.escaped();
  out["subjects"] = std::to_string(rejected.subjects);
  out["digests"] = std::move(digests);
  if (rejected.claimed)
    out["claimed"] = to_hex(*rejected.claimed);
}

Checked<Body> read_rejected(ObjectReader &in) {
  Rejected rejected;
  rejected.source = WARRANT_TRY(read_text(in, "source"));
  rejected.reason = WARRANT_TRY(read_word(in, "reason", kReasonWords));
  rejected.detail = WARRANT_TRY(read_text(in, "detail"));
  rejected.subjects = WARRANT_TRY(read_wide(in, "subjects"));
  const Json *digests = WARRANT_TRY(in.array("digests", 0, kMaxRejectedDigests));
  for (const Json &element : *digests) {
    Digest digest{};
    if (!element.is_string() || !from_hex(element.get_ref<const std::string &>(), digest))
      return malformed(in.at("digests"), "an element is not 64 lower-case hex characters");
    rejected.digests.push_back(digest);
  }
  if (in.has("claimed"))
    rejected.claimed = WARRANT_TRY(read_id(in, "claimed"));
  return Body(std::move(rejected));
}

void write(const Withdrawn &withdrawn, Json &out) {
  out["artifact"] = to_json(withdrawn.artifact);
  out["source"] = withdrawn.source.escaped();
  out["detail"] = withdrawn.detail.escaped();
}

Checked<Body> read_withdrawn(ObjectReader &in) {
  Withdrawn withdrawn;
  withdrawn.artifact = WARRANT_TRY(read_artifact(in));
  withdrawn.source = WARRANT_TRY(read_text(in, "source"));
  withdrawn.detail = WARRANT_TRY(read_text(in, "detail"));
  return Body(std::move(withdrawn));
}

void write(const Generation &generation, Json &out) {
  out["number"] = std::to_string(generation.number);
  out["artifacts"] = generation.artifacts;
  out["verdicts"] = std::to_string(generation.verdicts);
  out["rejected"] = generation.rejected;
  out["policy"] = to_hex(generation.policy);
  out["mode"] = kModeWords.text(generation.mode);
}

Checked<Body> read_generation(ObjectReader &in) {
  Generation generation;
  generation.number = WARRANT_TRY(read_wide(in, "number"));
  generation.artifacts = WARRANT_TRY(read_number(in, "artifacts"));
  generation.verdicts = WARRANT_TRY(read_wide(in, "verdicts"));
  generation.rejected = WARRANT_TRY(read_number(in, "rejected"));
  generation.policy = WARRANT_TRY(in.digest("policy"));
  generation.mode = WARRANT_TRY(read_word(in, "mode", kModeWords));
  return Body(generation);
}

void write(const Daemon &daemon, Json &out) {
  out["pid"] = daemon.pid;
  out["version"] = daemon.version.escaped();
  out["kernel"] = daemon.kernel.escaped();
  out["detail"] = daemon.detail.escaped();
}

template <class T>
Checked<Body> read_daemon(ObjectReader &in) {
  T daemon;
  daemon.pid = WARRANT_TRY(read_number(in, "pid"));
  daemon.version = WARRANT_TRY(read_text(in, "version"));
  daemon.kernel = WARRANT_TRY(read_text(in, "kernel"));
  daemon.detail = WARRANT_TRY(read_text(in, "detail"));
  return Body(std::move(daemon));
}

void write(const Canary &canary, Json &out) {
  out["refused"] = canary.refused;
  out["detail"] = canary.detail.escaped();
}

Checked<Body> read_canary(ObjectReader &in) {
  Canary canary;
  canary.refused = WARRANT_TRY(in.boolean("refused"));
  canary.detail = WARRANT_TRY(read_text(in, "detail"));
  return Body(std::move(canary));
}

// In the order of the alternatives of Body.
struct BodyType {
  std::string_view name;
  Checked<Body> (*read)(ObjectReader &);
};
constexpr BodyType kTypes[] = {
    {"decision", read_decision},     {"commit", read_commit},       {"gap", read_gap},
    {"accepted", read_accepted},     {"rejected", read_rejected},   {"withdrawn", read_withdrawn},
    {"generation", read_generation}, {"start", read_daemon<Start>}, {"adopt", read_daemon<Adopt>},
    {"stop", read_daemon<Stop>},     {"canary", read_canary},
};
static_assert(std::size(kTypes) == std::variant_size_v<Body>);

} // namespace

std::string_view type_name(const Body &body) {
  return kTypes[body.index()].name;
}

void write_body(const Body &body, Json &record) {
  std::visit([&](const auto &alternative) { write(alternative, record); }, body);
}

Checked<Body> read_body(std::string_view type, ObjectReader &record) {
  for (const BodyType &known : kTypes)
    if (known.name == type)
      return known.read(record);
  return malformed(record.at("type"), "unknown type \"" + printable(type) + "\"");
}

Checked<Text> read_text(ObjectReader &from, std::string_view name) {
  const std::string escaped = WARRANT_TRY(from.string(name, 0, kMaxRecordSize));
  if (const std::optional<Text> text = Text::from_escaped(escaped))
    return *text;
  return malformed(from.at(name), "not in the escaped form");
}

} // namespace warrant
