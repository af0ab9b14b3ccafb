// SPDX-License-Identifier: Apache-2.0
#include "lineage/disarmed.h"

#include "artifacts/bytes.h"
#include "lineage/line.h"
#include "lineage/reader.h"

namespace warrant {
namespace {

bool is_turn(std::string_view line) {
  const std::string_view type = type_of_line(line);
  return type == "start" || type == "disarm";
}

} // namespace

std::string disarm_text(const Record &record) {
  const auto *disarm = std::get_if<Disarm>(&record.body);
  if (!disarm || !disarm->artifact)
    return {};
  std::string text = "disarmed at " + format_wall_time(record.time.wall_ns) + " by artifact " +
                     to_hex(disarm->artifact->id);
  for (const auto &[name, value] : disarm->artifact->governance)
    text += ", " + name.escaped() + " " + value.escaped();
  text += "; asked by uid " + std::to_string(disarm->caller.uid);
  if (disarm->caller.login != UINT32_MAX)
    text += " (login uid " + std::to_string(disarm->caller.login) + ")";
  return text + ", pid " + std::to_string(disarm->caller.pid) + "; record " + record.id;
}

Result<std::optional<Record>> find_disarm(const std::vector<std::string> &files) {
  std::optional<Record> last;
  for (const std::string &file : files) {
    RecordReader reader = WARRANT_TRY(RecordReader::open(file, LastLine::kMayBeTorn, is_turn));
    for (;;) {
      Result<std::optional<Record>> record = reader.next();
      if (!record.ok() && !reader.is_readable())
        return record.error();
      if (!record.ok())
        continue;
      if (!record.value())
        break;
      const auto *disarm = std::get_if<Disarm>(&record.value()->body);
      if (!disarm)
        last.reset();
      else if (disarm->artifact)
        last = std::move(record.value());
    }
  }
  return last;
}

} // namespace warrant
