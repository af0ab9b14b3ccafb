// SPDX-License-Identifier: Apache-2.0
#include "lineage/retention.h"

#include <algorithm>
#include <string>

#include "lineage/record.h"
#include "lineage/tile.h"

namespace warrant {
namespace {

Result<Record> record_at(LogSnapshot &log, uint64_t index) {
  Result<Record> record = parse_record(text_of(WARRANT_TRY(log.entry(index))));
  if (!record.ok())
    return std::move(record).error().context("entry " + std::to_string(index));
  return record;
}

} // namespace

Result<uint64_t> prunable_entries(LogSnapshot &log, uint64_t signed_size, int64_t before_ns,
                                  const LogProgress &progress) {
  const uint64_t end = std::min(signed_size, log.size());
  uint64_t index = std::min(log.first(), end);
  if (index == end)
    return index / kTileWidth * kTileWidth;
  // Whoever pruned last may have done it in a boot in which nothing else was recorded.
  std::string boot;
  for (uint64_t last = log.size(); boot.empty() && last > index; --last)
    if (const Record record = WARRANT_TRY(record_at(log, last - 1));
        !std::holds_alternative<Prune>(record.body))
      boot = record.origin.boot;
  for (; index < end; ++index) {
    const Record record = WARRANT_TRY(record_at(log, index));
    if (record.origin.boot == boot || record.time.wall_ns >= before_ns)
      break;
    if (progress)
      progress(index, end);
  }
  return index / kTileWidth * kTileWidth;
}

} // namespace warrant
