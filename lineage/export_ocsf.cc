// SPDX-License-Identifier: Apache-2.0
// ocsf_of() of lineage/export.h. Facts are of the OCSF schema 1.8.0: class process_activity,
// profile security_control, objects process, file, fingerprint, actor, device, metadata, policy.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "lineage/cgroup_name.h"
#include "lineage/export.h"
#include "lineage/summary.h"
#include "lineage/words.h"

namespace warrant {
namespace {

constexpr int kClass = 1007;

struct Caption {
  int id;
  std::string_view name;
};
constexpr Caption kLaunch{1, "Launch"};
constexpr Caption kTerminate{2, "Terminate"};
constexpr Caption kOtherActivity{99, "Other"};

constexpr Caption kInformational{1, "Informational"};
constexpr Caption kLow{2, "Low"};
constexpr Caption kMedium{3, "Medium"};

constexpr Caption kSuccess{1, "Success"};
constexpr Caption kFailure{2, "Failure"};

constexpr Caption kAllowed{1, "Allowed"};
constexpr Caption kDenied{2, "Denied"};
constexpr Caption kObserved{3, "Observed"};

constexpr Caption kDispositionAllowed{1, "Allowed"};
constexpr Caption kBlocked{2, "Blocked"};
constexpr Caption kLogged{17, "Logged"};

constexpr Caption kSha256{3, "SHA-256"};
constexpr Caption kOtherAlgorithm{99, "Other"};
constexpr Caption kRegularFile{1, "Regular File"};
constexpr Caption kUnknownDevice{0, "Unknown"};
constexpr Caption kExec{3, "Exec"};

void put(Json &into, std::string_view name, const Caption &caption) {
  into[std::string(name) + "_id"] = caption.id;
  into[std::string(name)] = caption.name;
}

std::string process_uid(const Record &record, uint64_t lineage) {
  return record.origin.boot + ":" + std::to_string(lineage);
}

Json file_of(const File &file, const Digest &digest, uint8_t digest_kind) {
  const std::string &path = file.path.escaped();
  const std::string name = path.substr(path.rfind('/') + 1);
  Json json = {{"name", name.empty() ? "(none)" : name},
               {"path", path},
               {"uid", std::to_string(file.device) + ":" + std::to_string(file.inode)}};
  put(json, "type", kRegularFile);
  if (digest != Digest{}) {
    Json hash = {{"value", to_hex(digest)}};
    put(hash, "algorithm", digest_kind == W_DIGEST_VERITY ? kOtherAlgorithm : kSha256);
    json["hashes"] = Json::array({std::move(hash)});
  }
  return json;
}

// The task as it is, whatever it asks for.
Json asking_process(const Record &record, const Task &task, const w_process &process) {
  Json json = {{"pid", task.tgid},
               {"tid", task.pid},
               {"name", task.comm.escaped()},
               {"uid", process_uid(record, process.lineage)},
               {"user", {{"uid", std::to_string(task.uid)}}}};
  if (process.parent != 0)
    json["parent_process"] = {{"uid", process_uid(record, process.parent)}};
  if (const auto session = session_of(task.cgroup.escaped()))
    json["session"] = {{"uid", std::to_string(*session)}};
  return json;
}

Json metadata_of(const Record &record, std::string_view version) {
  return {
      {"event_code", type_name(record.body)},
      {"log_name", "warrant lineage"},
      {"original_event_uid", record.id},
      {"original_time", format_wall_time(record.time.wall_ns)},
      {"product",
       {{"name", "Warrant"}, {"uid", "warrant"}, {"vendor_name", "Warrant"}, {"version", version}}},
      {"profiles", Json::array({"security_control"})},
      {"uid", record.origin.host.escaped() + "/" + record.id},
      {"version", "1.8.0"}};
}

// What every event of the class must have.
Json event_of(const Record &record, std::string_view version, const Caption &activity,
              std::string_view activity_name) {
  Json device = {{"hostname", record.origin.host.escaped()}};
  put(device, "type", kUnknownDevice);
  return {{"activity_id", activity.id},
          {"activity_name", activity_name},
          {"category_name", "System Activity"},
          {"category_uid", 1},
          {"class_name", "Process Activity"},
          {"class_uid", kClass},
          {"device", std::move(device)},
          {"message", sentence_of(record)},
          {"metadata", metadata_of(record, version)},
          {"time", record.time.wall_ns / 1'000'000},
          {"type_name", "Process Activity: " + std::string(activity.name)},
          {"type_uid", kClass * 100 + activity.id},
          {"unmapped", {{"boot_id", record.origin.boot}}}};
}

void put_artifact(Json &event, const Attribution &artifact, std::string_view decision) {
  const Json authorization = {{"decision", decision},
                              {"policy",
                               {{"name", "authorization artifact"},
                                {"uid", to_hex(artifact.id)},
                                {"version", to_hex(artifact.sha256)}}}};
  event["authorizations"] = Json::array({authorization});
  Json governance = Json::object();
  for (const auto &[name, value] : artifact.governance)
    governance[name.escaped()] = value.escaped();
  event["unmapped"]["governance"] = std::move(governance);
  event["unmapped"]["issuers"] = artifact.issuers;
}

void put_outcome(Json &event, const Decision &decision) {
  const bool is_allowed = decision.decision.verdict == W_ALLOW;
  const bool is_enforced = decision.decision.enforced != 0;
  put(event, "action", is_allowed ? kAllowed : is_enforced ? kDenied : kObserved);
  put(event, "disposition", is_allowed ? kDispositionAllowed : is_enforced ? kBlocked : kLogged);
  put(event, "severity", is_allowed ? kInformational : is_enforced ? kMedium : kLow);
  put(event, "status", is_allowed || !is_enforced ? kSuccess : kFailure);
  event["status_detail"] = kReasonWords.text(decision.decision.reason);
  event["is_alert"] = !is_allowed;
  if (decision.policy != Digest{})
    event["policy"] = {{"name", "warrant policy"}, {"uid", to_hex(decision.policy)}};
}

Json decision_event(const Record &record, const Decision &decision, std::string_view version) {
  const uint8_t request = decision.facts.request;
  const std::string word = kRequestWords.text(request);
  const bool is_launch = request == W_REQUEST_EXEC || request == W_REQUEST_CHECK;
  Json event = event_of(record, version, is_launch ? kLaunch : kOtherActivity,
                        is_launch ? std::string(kLaunch.name) : word);
  put_outcome(event, decision);
  const Json asker = asking_process(record, decision.task, decision.process);
  event["actor"] = {{"process", asker}, {"user", asker["user"]}};
  Digest digest{};
  std::copy(std::begin(decision.facts.digest), std::end(decision.facts.digest), digest.begin());
  const Json file = file_of(decision.file, digest, decision.facts.digest_kind);
  if (is_launch) {
    // The exec keeps pid and user; it gets a lineage id of its own.
    put(event, "launch_type", kExec);
    Json process = {{"pid", decision.task.tgid},
                    {"name", file["name"]},
                    {"file", file},
                    {"user", asker["user"]},
                    {"parent_process", asker}};
    if (decision.exec != 0)
      process["uid"] = process_uid(record, decision.exec);
    event["process"] = std::move(process);
  } else {
    event["process"] = asker;
    if (request == W_REQUEST_MAP || request == W_REQUEST_LOAD)
      event["module"] = {{"file", file}};
    else
      event["unmapped"]["file"] = file;
  }
  if (const std::string id = container_of(decision.task.cgroup.escaped()); !id.empty())
    event["unmapped"]["container_uid"] = id;
  event["unmapped"]["cgroup"] = decision.task.cgroup.escaped();
  event["unmapped"]["chain"] = decision.facts.chain;
  event["unmapped"]["object"] = kObjectWords.text(decision.facts.object);
  event["unmapped"]["measure"] = kMeasureWords.text(decision.facts.measure);
  event["unmapped"]["request"] = word;
  event["metadata"]["sequence"] = decision.sequence;
  if (decision.artifact)
    put_artifact(event, *decision.artifact, kVerdictWords.text(decision.decision.verdict));
  return event;
}

Json ended_event(const Record &record, const Ended &ended, std::string_view version) {
  Json event = event_of(record, version, kTerminate, kTerminate.name);
  put(event, "action", kDenied);
  put(event, "disposition", kBlocked);
  put(event, "severity", kMedium);
  put(event, "status", kSuccess);
  event["status_detail"] = kReasonWords.text(ended.reason);
  event["is_alert"] = true;
  event["actor"] = {{"app_name", "warrantd"}};
  event["process"] = {{"pid", ended.pid}, {"uid", process_uid(record, ended.process.lineage)}};
  put_artifact(event, ended.artifact, kReasonWords.text(ended.reason));
  return event;
}

} // namespace

std::optional<Json> ocsf_of(const Record &record, std::string_view version) {
  if (const auto *decision = std::get_if<Decision>(&record.body))
    return decision_event(record, *decision, version);
  if (const auto *ended = std::get_if<Ended>(&record.body))
    return ended_event(record, *ended, version);
  return std::nullopt;
}

} // namespace warrant
