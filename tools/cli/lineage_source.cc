// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/lineage_source.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "lineage/log_files.h"
#include "lineage/pruned.h"
#include "lineage/reader.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"
#include "tools/cli/words.h"

namespace warrant::cli {

Try<std::vector<std::string>> lineage_files_of(const Arguments &arguments) {
  const std::string directory = arguments.text("--lineage-dir");
  CLI_TRY(check_fallback(arguments, "--lineage-dir"));
  std::vector<std::string> files = CLI_TRY(lineage_files(directory));
  if (files.empty())
    return trouble(directory + ": no records (has warrantd ever run here?)");
  return files;
}

std::optional<int64_t> moment_ns(const Arguments &arguments, std::string_view option) {
  const std::optional<int64_t> moment = arguments.moment(option, now());
  return moment ? std::optional(*moment * 1'000'000'000) : std::nullopt;
}

std::string short_time(int64_t wall_ns) {
  return format_wall_time(wall_ns).substr(0, std::string_view("2026-11-21T10:00:00").size()) + "Z";
}

Try<std::vector<std::string>> chosen_files(const Arguments &arguments) {
  if (arguments.operands().empty())
    return lineage_files_of(arguments);
  for (const std::string &path : arguments.operands()) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0)
      return trouble(path + ": " + std::strerror(errno) +
                     " (fix: name logs or files of records, or a directory of them by " +
                     "--lineage-dir)");
    if (S_ISDIR(status.st_mode) && !is_log_folder(path))
      return trouble(path + ": a directory, and no log (fix: --lineage-dir " + path + ")");
  }
  return arguments.operands();
}

Try<void> check_records(uint64_t records, const std::vector<std::string> &files) {
  if (records > 0)
    return {};
  return trouble(files.at(0) + (files.size() > 1 ? " and the other files" : "") +
                 ": no records, so there is nothing to decide");
}

Try<void> tell_pruned(const std::string &file) {
  if (!is_log_folder(file))
    return {};
  const std::unique_ptr<FolderFiles> files = CLI_TRY(FolderFiles::open(file));
  if (const Pruned pruned = CLI_TRY(read_pruned(*files)); pruned.entries > 0)
    note("warrant: " + file + " begins with entry " + std::to_string(pruned.entries) +
         ": what was before it was pruned\n");
  return {};
}

Try<uint64_t> read_records(const std::vector<std::string> &files,
                           const std::function<void(const Record &)> &visit) {
  uint64_t unreadable = 0;
  std::string first;
  for (const std::string &file : files) {
    CLI_TRY(tell_pruned(file));
    RecordReader reader = CLI_TRY(RecordReader::open(file, LastLine::kMayBeTorn));
    for (;;) {
      Result<std::optional<Record>> record = reader.next();
      if (!record.ok()) {
        if (unreadable++ == 0)
          first = record.error().message;
        if (!reader.is_readable())
          break;
      } else if (record.value()) {
        visit(*record.value());
      } else {
        break;
      }
    }
  }
  if (unreadable > 0)
    note("warrant: " + count_text(unreadable, "unreadable record") + " left out, the first is " +
         first + "\n");
  return unreadable;
}

} // namespace warrant::cli
