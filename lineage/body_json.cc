// SPDX-License-Identifier: Apache-2.0
#include "lineage/body_json.h"

#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "lineage/body_frame.h"
#include "lineage/body_parts.h"
#include "lineage/facts_json.h"
#include "lineage/words.h"

namespace warrant {
namespace {

// A struct of bpf/abi.h.
template <class T>
Checked<T> read_struct(ObjectReader &in, std::string_view name,
                       Checked<T> (*from_json)(const Json &, const std::string &)) {
  ObjectReader inner = WARRANT_TRY(in.object(name));
  return from_json(inner.members(), in.at(name));
}

// ---- bodies: the members of each, and the same members read back

void write(Frame &frame, const Decision &decision) {
  if (decision.artifact)
    write_artifact(frame.out, *decision.artifact);
  frame.boot();
  write_decision(frame.out.member("decision"), decision.decision);
  frame.out.member("exec").wide(decision.exec);
  write_facts(frame.out.member("facts"), decision.facts);
  write_file(frame.out, decision.file);
  frame.host();
  frame.out.member("policy").hex(decision.policy);
  write_process(frame.out.member("process"), decision.process);
  frame.out.member("sequence").wide(decision.sequence);
  write_task(frame.out, decision.task);
  frame.time();
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

void write(Frame &frame, const Commit &commit) {
  if (commit.artifact)
    write_artifact(frame.out, *commit.artifact);
  frame.boot();
  write_file(frame.out, commit.file);
  frame.host();
  write_process(frame.out.member("process"), commit.process);
  frame.out.member("sequence").wide(commit.sequence);
  write_task(frame.out, commit.task);
  frame.time();
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

void write(Frame &frame, const Gap &gap) {
  frame.boot();
  frame.out.member("cause").text(gap.cause);
  frame.host();
  frame.out.member("lost").wide(gap.lost);
  frame.time();
}

Checked<Body> read_gap(ObjectReader &in) {
  Gap gap;
  gap.lost = WARRANT_TRY(read_wide(in, "lost"));
  gap.cause = WARRANT_TRY(read_text(in, "cause"));
  return Body(std::move(gap));
}

void write(Frame &frame, const Accepted &accepted) {
  write_artifact(frame.out, accepted.artifact);
  frame.boot();
  frame.host();
  frame.out.member("source").text(accepted.source);
  frame.out.member("subjects").wide(accepted.subjects);
  frame.time();
}

Checked<Body> read_accepted(ObjectReader &in) {
  Accepted accepted;
  accepted.artifact = WARRANT_TRY(read_artifact(in));
  accepted.source = WARRANT_TRY(read_text(in, "source"));
  accepted.subjects = WARRANT_TRY(read_wide(in, "subjects"));
  return Body(std::move(accepted));
}

void write(Frame &frame, const Rejected &rejected) {
  frame.boot();
  if (rejected.claimed)
    frame.out.member("claimed").hex(*rejected.claimed);
  frame.out.member("detail").text(rejected.detail);
  frame.out.member("digests").open_array();
  for (const Digest &digest : rejected.digests)
    frame.out.hex(digest);
  frame.out.close_array();
  frame.host();
  write_word(frame.out.member("reason"), kReasonWords, rejected.reason);
  frame.out.member("source").text(rejected.source);
  frame.out.member("subjects").wide(rejected.subjects);
  frame.time();
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

void write(Frame &frame, const Withdrawn &withdrawn) {
  write_artifact(frame.out, withdrawn.artifact);
  frame.boot();
  frame.out.member("detail").text(withdrawn.detail);
  frame.host();
  frame.out.member("source").text(withdrawn.source);
  frame.time();
}

Checked<Body> read_withdrawn(ObjectReader &in) {
  Withdrawn withdrawn;
  withdrawn.artifact = WARRANT_TRY(read_artifact(in));
  withdrawn.source = WARRANT_TRY(read_text(in, "source"));
  withdrawn.detail = WARRANT_TRY(read_text(in, "detail"));
  return Body(std::move(withdrawn));
}

void write(Frame &frame, const Generation &generation) {
  frame.out.member("artifacts").number(generation.artifacts);
  frame.boot();
  frame.host();
  write_word(frame.out.member("mode"), kModeWords, generation.mode);
  frame.out.member("number").wide(generation.number);
  frame.out.member("policy").hex(generation.policy);
  frame.out.member("rejected").number(generation.rejected);
  frame.time();
  frame.out.member("verdicts").wide(generation.verdicts);
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

void write(Frame &frame, const Daemon &daemon) {
  frame.boot();
  frame.out.member("detail").text(daemon.detail);
  frame.host();
  frame.out.member("kernel").text(daemon.kernel);
  frame.out.member("pid").number(daemon.pid);
  frame.time();
  frame.out.member("version").text(daemon.version);
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

void write(Frame &frame, const Canary &canary) {
  frame.boot();
  frame.out.member("detail").text(canary.detail);
  frame.host();
  frame.out.member("refused").boolean(canary.refused);
  frame.time();
}

Checked<Body> read_canary(ObjectReader &in) {
  Canary canary;
  canary.refused = WARRANT_TRY(in.boolean("refused"));
  canary.detail = WARRANT_TRY(read_text(in, "detail"));
  return Body(std::move(canary));
}

void write(Frame &frame, const Ended &ended) {
  write_artifact(frame.out, ended.artifact);
  frame.boot();
  frame.host();
  frame.out.member("pid").number(ended.pid);
  write_process(frame.out.member("process"), ended.process);
  write_word(frame.out.member("reason"), kReasonWords, ended.reason);
  frame.time();
}

Checked<Body> read_ended(ObjectReader &in) {
  Ended ended;
  ended.artifact = WARRANT_TRY(read_artifact(in));
  ended.pid = WARRANT_TRY(read_number(in, "pid"));
  ended.process = WARRANT_TRY(read_struct(in, "process", process_from_json));
  ended.reason = WARRANT_TRY(read_word(in, "reason", kReasonWords));
  return Body(std::move(ended));
}

void write(Frame &frame, const Disarm &disarm) {
  if (disarm.artifact)
    write_artifact(frame.out, *disarm.artifact);
  frame.boot();
  write_caller(frame.out, disarm.caller);
  frame.out.member("detail").text(disarm.detail);
  frame.host();
  frame.time();
}

Checked<Body> read_disarm(ObjectReader &in) {
  Disarm disarm;
  disarm.artifact = WARRANT_TRY(read_optional_artifact(in));
  disarm.caller = WARRANT_TRY(read_caller(in));
  disarm.detail = WARRANT_TRY(read_text(in, "detail"));
  return Body(std::move(disarm));
}

void write(Frame &frame, const Lease &lease) {
  frame.boot();
  frame.out.member("detail").text(lease.detail);
  frame.host();
  frame.out.member("isOpen").boolean(lease.is_open);
  frame.out.member("name").text(lease.name);
  write_word(frame.out.member("reason"), kReasonWords, lease.reason);
  frame.time();
  frame.out.member("validUntil").wide(lease.until);
}

Checked<Body> read_lease(ObjectReader &in) {
  Lease lease;
  lease.name = WARRANT_TRY(read_text(in, "name"));
  lease.is_open = WARRANT_TRY(in.boolean("isOpen"));
  lease.until = WARRANT_TRY(read_wide(in, "validUntil"));
  lease.reason = WARRANT_TRY(read_word(in, "reason", kReasonWords));
  lease.detail = WARRANT_TRY(read_text(in, "detail"));
  return Body(std::move(lease));
}

void write(Frame &frame, const Handover &handover) {
  frame.boot();
  write_caller(frame.out, handover.caller);
  frame.out.member("detail").text(handover.detail);
  frame.host();
  frame.out.member("lineage").wide(handover.lineage);
  if (handover.parent)
    write_remote_parent(frame.out, *handover.parent);
  write_word(frame.out.member("reason"), kReasonWords, handover.reason);
  if (handover.token)
    frame.out.member("shown").hex(*handover.token);
  frame.time();
}

Checked<Body> read_handover(ObjectReader &in) {
  Handover handover;
  handover.caller = WARRANT_TRY(read_caller(in));
  handover.detail = WARRANT_TRY(read_text(in, "detail"));
  handover.lineage = WARRANT_TRY(read_wide(in, "lineage"));
  if (in.has("parent"))
    handover.parent = WARRANT_TRY(read_remote_parent(WARRANT_TRY(in.object("parent"))));
  handover.reason = WARRANT_TRY(read_word(in, "reason", kReasonWords));
  if (in.has("shown"))
    handover.token = WARRANT_TRY(read_id(in, "shown"));
  return Body(std::move(handover));
}

void write(Frame &frame, const Prune &prune) {
  frame.boot();
  write_caller(frame.out, prune.caller);
  frame.out.member("entries").wide(prune.entries);
  frame.host();
  frame.out.member("root").hex(prune.root);
  frame.time();
}

Checked<Body> read_prune(ObjectReader &in) {
  Prune prune;
  prune.caller = WARRANT_TRY(read_caller(in));
  prune.entries = WARRANT_TRY(read_wide(in, "entries"));
  prune.root = WARRANT_TRY(in.digest("root"));
  return Body(prune);
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
    {"stop", read_daemon<Stop>},     {"canary", read_canary},       {"ended", read_ended},
    {"disarm", read_disarm},         {"lease", read_lease},         {"handover", read_handover},
    {"prune", read_prune},
};
static_assert(std::size(kTypes) == std::variant_size_v<Body>);

} // namespace

std::string_view type_name(const Body &body) {
  return kTypes[body.index()].name;
}

void write_record(JsonText &out, const Record &record, bool with_id) {
  Frame frame(out, record, with_id);
  out.open_object();
  std::visit([&](const auto &body) { write(frame, body); }, record.body);
  out.close_object();
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
