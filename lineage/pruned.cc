// SPDX-License-Identifier: Apache-2.0
#include "lineage/pruned.h"

#include <algorithm>
#include <array>
#include <set>

#include "lineage/checkpoint.h"
#include "lineage/durable_files.h"
#include "lineage/tile.h"

namespace warrant {
namespace {

constexpr std::string_view kHeader = "warrant-log-pruned-v1";

Error no_witness(const Pruned &pruned) {
  return Error{std::string(kPrunedFile) + ": entry " + std::to_string(pruned.record) +
               " is no record that the first " + std::to_string(pruned.entries) +
               " entries were given up: if they are missing, they were taken away"};
}

// So many bundles lie in one folder: the last three digits of their index are the file's name.
constexpr uint64_t kFolderSize = 1000;

std::string name_in(const std::string &folder, const std::string &path) {
  return path.substr(folder.size() + 1);
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

Status remove_pruned_bundles(LogFiles &files, const Pruned &pruned) {
  const uint64_t end = pruned.entries / kTileWidth;
  for (uint64_t first = 0; first < end; first += kFolderSize) {
    const std::string folder = directory_of(bundle_path(first, kTileWidth));
    const std::vector<std::string> names = WARRANT_TRY(files.list(folder));
    const std::set<std::string> there(names.begin(), names.end());
    bool is_changed = false;
    for (uint64_t index = first; index < std::min(end, first + kFolderSize); ++index) {
      const std::string path = bundle_path(index, kTileWidth);
      const std::string partials = partials_of(path);
      // What a crash left of it from before it was full.
      if (there.contains(name_in(folder, partials))) {
        for (const std::string &name : WARRANT_TRY(files.list(partials)))
          WARRANT_TRY(files.remove(partials + "/" + name));
        WARRANT_TRY(files.remove(partials));
        is_changed = true;
      }
      if (there.contains(name_in(folder, path))) {
        WARRANT_TRY(files.remove(path));
        is_changed = true;
      }
    }
    if (is_changed)
      WARRANT_TRY(files.sync_directory(folder));
  }
  return {};
}

} // namespace warrant
