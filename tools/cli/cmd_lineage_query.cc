// SPDX-License-Identifier: Apache-2.0
// warrant lineage show, who-ran, top: questions to the index of the records.
#include <algorithm>
#include <cctype>
#include <limits>
#include <nlohmann/json.hpp>

#include "lineage/cgroup_name.h"
#include "lineage/tree_view.h"
#include "lineage/words.h"
#include "tools/cli/cmd.h"
#include "tools/cli/index_source.h"
#include "tools/cli/lineage_source.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

constexpr size_t kShownDigest = 12;

Try<uint64_t> limit_of(const Arguments &arguments) {
  const uint64_t limit = *arguments.number("--limit");
  if (limit == 0)
    return usage("--limit 0: at least 1 expected");
  return limit;
}

Try<std::optional<uint32_t>> id_of(const Arguments &arguments, std::string_view option) {
  const std::optional<uint64_t> id = arguments.number(option);
  if (id && *id > std::numeric_limits<uint32_t>::max())
    return usage(std::string(option) + " " + std::to_string(*id) + ": no such id");
  return id ? std::optional(static_cast<uint32_t>(*id)) : std::nullopt;
}

/// The exec that a process was last known as; 0, which is nobody's, if it was never seen.
uint64_t lineage_of_pid(const ExecTree &tree, uint64_t pid) {
  uint64_t lineage = 0;
  for (const auto &[key, node] : tree.nodes())
    if (node.pid == pid)
      lineage = node.lineage;
  return lineage;
}

/// All but --pid, which only the tree can tell.
Try<TreeFilter> filter_of(const Arguments &arguments) {
  TreeFilter filter;
  filter.lineage = arguments.number("--lineage");
  if (filter.lineage && arguments.has("--pid"))
    return usage("--pid and --lineage exclude each other");
  if (arguments.has("--dot") && arguments.wants_json())
    return usage("--dot and --json exclude each other");
  const TimeSpan span = CLI_TRY(span_of(arguments));
  filter.since_ns = span.since;
  filter.until_ns = span.until;
  filter.uid = CLI_TRY(id_of(arguments, "--uid"));
  filter.login = CLI_TRY(id_of(arguments, "--login"));
  filter.session = arguments.number("--session");
  if (arguments.has("--unit"))
    filter.unit = Text(arguments.text("--unit")).escaped();
  if (arguments.has("--artifact")) {
    ArtifactId id{};
    if (!from_hex(arguments.text("--artifact"), id))
      return usage("--artifact: 32 lower-case hex characters expected");
    filter.artifact = id;
  }
  return filter;
}

Wanted wanted_of(const std::string &word) {
  Wanted wanted;
  Digest digest{};
  if (from_hex(word, digest))
    wanted.digest = digest;
  else
    wanted.path = Text(word);
  return wanted;
}

bool is_part_of_digest(const std::string &word) {
  return word.size() >= 8 && word.size() < 2 * W_DIGEST_SIZE &&
         word.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string outcome_of(const Run &run) {
  if (run.verdict == W_ALLOW)
    return "ran";
  return run.enforced ? "denied: " + kReasonWords.text(run.reason)
                      : "ran (would be denied: " + kReasonWords.text(run.reason) + ")";
}

std::string runs_text(const std::vector<Run> &runs) {
  Columns columns({"LAST", "COUNT", "UID", "ASKED", "OUTCOME", "ARTIFACT", "UNIT", "BY", "DIGEST",
                   "ID", "FILE"});
  for (const Run &run : runs) {
    const std::string unit = unit_of(run.cgroup.escaped());
    const std::string parent = run.parent.empty() ? run.comm.escaped() : run.parent.escaped();
    columns.add({short_time(run.last_ns), std::to_string(run.count), std::to_string(run.uid),
                 kRequestWords.text(run.request), outcome_of(run),
                 run.artifact == ArtifactId{} ? "-" : to_hex(run.artifact).substr(0, kShownDigest),
                 unit.empty() ? "-" : unit, parent,
                 run.digest == Digest{} ? "-" : to_hex(run.digest).substr(0, kShownDigest),
                 run.last_id, run.path.escaped()});
  }
  return columns.text();
}

std::string top_text(const std::vector<TopLine> &lines, const std::string &head) {
  Columns columns({"COUNT", "LAST", "ID", head});
  for (const TopLine &line : lines)
    columns.add({std::to_string(line.count), short_time(line.last_ns), line.last_id,
                 line.value.empty() ? "-" : line.value});
  return columns.text();
}

Json top_to_json(const std::vector<TopLine> &lines, const std::string &by) {
  Json list = Json::array();
  for (const TopLine &line : lines)
    list.push_back({{"count", line.count},
                    {"id", line.last_id},
                    {"last", format_wall_time(line.last_ns)},
                    {"value", line.value}});
  return {{"by", by}, {"lines", std::move(list)}};
}

} // namespace

Answer lineage_show(const Arguments &arguments) {
  TreeFilter filter = CLI_TRY(filter_of(arguments));
  ExecTree tree;
  CLI_TRY(ask_index(arguments, [&](LineageIndex &index) -> Status {
    tree = WARRANT_TRY(exec_tree(index, arguments.has("--all-boots")));
    return {};
  }));
  if (const auto pid = arguments.number("--pid"))
    filter.lineage = lineage_of_pid(tree, *pid);
  if (arguments.wants_json())
    print_json(tree_to_json(tree, filter));
  else
    print(arguments.has("--dot") ? tree_to_dot(tree, filter) : tree_to_text(tree, filter));
  return ExitCode::kOk;
}

Answer lineage_who_ran(const Arguments &arguments) {
  const TimeSpan span = CLI_TRY(span_of(arguments));
  const uint64_t limit = CLI_TRY(limit_of(arguments));
  if (arguments.operand().empty())
    return usage("DIGEST|PATH is empty");
  const Wanted wanted = wanted_of(arguments.operand());
  std::vector<Run> runs;
  CLI_TRY(ask_index(arguments, [&](LineageIndex &index) -> Status {
    runs = WARRANT_TRY(who_ran(index, wanted, span, arguments.has("--denied"), limit));
    return {};
  }));
  if (arguments.wants_json()) {
    Json list = Json::array();
    for (const Run &run : runs)
      list.push_back(run_to_json(run));
    print_json({{"runs", std::move(list)}});
  } else if (runs.empty()) {
    note("warrant: nobody ran " + printable(arguments.operand()) +
         (arguments.has("--denied") ? "" : " (--denied: whether somebody tried)") + "\n");
    if (is_part_of_digest(arguments.operand()))
      note("warrant: was a digest meant? It has 64 characters; --json shows it whole\n");
  } else {
    print(runs_text(runs));
  }
  return runs.empty() ? ExitCode::kNo : ExitCode::kOk;
}

Answer lineage_top(const Arguments &arguments) {
  const TimeSpan span = CLI_TRY(span_of(arguments));
  const uint64_t limit = CLI_TRY(limit_of(arguments));
  const std::string by = arguments.text("--by");
  const bool denied = !arguments.operands().empty() && arguments.operand() == "denied";
  if (by == "reason" && !denied)
    return usage("--by reason: only what was denied has one worth counting (fix: top denied)");
  std::vector<TopLine> lines;
  CLI_TRY(ask_index(arguments, [&](LineageIndex &index) -> Status {
    lines =
        WARRANT_TRY(top(index, denied ? TopOf::kDenied : TopOf::kRun, *top_by(by), span, limit));
    return {};
  }));
  std::string head = by;
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (arguments.wants_json())
    print_json(top_to_json(lines, by));
  else if (lines.empty())
    print(denied ? "nothing was denied\n" : "nothing was executed\n");
  else
    print(top_text(lines, head));
  return ExitCode::kOk;
}

} // namespace warrant::cli
