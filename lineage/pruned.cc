// SPDX-License-Identifier: Apache-2.0
#include "lineage/pruned.h"

#include <array>
#include <set>

#include "lineage/checkpoint.h"
#include "lineage/tile.h"

namespace warrant {
namespace {

constexpr std::string_view kHeader = "warrant-log-pruned-v1";

Error no_witness(const Pruned &pruned) {
  return Error{std::string(kPrunedFile) + ": entry " + std::to_string(pruned.record) +
               " is no record that the first " + std::to_string(pruned.entries) +
               " entries were given up: if they are missing, they were taken away"};
}

// The full bundle, and what a crash may have left of it from before it was full.
Status remove_bundle(LogFiles &files, uint64_t index) {
  const std::string path = bundle_path(index, kTileWidth);
  const std::string partials = partials_of(path);
  for (const std::string &name : WARRANT_TRY(files.list(partials)))
    WARRANT_TRY(files.remove(partials + "/" + name));
  WARRANT_TRY(files.remove(partials));
  return files.remove(path);
}

} // namespace

std::string serialize_pruned(const Pruned &pruned) {
  return std::string(kHeader) + "\n" + std::to_string(pruned.entries) + "\n" +
         std::to_string(pruned.record) + "\n";
}

Result<Pruned> parse_pruned(std::string_view text) {
  std::array<std::string_view, 3> lines;
  for (std::string_view &line : lines) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos)
      return Error{"three lines expected"};
    line = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  if (lines[0] != kHeader || !text.empty())
    return Error{"it begins with " + printable(lines[0])};
  const Pruned pruned{WARRANT_TRY(parse_decimal(lines[1])), WARRANT_TRY(parse_decimal(lines[2]))};
  if (pruned.entries == 0 || pruned.entries % kTileWidth != 0 || pruned.record < pruned.entries ||
      pruned.record >= kMaxTreeSize)
    return Error{"numbers that cannot be"};
  return pruned;
}

Result<Pruned> read_pruned(LogFiles &files) {
  const std::optional<Bytes> bytes = WARRANT_TRY(files.read(kPrunedFile, kMaxPrunedSize));
  if (!bytes)
    return Pruned{};
  Result<Pruned> pruned = parse_pruned(text_of(*bytes));
  if (!pruned.ok())
    return std::move(pruned).error().context(kPrunedFile);
  return pruned;
}

Status check_prune_record(const Pruned &pruned, ByteView entry, const Hash &root) {
  const Result<Record> record = parse_record(text_of(entry));
  const Prune *prune = record.ok() ? std::get_if<Prune>(&record.value().body) : nullptr;
  if (!prune || prune->entries != pruned.entries || prune->root != root)
    return no_witness(pruned);
  return {};
}

Status remove_pruned_bundles(DurableFiles &durable, const Pruned &pruned) {
  LogFiles &files = durable.files();
  if (pruned.entries == 0)
    return {};
  const uint64_t last = pruned.entries / kTileWidth - 1;
  if (!WARRANT_TRY(files.read(bundle_path(last, kTileWidth), kMaxBundleSize)))
    return {};
  std::set<std::string> folders;
  for (uint64_t index = 0; index < last; ++index) {
    WARRANT_TRY(remove_bundle(files, index));
    folders.insert(directory_of(bundle_path(index, kTileWidth)));
  }
  for (const std::string &folder : folders)
    WARRANT_TRY(durable.sync_directory(folder));
  return remove_bundle(files, last);
}

} // namespace warrant
