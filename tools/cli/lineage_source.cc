// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/lineage_source.h"

#include "lineage/reader.h"
#include "tools/cli/output.h"

namespace warrant::cli {

Try<std::vector<std::string>> lineage_files_of(const Arguments &arguments) {
  const std::string directory = arguments.text("--lineage-dir");
  std::vector<std::string> files = CLI_TRY(lineage_files(directory));
  if (files.empty())
    return trouble(directory + ": no lineage file (has warrantd ever run here?)");
  return files;
}

Try<void> read_records(const std::vector<std::string> &files,
                       const std::function<void(const Record &)> &visit) {
  uint64_t unreadable = 0;
  std::string first;
  for (const std::string &file : files) {
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
    note("warrant: " + std::to_string(unreadable) + " unreadable records left out, the first is " +
         first + "\n");
  return {};
}

} // namespace warrant::cli
