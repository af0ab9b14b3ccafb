// SPDX-License-Identifier: Apache-2.0
// ecs_of() of lineage/export.h.
#include <nlohmann/json.hpp>

#include "lineage/cgroup_name.h"
#include "lineage/export.h"
#include "lineage/summary.h"
#include "lineage/words.h"

namespace warrant {
namespace {

std::string entity(const Record &record, uint64_t lineage) {
  return record.origin.boot + ":" + std::to_string(lineage);
}

void put_event(Json &json, const Record &record, const RecordSummary &summary) {
  Json event = {{"action", type_name(record.body)},
                {"id", record.id},
                {"kind", "event"},
                {"module", "warrant"},
                {"dataset", "warrant.lineage"},
                {"provider", "warrant"},
                {"category", Json::array({"configuration"})},
                {"type", Json::array({"info"})}};
  if (!summary.reason.empty())
    event["reason"] = summary.reason;
  if (const auto *decision = std::get_if<Decision>(&record.body)) {
    const bool is_allowed = decision->decision.verdict == W_ALLOW;
    const bool is_denied = !is_allowed && decision->decision.enforced;
    const bool is_exec = decision->facts.request == W_REQUEST_EXEC;
    event["action"] = summary.request;
    event["category"] = Json::array({"process"});
    event["type"] = Json::array({is_exec ? "start" : "access"});
    event["outcome"] = is_denied ? "failure" : "success";
    event["sequence"] = decision->sequence;
    if (!is_allowed)
      event["kind"] = "alert";
  } else if (std::holds_alternative<Commit>(record.body)) {
    event["category"] = Json::array({"process"});
    event["type"] = Json::array({"start"});
    event["outcome"] = "success";
  } else if (std::holds_alternative<Ended>(record.body)) {
    event["category"] = Json::array({"process"});
    event["type"] = Json::array({"end"});
  }
  json["event"] = std::move(event);
}

void put_process(Json &json, const Record &record, const RecordSummary &summary) {
  const Task &task = *summary.task;
  const w_process &process = *summary.process;
  json["user"] = {{"id", std::to_string(task.uid)}, {"group", {{"id", std::to_string(task.gid)}}}};
  json["process"] = {{"entity_id", entity(record, process.lineage)},
                     {"name", task.comm.escaped()},
                     {"pid", task.tgid},
                     {"thread", {{"id", task.pid}}}};
  if (process.parent != 0)
    json["process"]["parent"] = {{"entity_id", entity(record, process.parent)}};
  if (const auto *commit = std::get_if<Commit>(&record.body)) {
    json["process"]["executable"] = commit->file.path.escaped();
    if (summary.digest != Digest{})
      json["process"]["hash"] = {{"sha256", to_hex(summary.digest)}};
  }
  if (const std::string id = container_of(task.cgroup.escaped()); !id.empty())
    json["container"] = {{"id", id}};
}

// The root of a tree over the content, which is not the content's SHA-256.
bool has_verity_digest(const Record &record) {
  const auto *decision = std::get_if<Decision>(&record.body);
  return decision && decision->facts.digest_kind == W_DIGEST_VERITY;
}

void put_file(Json &json, const Record &record, const File &file, const RecordSummary &summary) {
  const std::string &path = file.path.escaped();
  json["file"] = {{"inode", std::to_string(file.inode)},
                  {"name", path.substr(path.rfind('/') + 1)},
                  {"path", path}};
  if (summary.digest != Digest{} && !has_verity_digest(record))
    json["file"]["hash"] = {{"sha256", to_hex(summary.digest)}};
}

// What the schema has no field for.
Json own_members(const Record &record, const RecordSummary &summary) {
  Json own = {{"type", type_name(record.body)}, {"record", record.id}};
  if (!summary.detail.empty())
    own["detail"] = summary.detail;
  if (summary.digest != Digest{} && has_verity_digest(record))
    own["verity"] = to_hex(summary.digest);
  if (summary.task) {
    own["cgroup"] = summary.task->cgroup.escaped();
    own["unit"] = unit_of(summary.task->cgroup.escaped());
  }
  if (summary.artifact) {
    own["artifact"] = {{"id", to_hex(summary.artifact->id)},
                       {"sha256", to_hex(summary.artifact->sha256)},
                       {"issuers", summary.artifact->issuers}};
    for (const auto &[name, value] : summary.artifact->governance)
      own["governance"][name.escaped()] = value.escaped();
  }
  if (const auto *decision = std::get_if<Decision>(&record.body)) {
    own["enforced"] = decision->decision.enforced != 0;
    own["measure"] = kMeasureWords.text(decision->facts.measure);
    own["object"] = kObjectWords.text(decision->facts.object);
    own["verdict"] = kVerdictWords.text(decision->decision.verdict);
    own["exec"] = std::to_string(decision->exec);
  }
  return own;
}

} // namespace

Json ecs_of(const Record &record) {
  const RecordSummary summary = summary_of(record);
  Json json = {{"@timestamp", format_wall_time(record.time.wall_ns)},
               {"ecs", {{"version", "8.17.0"}}},
               {"host",
                {{"boot", {{"id", record.origin.boot}}},
                 {"hostname", record.origin.host.escaped()},
                 {"name", record.origin.host.escaped()}}},
               {"message", sentence_of(record)}};
  put_event(json, record, summary);
  if (summary.task && summary.process)
    put_process(json, record, summary);
  if (const auto *decision = std::get_if<Decision>(&record.body)) {
    if (!decision->file.path.empty())
      put_file(json, record, decision->file, summary);
    if (decision->policy != Digest{})
      json["rule"] = {{"ruleset", to_hex(decision->policy)}};
    if (decision->artifact)
      json["rule"]["id"] = to_hex(decision->artifact->id);
  }
  json["warrant"] = own_members(record, summary);
  return json;
}

} // namespace warrant
