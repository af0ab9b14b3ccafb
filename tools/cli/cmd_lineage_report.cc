// SPDX-License-Identifier: Apache-2.0
// warrant lineage report.
#include <ctime>
#include <nlohmann/json.hpp>

#include "daemon/version.h"
#include "lineage/report.h"
#include "tools/cli/cmd.h"
#include "tools/cli/files.h"
#include "tools/cli/index_source.h"
#include "tools/cli/lineage_source.h"
#include "tools/cli/output.h"
#include "tools/cli/words.h"

namespace warrant::cli {
namespace {

bool is_within(const TimeSpan &span, int64_t wall_ns) {
  return (!span.since || wall_ns >= *span.since) && (!span.until || wall_ns < *span.until);
}

} // namespace

Answer lineage_report(const Arguments &arguments) {
  const TimeSpan span = CLI_TRY(span_of(arguments));
  const uint64_t limit = *arguments.number("--limit");
  if (limit == 0)
    return usage("--limit 0: at least 1 expected");
  const std::string out = arguments.text("--out");
  CLI_TRY(check_target(arguments, out));
  Report report(limit);
  uint64_t records = 0;
  std::string host;
  const uint64_t unreadable =
      CLI_TRY(read_records(CLI_TRY(chosen_files(arguments)), [&](const Record &record) {
        if (!is_within(span, record.time.wall_ns))
          return;
        records++;
        host = record.origin.host.bytes();
        report.add(record);
      }));
  ReportFrame frame;
  frame.title = arguments.has("--title") ? arguments.text("--title")
                : host.empty()           ? "Lineage"
                                         : "Lineage of " + host;
  frame.version = kVersion;
  frame.made_ns = now() * 1'000'000'000;
  frame.unreadable = unreadable;
  const std::string page = report.page(frame);
  CLI_TRY(write_output(arguments, out, page, Readers::kOwner));
  if (arguments.wants_json())
    print_json({{"file", out},
                {"bytes", page.size()},
                {"records", records - report.left_out()},
                {"leftOut", report.left_out()},
                {"unreadable", unreadable}});
  else
    print(out + ": " + count_text(records - report.left_out(), "record") +
          (report.left_out() > 0 ? ", " + std::to_string(report.left_out()) + " older left out"
                                 : "") +
          ", " + std::to_string(page.size()) + " bytes\n");
  return ExitCode::kOk;
}

} // namespace warrant::cli
