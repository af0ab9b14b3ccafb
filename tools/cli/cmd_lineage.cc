// SPDX-License-Identifier: Apache-2.0
// warrant denials, explain: questions to the records.
#include <nlohmann/json.hpp>

#include "lineage/explain.h"
#include "lineage/query.h"
#include "lineage/reader.h"
#include "lineage/words.h"
#include "tools/cli/cmd.h"
#include "tools/cli/files.h"
#include "tools/cli/lineage_source.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

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

} // namespace

Answer denials(const Arguments &arguments) {
  if (arguments.number("--limit") == uint64_t{0})
    return usage("--limit 0: at least 1 expected");
  DenialQuery query(moment_ns(arguments, "--since"));
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

} // namespace warrant::cli
