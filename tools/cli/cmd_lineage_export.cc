// SPDX-License-Identifier: Apache-2.0
// warrant lineage export.
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/version.h"
#include "lineage/export.h"
#include "lineage/line_sequence.h"
#include "lineage/metrics.h"
#include "tools/cli/cmd.h"
#include "tools/cli/files.h"
#include "tools/cli/index_source.h"
#include "tools/cli/journal_socket.h"
#include "tools/cli/lineage_source.h"
#include "tools/cli/metrics_server.h"
#include "tools/cli/output.h"
#include "tools/cli/words.h"

namespace warrant::cli {
namespace {

using Writer = std::optional<std::string> (*)(const Record &);

std::string line_of(const Json &json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<std::string> as_ocsf(const Record &record) {
  const std::optional<Json> json = ocsf_of(record, kVersion);
  return json ? std::optional(line_of(*json)) : std::nullopt;
}
std::optional<std::string> as_ecs(const Record &record) {
  return line_of(ecs_of(record));
}
std::optional<std::string> as_journal(const Record &record) {
  return journal_export(record);
}
std::optional<std::string> as_line(const Record &record) {
  return record_to_line(record) + "\n"; // what it was read from
}

Writer writer_of(const std::string &format) {
  if (format == "ocsf")
    return as_ocsf;
  if (format == "ecs")
    return as_ecs;
  return format == "journal" ? as_journal : as_line;
}

/// What is exported of all records.
struct Choice {
  TimeSpan span;
  bool only_denied = false;

  bool takes(const Record &record) const {
    const int64_t wall_ns = record.time.wall_ns;
    if ((span.since && wall_ns < *span.since) || (span.until && wall_ns >= *span.until))
      return false;
    const auto *decision = std::get_if<Decision>(&record.body);
    return !only_denied || (decision && decision->decision.verdict != W_ALLOW);
  }
};

Try<void> check_options(const Arguments &arguments) {
  const std::string format = arguments.text("--format");
  if (arguments.wants_json() && (format != "jsonl" || arguments.has("--out")))
    return usage("--json: one array on standard output, of --format jsonl only");
  if (arguments.has("--serve") && format != "openmetrics")
    return usage("--serve: only --format openmetrics is served");
  if (arguments.has("--journal-socket") && format != "journal")
    return usage("--journal-socket: only --format journal goes to the journal");
  const int ways =
      arguments.has("--serve") + arguments.has("--journal-socket") + arguments.has("--out");
  if (ways > 1)
    return usage("--out, --serve and --journal-socket exclude each other");
  if (format == "openmetrics" &&
      (arguments.has("--since") || arguments.has("--until") || arguments.has("--denied")))
    return usage(
        "--format openmetrics: counters count all records (fix: without --since, --until "
        "and --denied)");
  if (arguments.has("--out"))
    CLI_TRY(check_target(arguments, arguments.text("--out")));
  return {};
}

// ---- records one by one

ExitCode answer_of(uint64_t unreadable) {
  return unreadable > 0 ? ExitCode::kNo : ExitCode::kOk;
}

Answer export_records(const Arguments &arguments) {
  const Choice choice{CLI_TRY(span_of(arguments)), arguments.has("--denied")};
  const Writer writer = writer_of(arguments.text("--format"));
  const bool is_file = arguments.has("--out");
  std::string file;
  uint64_t written = 0;
  uint64_t left_out = 0;
  const uint64_t unreadable =
      CLI_TRY(read_records(CLI_TRY(chosen_files(arguments)), [&](const Record &record) {
        if (!choice.takes(record))
          return;
        const std::optional<std::string> text = writer(record);
        written += text ? 1 : 0;
        left_out += text ? 0 : 1;
        if (text && is_file)
          file += *text;
        else if (text)
          print(*text);
      }));
  if (is_file)
    CLI_TRY(write_output(arguments, arguments.text("--out"), file, Readers::kOwner));
  if (left_out > 0)
    note("warrant: " + count_text(left_out, "record") +
         " left out: the format has no place for them\n");
  if (is_file)
    note("warrant: " + count_text(written, "record") + " written\n");
  return answer_of(unreadable);
}

/// What was copied of logs, and what of it is no record.
struct Copied {
  uint64_t lines = 0;
  uint64_t unreadable = 0;
  std::string first_unreadable;

  void complain(const std::string &why) {
    if (unreadable++ == 0)
      first_unreadable = why;
  }
};

Try<void> copy_lines_of(const std::string &path, Copied &copied,
                        const std::function<void(std::string_view)> &write) {
  CLI_TRY(tell_pruned(path));
  FileSequence log = CLI_TRY(FileSequence::open(path));
  for (;;) {
    const Result<std::optional<std::string_view>> line = log.next();
    if (line.ok() && !line.value())
      return {};
    if (line.ok()) {
      const Result<Record> record = parse_record(*line.value());
      if (!record.ok())
        copied.complain(log.place() + ": " + record.error().message);
      copied.lines++;
      write(*line.value());
      continue;
    }
    copied.complain(line.error().message);
    if (!log.is_readable())
      return {};
  }
}

/// Every line byte for byte, also of what is no record: a copy must replay as the log does.
Answer copy_lines(const Arguments &arguments) {
  const bool is_file = arguments.has("--out");
  std::string file;
  Copied copied;
  for (const std::string &path : CLI_TRY(chosen_files(arguments)))
    CLI_TRY(copy_lines_of(path, copied, [&](std::string_view line) {
      const std::string text = std::string(line) + "\n";
      if (is_file)
        file += text;
      else
        print(text);
    }));
  if (is_file)
    CLI_TRY(write_output(arguments, arguments.text("--out"), file, Readers::kOwner));
  if (copied.unreadable > 0)
    note("warrant: " + count_text(copied.unreadable, "unreadable record") + ", the first is " +
         copied.first_unreadable + "\n");
  if (is_file)
    note("warrant: " + count_text(copied.lines, "line") + " written\n");
  return answer_of(copied.unreadable);
}

Answer export_array(const Arguments &arguments) {
  const Choice choice{CLI_TRY(span_of(arguments)), arguments.has("--denied")};
  Json list = Json::array();
  const uint64_t unreadable =
      CLI_TRY(read_records(CLI_TRY(chosen_files(arguments)), [&](const Record &record) {
        if (choice.takes(record))
          list.push_back(record_to_json(record));
      }));
  print_json(list);
  return answer_of(unreadable);
}

Answer send_to_journal(const Arguments &arguments) {
  const Choice choice{CLI_TRY(span_of(arguments)), arguments.has("--denied")};
  const JournalSocket journal = CLI_TRY(JournalSocket::open(arguments.text("--journal-socket")));
  uint64_t sent = 0;
  std::optional<Failure> failure;
  const uint64_t unreadable =
      CLI_TRY(read_records(CLI_TRY(chosen_files(arguments)), [&](const Record &record) {
        if (failure || !choice.takes(record))
          return;
        const Try<void> done = journal.send(journal_datagram(journal_of(record)));
        if (done.ok())
          sent++;
        else
          failure = done.error();
      }));
  note("warrant: " + count_text(sent, "record") + " sent to the journal\n");
  if (failure)
    return *failure;
  return answer_of(unreadable);
}

// ---- numbers

/// Of a file, or of all files below a folder; one that goes meanwhile counts nothing.
uint64_t size_on_disk(const std::string &path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    const uint64_t size = fs::file_size(path, error);
    return error ? 0 : size;
  }
  uint64_t total = 0;
  fs::recursive_directory_iterator entry(path, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error))
    if (std::error_code gone; entry->is_regular_file(gone)) {
      const uint64_t size = entry->file_size(gone);
      total += gone ? 0 : size;
    }
  return total;
}

/// Goes on with every call where it stopped.
class MetricsSource {
 public:
  explicit MetricsSource(const Arguments &arguments) : arguments_(arguments) {}

  Try<std::string> text() {
    uint64_t bytes = 0;
    for (const std::string &path : CLI_TRY(chosen_files(arguments_))) {
      CLI_TRY(tell_pruned(path));
      bytes += size_on_disk(path);
      CLI_TRY(read_on(path));
    }
    metrics_.set_size(bytes);
    std::string boot;
    std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return metrics_.text(boot, static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 +
                                   static_cast<uint64_t>(now.tv_nsec));
  }

 private:
  Try<void> read_on(const std::string &path) {
    FileSequence log = CLI_TRY(FileSequence::open(path));
    uint64_t &read = read_[path];
    read = std::max(read, log.first());
    if (!CLI_TRY(log.seek(read)))
      return trouble(path + ": it became shorter");
    for (;; read++) {
      const Result<std::optional<std::string_view>> line = log.next();
      if (!line.ok() && !log.is_readable())
        return as_failure(line.error());
      if (line.ok() && !line.value())
        return {};
      const Result<Record> record =
          line.ok() ? parse_record(*line.value()) : Result<Record>(line.error());
      if (record.ok())
        metrics_.add(record.value());
      else
        metrics_.add_unreadable();
    }
  }

  const Arguments &arguments_;
  Metrics metrics_;
  std::map<std::string, uint64_t> read_; // records of each file
};

Answer export_metrics(const Arguments &arguments) {
  MetricsSource source(arguments);
  const std::string text = CLI_TRY(source.text());
  if (arguments.has("--serve"))
    CLI_TRY(serve_metrics(arguments.text("--serve"), [&] { return source.text(); }));
  else if (arguments.has("--out"))
    CLI_TRY(write_output(arguments, arguments.text("--out"), text));
  else
    print(text);
  return ExitCode::kOk;
}

} // namespace

Answer lineage_export(const Arguments &arguments) {
  CLI_TRY(check_options(arguments));
  if (arguments.text("--format") == "openmetrics")
    return export_metrics(arguments);
  if (arguments.has("--journal-socket"))
    return send_to_journal(arguments);
  if (arguments.wants_json())
    return export_array(arguments);
  const bool is_all =
      !arguments.has("--since") && !arguments.has("--until") && !arguments.has("--denied");
  if (arguments.text("--format") == "jsonl" && is_all)
    return copy_lines(arguments);
  return export_records(arguments);
}

} // namespace warrant::cli
