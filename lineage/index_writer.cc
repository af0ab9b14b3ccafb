// SPDX-License-Identifier: Apache-2.0
#include "lineage/index_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lineage/index_schema.h"

namespace warrant {
namespace {

// Places of the parameters of the statement that adds an event.
enum EventAt {
  kSource = 1,
  kPosition,
  kBoot,
  kKind,
  kSequence,
  kWall,
  kLineage,
  kParent,
  kRoot,
  kFlags,
  kUnder,
  kUid,
  kGid,
  kPid,
  kTgid,
  kComm,
  kCgroup,
  kPath,
  kDigest,
  kExec,
  kChain,
  kRequest,
  kMeasure,
  kObject,
  kVerdict,
  kReason,
  kEnforced,
  kGrant,
  kPolicy,
};

constexpr std::string_view kAddEvent =
    "INSERT INTO event(source, position, boot, kind, sequence, wall, lineage, parent, root, flags, "
    "under, uid, gid, pid, tgid, comm, cgroup, path, digest, exec, chain, request, measure, "
    "object, verdict, reason, enforced, grant, policy) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
    "?,?,?,?,?,?,?,?,?,?,?)";
constexpr std::string_view kAddLife =
    "INSERT INTO life(record, boot, wall, kind, artifact, grant, origin, detail, reason, subjects) "
    "VALUES(?,?,?,?,?,?,?,?,?,?)";

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

std::string issuers_json(const Attribution &artifact) {
  return Json(artifact.issuers).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string governance_json(const Attribution &artifact) {
  Json members = Json::object();
  for (const auto &[name, value] : artifact.governance)
    members[name.escaped()] = value.escaped();
  return members.dump();
}

void bind_optional(SqlStatement &statement, int at, const std::optional<uint64_t> &number) {
  if (number)
    statement.bind(at, *number);
  else
    statement.bind_null(at);
}

} // namespace

// ---- values that are held once

Result<Interner> Interner::make(Database &database, std::string_view table, std::string_view column,
                                bool is_text) {
  const std::string name(table);
  const std::string value(column);
  return Interner(
      WARRANT_TRY(database.prepare("SELECT id FROM " + name + " WHERE " + value + " = ?")),
      WARRANT_TRY(
          database.prepare("INSERT INTO " + name + "(" + value + ") VALUES(?) RETURNING id")),
      is_text);
}

void Interner::bind(SqlStatement &statement, std::string_view value) const {
  if (is_text_)
    statement.bind(1, value);
  else
    statement.bind(1, view(value));
}

Result<uint64_t> Interner::number(std::string_view value) {
  std::string key(value);
  if (const auto known = known_.find(key); known != known_.end())
    return known->second;
  if (known_.size() >= kMaxKnown)
    known_.clear();
  for (SqlStatement *statement : {&find_, &add_}) {
    bind(*statement, value);
    if (!WARRANT_TRY(statement->step()))
      continue;
    const uint64_t number = statement->number(0);
    WARRANT_TRY(statement->run());
    known_.emplace(std::move(key), number);
    return number;
  }
  return Error{"a value that was added has no number"};
}

// ---- records

struct IndexWriter::Life {
  const std::optional<Attribution> artifact;
  std::optional<ArtifactId> id;
  Text source;
  Text detail;
  uint8_t reason = W_REASON_INVALID;
  uint64_t subjects = 0;
};

Result<IndexWriter> IndexWriter::make(Database &database) {
  return IndexWriter(
      WARRANT_TRY(Interner::make(database, "word", "text", true)),
      WARRANT_TRY(Interner::make(database, "bytes", "bytes", false)),
      WARRANT_TRY(database.prepare(kAddEvent)), WARRANT_TRY(database.prepare(kAddLife)),
      WARRANT_TRY(database.prepare(
          "INSERT INTO handover(boot, wall, lineage, remote, remote_host, remote_boot, "
          "remote_artifact) VALUES(?,?,?,?,?,?,?)")),
      WARRANT_TRY(database.prepare(
          "INSERT INTO generation(boot, wall, number, policy, mode) VALUES(?,?,?,?,?)")),
      WARRANT_TRY(database.prepare("SELECT id FROM artifact WHERE artifact = ? AND sha256 IS ?")),
      WARRANT_TRY(database.prepare("INSERT INTO artifact(artifact, sha256, issuers, governance) "
                                   "VALUES(?,?,?,?) RETURNING id")),
      WARRANT_TRY(database.prepare("SELECT id FROM boot WHERE boot = ?")),
      WARRANT_TRY(database.prepare("INSERT INTO boot(boot, host) VALUES(?,?) RETURNING id")));
}

Status IndexWriter::add(const Record &record, uint64_t source, uint64_t position) {
  const uint64_t boot_number = WARRANT_TRY(boot(record.origin));
  event_.bind(kSource, source).bind(kPosition, position).bind(kBoot, boot_number);
  const Body &body = record.body;
  if (const auto *decision = std::get_if<Decision>(&body))
    return add_decision(record, *decision);
  if (const auto *commit = std::get_if<Commit>(&body))
    return add_commit(record, *commit);
  if (const auto *accepted = std::get_if<Accepted>(&body))
    return add_life(record, boot_number,
                    {accepted->artifact,
                     accepted->artifact.id,
                     accepted->source,
                     {},
                     W_REASON_AUTHORIZED,
                     accepted->subjects});
  if (const auto *rejected = std::get_if<Rejected>(&body))
    return add_life(record, boot_number,
                    {std::nullopt, rejected->claimed, rejected->source, rejected->detail,
                     rejected->reason, rejected->subjects});
  if (const auto *withdrawn = std::get_if<Withdrawn>(&body))
    return add_life(record, boot_number,
                    {withdrawn->artifact, withdrawn->artifact.id, withdrawn->source,
                     withdrawn->detail, W_REASON_INVALID, 0});
  if (const auto *ended = std::get_if<Ended>(&body))
    return add_life(record, boot_number,
                    {ended->artifact,
                     ended->artifact.id,
                     {},
                     "process " + std::to_string(ended->pid) + " was ended",
                     ended->reason,
                     0});
  if (const auto *handover = std::get_if<Handover>(&body))
    return add_handover(record, boot_number, *handover);
  if (const auto *generation = std::get_if<Generation>(&body))
    return add_generation(record, boot_number, *generation);
  return {};
}

Result<uint64_t> IndexWriter::boot(const Origin &origin) {
  if (last_boot_ && origin.boot == last_boot_id_)
    return *last_boot_;
  for (SqlStatement *statement : {&find_boot_, &add_boot_}) {
    statement->bind(1, origin.boot);
    if (statement == &add_boot_)
      statement->bind(2, origin.host.escaped());
    if (!WARRANT_TRY(statement->step()))
      continue;
    last_boot_ = statement->number(0);
    last_boot_id_ = origin.boot;
    WARRANT_TRY(statement->run());
    return *last_boot_;
  }
  return Error{"a boot that was added has no number"};
}

Result<std::optional<uint64_t>> IndexWriter::bytes(ByteView bytes) {
  if (std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; }))
    return std::optional<uint64_t>();
  return std::optional<uint64_t>(WARRANT_TRY(bytes_.number(as_text(bytes))));
}

Result<uint64_t> IndexWriter::artifact(const Attribution &artifact) {
  std::string key(as_text(artifact.id));
  key += as_text(artifact.sha256);
  if (const auto known = artifacts_.find(key); known != artifacts_.end())
    return known->second;
  const uint64_t id = WARRANT_TRY(bytes_.number(as_text(artifact.id)));
  const std::optional<uint64_t> payload = WARRANT_TRY(bytes(artifact.sha256));
  for (SqlStatement *statement : {&find_artifact_, &add_artifact_}) {
    statement->bind(1, id);
    bind_optional(*statement, 2, payload);
    if (statement == &add_artifact_)
      statement->bind(3, issuers_json(artifact)).bind(4, governance_json(artifact));
    if (!WARRANT_TRY(statement->step()))
      continue;
    const uint64_t number = statement->number(0);
    WARRANT_TRY(statement->run());
    artifacts_.emplace(std::move(key), number);
    return number;
  }
  return Error{"an artifact that was added has no number"};
}

Status IndexWriter::bind_artifact(int at, const std::optional<Attribution> &attribution) {
  std::optional<uint64_t> number;
  if (attribution)
    number = WARRANT_TRY(artifact(*attribution));
  bind_optional(event_, at, number);
  return {};
}

Status IndexWriter::bind_subject(const w_process &process, const Task &task, const File &file) {
  event_.bind(kLineage, process.lineage)
      .bind(kParent, process.parent)
      .bind(kRoot, process.root)
      .bind(kFlags, uint64_t{process.flags})
      .bind(kUid, uint64_t{task.uid})
      .bind(kGid, uint64_t{task.gid})
      .bind(kPid, uint64_t{task.pid})
      .bind(kTgid, uint64_t{task.tgid})
      .bind(kComm, WARRANT_TRY(words_.number(task.comm.escaped())))
      .bind(kCgroup, WARRANT_TRY(words_.number(task.cgroup.escaped())))
      .bind(kPath, WARRANT_TRY(words_.number(file.path.escaped())));
  bind_optional(event_, kUnder, WARRANT_TRY(bytes(process.artifact)));
  return {};
}

Status IndexWriter::add_decision(const Record &record, const Decision &decision) {
  const w_facts &facts = decision.facts;
  event_.bind(kKind, uint64_t{static_cast<uint8_t>(EventKind::kDecision)})
      .bind(kSequence, decision.sequence)
      .bind_signed(kWall, record.time.wall_ns)
      .bind(kExec, decision.exec)
      .bind(kChain, uint64_t{facts.chain})
      .bind(kRequest, uint64_t{facts.request})
      .bind(kMeasure, uint64_t{facts.measure})
      .bind(kObject, uint64_t{facts.object})
      .bind(kVerdict, uint64_t{decision.decision.verdict})
      .bind(kReason, uint64_t{decision.decision.reason})
      .bind(kEnforced, uint64_t{decision.decision.enforced});
  WARRANT_TRY(bind_subject(decision.process, decision.task, decision.file));
  bind_optional(event_, kDigest, WARRANT_TRY(bytes(facts.digest)));
  bind_optional(event_, kPolicy, WARRANT_TRY(bytes(decision.policy)));
  WARRANT_TRY(bind_artifact(kGrant, decision.artifact));
  return event_.run();
}

Status IndexWriter::add_commit(const Record &record, const Commit &commit) {
  event_.bind(kKind, uint64_t{static_cast<uint8_t>(EventKind::kCommit)})
      .bind(kSequence, commit.sequence)
      .bind_signed(kWall, record.time.wall_ns)
      .bind(kExec, commit.process.lineage)
      .bind(kRequest, uint64_t{W_REQUEST_EXEC})
      .bind(kVerdict, uint64_t{W_ALLOW})
      .bind(kEnforced, uint64_t{1});
  for (const int at : {kChain, kMeasure, kObject, kReason})
    event_.bind(at, uint64_t{0});
  WARRANT_TRY(bind_subject(commit.process, commit.task, commit.file));
  bind_optional(event_, kDigest, WARRANT_TRY(bytes(commit.process.digest)));
  event_.bind_null(kPolicy);
  WARRANT_TRY(bind_artifact(kGrant, commit.artifact));
  return event_.run();
}

Status IndexWriter::add_life(const Record &record, uint64_t boot, const Life &life) {
  life_.bind(1, record.id)
      .bind(2, boot)
      .bind_signed(3, record.time.wall_ns)
      .bind(4, type_name(record.body));
  std::optional<uint64_t> id;
  std::optional<uint64_t> grant;
  if (life.id)
    id = WARRANT_TRY(bytes_.number(as_text(*life.id)));
  if (life.artifact)
    grant = WARRANT_TRY(artifact(*life.artifact));
  bind_optional(life_, 5, id);
  bind_optional(life_, 6, grant);
  life_.bind(7, WARRANT_TRY(words_.number(life.source.escaped())))
      .bind(8, WARRANT_TRY(words_.number(life.detail.escaped())))
      .bind(9, uint64_t{life.reason})
      .bind(10, life.subjects);
  return life_.run();
}

// Of a token that was refused nothing goes on.
Status IndexWriter::add_handover(const Record &record, uint64_t boot, const Handover &handover) {
  if (handover.reason != W_REASON_AUTHORIZED || !handover.parent)
    return {};
  const RemoteParent &parent = *handover.parent;
  handover_.bind(1, boot)
      .bind_signed(2, record.time.wall_ns)
      .bind(3, handover.lineage)
      .bind(4, parent.lineage)
      .bind(5, WARRANT_TRY(words_.number(Text(parent.host).escaped())))
      .bind(6, WARRANT_TRY(words_.number(parent.boot)));
  bind_optional(handover_, 7,
                parent.artifact ? WARRANT_TRY(bytes(*parent.artifact)) : std::nullopt);
  return handover_.run();
}

Status IndexWriter::add_generation(const Record &record, uint64_t boot,
                                   const Generation &generation) {
  generation_.bind(1, boot).bind_signed(2, record.time.wall_ns).bind(3, generation.number);
  bind_optional(generation_, 4, WARRANT_TRY(bytes(generation.policy)));
  generation_.bind(5, uint64_t{generation.mode});
  return generation_.run();
}

} // namespace warrant
