// SPDX-License-Identifier: Apache-2.0
#include "lineage/index_query.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "lineage/cgroup_name.h"
#include "lineage/index_rows.h"
#include "lineage/index_schema.h"
#include "lineage/words.h"

namespace warrant {
namespace {

// What is executed, mapped, read or loaded: code that gets in.
constexpr std::string_view kCodeRequests = "1, 2, 5, 6";
static_assert(W_REQUEST_EXEC == 1 && W_REQUEST_MAP == 2 && W_REQUEST_READ == 5 &&
              W_REQUEST_LOAD == 6);
static_assert(W_ALLOW == 1 && W_DENY == 2);

std::string id_of(std::string_view boot, uint64_t sequence) {
  return std::string(boot.substr(0, 8)) + "-" + std::to_string(sequence);
}

void bind_span(SqlStatement &statement, int at, const TimeSpan &span) {
  statement.bind_signed(at, span.since.value_or(0));
  statement.bind_signed(at + 1, span.until.value_or(INT64_MAX));
}

Json optional_hex(ByteView bytes) {
  const bool is_zero = std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b == 0; });
  return is_zero ? Json(nullptr) : Json(to_hex(bytes));
}

} // namespace

// ---- the tree

// Rows become as much of a record as ExecTree looks at, so that there is one fold only.
static Record record_of_row(const SqlStatement &row) {
  Task task;
  task.uid = static_cast<uint32_t>(row.number(9));
  task.tgid = static_cast<uint32_t>(row.number(10));
  task.comm = text_of(row, 11);
  task.cgroup = text_of(row, 12);
  w_process process{};
  process.lineage = row.number(3);
  process.parent = row.number(4);
  process.root = row.number(5);
  process.flags = static_cast<uint32_t>(row.number(6));
  (void)row.bytes(7, process.artifact);
  Record record;
  record.origin.boot = row.text(0);
  record.time.wall_ns = row.signed_number(2);
  File file;
  file.path = text_of(row, 13);
  if (row.number(1) == static_cast<uint8_t>(EventKind::kCommit)) {
    Commit commit;
    commit.task = std::move(task);
    commit.process = process;
    commit.file = std::move(file);
    record.body = std::move(commit);
    return record;
  }
  Decision decision;
  decision.task = std::move(task);
  decision.process = process;
  decision.file = std::move(file);
  decision.exec = row.number(8);
  decision.facts.chain = static_cast<uint8_t>(row.number(14));
  decision.decision.verdict = static_cast<uint8_t>(row.number(15));
  record.body = std::move(decision);
  return record;
}

static Record record_of_handover(const SqlStatement &row) {
  RemoteParent parent;
  parent.host = text_of(row, 3).bytes();
  parent.boot = row.text(4);
  parent.lineage = row.number(5);
  if (ArtifactId artifact{}; row.bytes(6, artifact))
    parent.artifact = artifact;
  Handover handover;
  handover.reason = W_REASON_AUTHORIZED;
  handover.lineage = row.number(2);
  handover.parent = std::move(parent);
  Record record;
  record.origin.boot = row.text(0);
  record.time.wall_ns = row.signed_number(1);
  record.body = std::move(handover);
  return record;
}

Result<ExecTree> exec_tree(LineageIndex &index, bool all_boots) {
  const std::string boots = all_boots
                                ? ""
                                : "WHERE boot.id = (SELECT boot FROM source WHERE boot IS NOT NULL "
                                  "ORDER BY source.id DESC LIMIT 1) ";
  const std::string events =
      "SELECT boot.boot, kind, wall, lineage, parent, root, flags, under.bytes, exec, uid, tgid, "
      "comm.text, cgroup.text, path.text, chain, verdict "
      "FROM event JOIN boot ON boot.id = event.boot LEFT JOIN bytes AS under ON under.id = under "
      "JOIN word AS comm ON comm.id = comm JOIN word AS cgroup ON cgroup.id = cgroup "
      "JOIN word AS path ON path.id = path ";
  const std::string handovers =
      "SELECT boot.boot, wall, lineage, host.text, remote_boot.text, remote, bytes "
      "FROM handover JOIN boot ON boot.id = handover.boot "
      "JOIN word AS host ON host.id = remote_host "
      "JOIN word AS remote_boot ON remote_boot.id = handover.remote_boot "
      "LEFT JOIN bytes ON bytes.id = remote_artifact ";
  ExecTree tree;
  SqlStatement rows = WARRANT_TRY(index.database().prepare(events + boots + "ORDER BY event.id"));
  while (WARRANT_TRY(rows.step()))
    tree.add(record_of_row(rows));
  SqlStatement taken =
      WARRANT_TRY(index.database().prepare(handovers + boots + "ORDER BY handover.id"));
  while (WARRANT_TRY(taken.step()))
    tree.add(record_of_handover(taken));
  return tree;
}

// ---- who ran it

// An exec whose decision is lost is known by its commit alone. Of each group the last one is shown.
static constexpr std::string_view kHits = R"(
WITH hit AS (
  SELECT id, row_number() OVER (same ORDER BY wall DESC, id DESC) AS place,
    count(*) OVER same AS n, min(wall) OVER same AS first_wall
  FROM event
  WHERE wall >= ?1 AND wall < ?2 AND request IN (%REQUESTS%) AND %WANTED%
    AND (verdict = 1 OR enforced = 0 OR ?3)
    AND (kind = 0 OR NOT EXISTS (SELECT 1 FROM event AS asked WHERE asked.boot = event.boot
      AND asked.exec = event.lineage AND asked.exec <> 0 AND asked.kind = 0))
  WINDOW same AS (PARTITION BY uid, request, verdict, reason, enforced, digest, path, comm, cgroup,
    grant))
SELECT n, first_wall, wall, boot.boot, sequence, exec, lineage, tgid, uid, request, verdict,
  reason, enforced, digest.bytes, artifact_id.bytes, path.text, comm.text, cgroup.text,
  (SELECT text FROM word JOIN event AS own ON own.path = word.id WHERE own.boot = event.boot
    AND own.exec = event.lineage AND own.exec <> 0 AND own.chain = 0 LIMIT 1)
FROM hit JOIN event ON event.id = hit.id JOIN boot ON boot.id = event.boot
  LEFT JOIN bytes AS digest ON digest.id = event.digest
  LEFT JOIN artifact ON artifact.id = event.grant
  LEFT JOIN bytes AS artifact_id ON artifact_id.id = artifact.artifact
  JOIN word AS path ON path.id = path JOIN word AS comm ON comm.id = comm
  JOIN word AS cgroup ON cgroup.id = cgroup
WHERE place = 1 ORDER BY wall DESC, event.id DESC LIMIT ?5)";

static std::string replaced(std::string text, std::string_view what, std::string_view by) {
  return text.replace(text.find(what), what.size(), by);
}

static Run run_of_row(const SqlStatement &row) {
  Run run;
  run.count = row.number(0);
  run.first_ns = row.signed_number(1);
  run.last_ns = row.signed_number(2);
  run.last_id = id_of(text_of(row, 3).escaped(), row.number(4));
  run.last_lineage = row.number(5) != 0 ? row.number(5) : row.number(6);
  run.last_pid = static_cast<uint32_t>(row.number(7));
  run.uid = static_cast<uint32_t>(row.number(8));
  run.request = static_cast<uint8_t>(row.number(9));
  run.verdict = static_cast<uint8_t>(row.number(10));
  run.reason = static_cast<uint8_t>(row.number(11));
  run.enforced = row.number(12) != 0;
  (void)row.bytes(13, run.digest);
  (void)row.bytes(14, run.artifact);
  run.path = text_of(row, 15);
  run.comm = text_of(row, 16);
  run.cgroup = text_of(row, 17);
  run.parent = text_of(row, 18);
  return run;
}

Result<std::vector<Run>> who_ran(LineageIndex &index, const Wanted &wanted, const TimeSpan &span,
                                 bool with_denied, uint64_t limit) {
  const std::string path = wanted.path.escaped();
  std::string_view condition = "path IN (SELECT id FROM word WHERE text = ?4)";
  if (wanted.digest)
    condition = "digest IN (SELECT id FROM bytes WHERE bytes = ?4)";
  else if (path.find('/') == std::string::npos)
    condition = "path IN (SELECT id FROM word WHERE substr(text, -length(?4) - 1) = '/' || ?4)";
  SqlStatement rows = WARRANT_TRY(index.database().prepare(
      replaced(replaced(std::string(kHits), "%REQUESTS%", kCodeRequests), "%WANTED%", condition)));
  bind_span(rows, 1, span);
  rows.bind(3, uint64_t{with_denied ? 1u : 0u});
  if (wanted.digest)
    rows.bind(4, ByteView(*wanted.digest));
  else
    rows.bind(4, std::string_view(path));
  rows.bind(5, std::min<uint64_t>(limit, INT64_MAX));
  std::vector<Run> runs;
  while (WARRANT_TRY(rows.step()))
    runs.push_back(run_of_row(rows));
  return runs;
}

Json run_to_json(const Run &run) {
  return {{"artifact", optional_hex(run.artifact)},
          {"by", run.comm.escaped()},
          {"cgroup", run.cgroup.escaped()},
          {"count", run.count},
          {"digest", optional_hex(run.digest)},
          {"enforced", run.enforced},
          {"first", format_wall_time(run.first_ns)},
          {"id", run.last_id},
          {"last", format_wall_time(run.last_ns)},
          {"lineage", std::to_string(run.last_lineage)},
          {"parent", run.parent.escaped()},
          {"path", run.path.escaped()},
          {"pid", run.last_pid},
          {"reason", kReasonWords.text(run.reason)},
          {"request", kRequestWords.text(run.request)},
          {"uid", run.uid},
          {"unit", unit_of(run.cgroup.escaped())},
          {"verdict", kVerdictWords.text(run.verdict)}};
}

// ---- what ran or was denied most

std::optional<TopBy> top_by(std::string_view word) {
  constexpr std::pair<std::string_view, TopBy> kWords[] = {
      {"path", TopBy::kPath},     {"digest", TopBy::kDigest}, {"artifact", TopBy::kArtifact},
      {"reason", TopBy::kReason}, {"user", TopBy::kUser},     {"unit", TopBy::kUnit}};
  for (const auto &[name, by] : kWords)
    if (name == word)
      return by;
  return std::nullopt;
}

// The column that is grouped by, and how its value is had in SQL.
static std::pair<std::string_view, std::string_view> column_of(TopBy by) {
  switch (by) {
    case TopBy::kPath:
      return {"path", "(SELECT text FROM word WHERE id = value)"};
    case TopBy::kDigest:
      return {"digest", "(SELECT lower(hex(bytes)) FROM bytes WHERE id = value)"};
    case TopBy::kArtifact:
      return {"grant",
              "(SELECT lower(hex(bytes)) FROM bytes JOIN artifact ON bytes.id = "
              "artifact.artifact WHERE artifact.id = value)"};
    case TopBy::kReason:
      return {"reason", "value"};
    case TopBy::kUser:
      return {"uid", "value"};
    case TopBy::kUnit:
      return {"cgroup", "(SELECT text FROM word WHERE id = value)"};
  }
  return {"path", "''"};
}

static std::string shown_value(TopBy by, const SqlStatement &row) {
  if (by == TopBy::kReason)
    return kReasonWords.text(static_cast<uint8_t>(row.number(0)));
  if (by == TopBy::kUnit)
    return unit_of(text_of(row, 0).escaped());
  return text_of(row, 0).escaped();
}

Result<std::vector<TopLine>> top(LineageIndex &index, TopOf what, TopBy by, const TimeSpan &span,
                                 uint64_t limit) {
  const auto [column, value] = column_of(by);
  // Only the file that was asked for: its interpreters and libraries come with it.
  const std::string_view condition =
      what == TopOf::kRun
          ? "kind = 0 AND request = 1 AND chain = 0 AND (verdict = 1 OR enforced = 0)"
          : "kind = 0 AND verdict <> 1";
  const std::string sql =
      "WITH hit AS (SELECT " + std::string(column) +
      // SQLite takes the id from the row that has the maximum.
      " AS value, count(*) AS n, max(wall) AS last_wall, id AS last FROM event "
      "WHERE wall >= ?1 AND wall < ?2 AND " +
      std::string(condition) + " GROUP BY 1) SELECT " + std::string(value) +
      ", n, last_wall, boot.boot, sequence FROM hit JOIN event ON event.id = last "
      "JOIN boot ON boot.id = event.boot";
  SqlStatement rows = WARRANT_TRY(index.database().prepare(sql));
  bind_span(rows, 1, span);
  // Control groups of one unit, and payloads of one artifact id, are added up here.
  std::map<std::string, TopLine> lines;
  while (WARRANT_TRY(rows.step())) {
    TopLine &line = lines[shown_value(by, rows)];
    line.count += rows.number(1);
    if (line.last_id.empty() || rows.signed_number(2) >= line.last_ns)
      line.last_id = id_of(text_of(rows, 3).escaped(), rows.number(4));
    line.last_ns = std::max(line.last_ns, rows.signed_number(2));
  }
  std::vector<TopLine> list;
  for (auto &[shown, line] : lines) {
    line.value = shown;
    list.push_back(std::move(line));
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const TopLine &a, const TopLine &b) { return a.count > b.count; });
  list.resize(std::min<size_t>(list.size(), limit));
  return list;
}

} // namespace warrant
