// SPDX-License-Identifier: Apache-2.0
// warrant denials, explain, lineage show: questions to the records.
#include <limits>
#include <nlohmann/json.hpp>

#include "lineage/explain.h"
#include "lineage/query.h"
#include "lineage/reader.h"
#include "lineage/tree_view.h"
#include "lineage/words.h"
#include "tools/cli/cmd.h"
#include "tools/cli/files.h"
#include "tools/cli/lineage_source.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

std::optional<int64_t> since_ns(const Arguments &arguments) {
  const std::optional<int64_t> since = arguments.moment("--since", now());
  return since ? std::optional(*since * 1'000'000'000) : std::nullopt;
}

/// "2026-11-21T10:00:00Z": people do not read nanoseconds.
std::string short_time(int64_t wall_ns) {
  return format_wall_time(wall_ns).substr(0, std::string_view("2026-11-21T10:00:00").size()) + "Z";
}

std::string denials_text(const std::vector<DenialGroup> &groups, uint64_t total) {
  if (total == 0)
    return "nothing was denied\n";
  Columns columns({"LAST", "COUNT", "UID", "ASKED", "REASON", "ID", "BY", "FILE"});
  for (const DenialGroup &group : groups)
    columns.add({short_time(group.last_ns), std::to_string(group.count), std::to_string(group.uid),
                 kRequestWords.text(group.request),
                 kReasonWords.text(group.reason) + (group.enforced ? "" : " (observed)"),
                 group.last_id, group.comm.escaped(), group.path.escaped()});
  return columns.text() + std::to_string(total) +
         " denials; `warrant explain ID` tells more of the last of each line\n";
}

/// The exec that a process was last known as; nothing if it was never seen.
std::optional<uint64_t> lineage_of_pid(const ExecTree &tree, uint64_t pid) {
  std::optional<uint64_t> lineage;
  for (const auto &[key, node] : tree.nodes())
    if (node.pid == pid)
      lineage = node.lineage;
  return lineage;
}

Try<TreeFilter> filter_of(const Arguments &arguments, const ExecTree &tree) {
  TreeFilter filter;
  filter.lineage = arguments.number("--lineage");
  filter.since_ns = since_ns(arguments);
  if (const auto uid = arguments.number("--uid")) {
    if (*uid > std::numeric_limits<uint32_t>::max())
      return usage("--uid " + std::to_string(*uid) + ": no such id");
    filter.uid = static_cast<uint32_t>(*uid);
  }
  if (arguments.has("--artifact")) {
    ArtifactId id{};
    if (!from_hex(arguments.text("--artifact"), id))
      return usage("--artifact: 32 lower-case hex characters expected");
    filter.artifact = id;
  }
  if (const auto pid = arguments.number("--pid")) {
    if (filter.lineage)
      return usage("--pid and --lineage exclude each other");
    // 0 is nobody's: nothing matches then.
    filter.lineage = lineage_of_pid(tree, *pid).value_or(0);
  }
  return filter;
}

} // namespace

Answer denials(const Arguments &arguments) {
  if (arguments.number("--limit") == uint64_t{0})
    return usage("--limit 0: at least 1 expected");
  DenialQuery query(since_ns(arguments));
  const uint64_t unreadable = CLI_TRY(read_records(
      CLI_TRY(lineage_files_of(arguments)), [&](const Record &record) { query.add(record); }));
  const std::vector<DenialGroup> groups = query.latest(*arguments.number("--limit"));
  if (arguments.wants_json()) {
    Json list = Json::array();
    for (const DenialGroup &group : groups)
      list.push_back(denial_to_json(group));
    print_json({{"total", query.total()}, {"unreadable", unreadable}, {"groups", std::move(list)}});
  } else {
    print(denials_text(groups, query.total()));
  }
  return ExitCode::kOk;
}

Answer explain(const Arguments &arguments) {
  const std::string &id = arguments.operand();
  const std::vector<std::string> files = CLI_TRY(lineage_files_of(arguments));
  const std::optional<Record> record = CLI_TRY(find_record(files, id));
  if (!record) {
    if (arguments.wants_json())
      print_json(nullptr);
    note("warrant: no record has the id " + printable(id) + "\n");
    return ExitCode::kNo;
  }
  RejectionQuery rejections;
  CLI_TRY(read_records(files, [&](const Record &one) { rejections.add(one); }));
  std::vector<NamedRejection> naming;
  if (const auto *decision = std::get_if<Decision>(&record->body)) {
    Digest digest{};
    std::copy(std::begin(decision->facts.digest), std::end(decision->facts.digest), digest.begin());
    naming = rejections.naming(digest);
  }
  const Explanation explanation = CLI_TRY(warrant::explain(*record, naming));
  if (arguments.wants_json())
    print_json(explanation_to_json(explanation));
  else
    print(explanation_to_text(explanation));
  return ExitCode::kOk;
}

Answer lineage_show(const Arguments &arguments) {
  const std::vector<std::string> files = CLI_TRY(lineage_files_of(arguments));
  const bool wants_all = arguments.has("--all-boots");
  ExecTree tree;
  std::string boot;
  CLI_TRY(read_records(files, [&](const Record &record) {
    // Boots come one after another: the latest is the last.
    if (!wants_all && record.origin.boot != boot)
      tree = ExecTree();
    boot = record.origin.boot;
    tree.add(record);
  }));
  const TreeFilter filter = CLI_TRY(filter_of(arguments, tree));
  if (arguments.wants_json())
    print_json(tree_to_json(tree, filter));
  else
    print(tree_to_text(tree, filter));
  return ExitCode::kOk;
}

} // namespace warrant::cli
