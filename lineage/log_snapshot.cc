// SPDX-License-Identifier: Apache-2.0
#include "lineage/log_snapshot.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

#include "lineage/checkpoint.h"
#include "lineage/log_state.h"
#include "lineage/note.h"
#include "lineage/pruned.h"

namespace warrant {
namespace {

// The writer cuts its write-ahead file in place; who reads it in that moment gets neither the old
// nor the new one. It is cut every few seconds at most.
constexpr int kTries = 20;
constexpr std::chrono::milliseconds kPause{10};

// Of a copy: what it says of itself. Whether that is signed is for verify_log() to say.
Result<uint64_t> size_of_copy(LogFiles &files) {
  const std::optional<Bytes> bytes = WARRANT_TRY(files.read(kCheckpointFile, kMaxNoteSize));
  if (!bytes)
    return Error{"no log: neither " + std::string(kLogStateFile) + " nor " + kCheckpointFile};
  const Note note = WARRANT_TRY(parse_note(text_of(*bytes)));
  return WARRANT_TRY(parse_checkpoint(note.text)).size;
}

Result<std::optional<uint64_t>> size_of_tiles(LogFiles &files) {
  const std::optional<Bytes> bytes = WARRANT_TRY(files.read(kLogStateFile, kMaxLogStateSize));
  if (!bytes)
    return std::optional<uint64_t>();
  const Result<LogState> state = parse_log_state(text_of(*bytes));
  if (!state.ok())
    return Error(state.error()).context(kLogStateFile);
  return std::optional(state.value().size);
}

} // namespace

bool is_log_folder(const std::string &folder) {
  std::error_code error;
  return std::filesystem::exists(folder + "/" + kLogStateFile, error) ||
         std::filesystem::exists(folder + "/" + kCheckpointFile, error);
}

LogSnapshot::LogSnapshot(std::unique_ptr<LogFiles> files, uint64_t size, uint64_t first)
    : files_(std::move(files)),
      tiles_(std::make_unique<TileReader>(*files_, size)),
      first_(std::min(first, size)) {}

Result<LogSnapshot> LogSnapshot::open(const std::string &folder) {
  std::unique_ptr<LogFiles> files = WARRANT_TRY(FolderFiles::open(folder));
  Error error;
  for (int i = 0; i < kTries; ++i) {
    if (i > 0)
      std::this_thread::sleep_for(kPause);
    // In this order: what the file loses between the two reads, the tiles have by the second.
    std::optional<Bytes> wal = WARRANT_TRY(files->read(kWalFile, kMaxWalSize));
    const std::optional<uint64_t> size = WARRANT_TRY(size_of_tiles(*files));
    if (!size) {
      const Result<uint64_t> copied = size_of_copy(*files);
      if (!copied.ok())
        return Error(copied.error()).context(folder);
      const Result<Pruned> pruned = read_pruned(*files);
      if (!pruned.ok())
        return Error(pruned.error()).context(folder);
      return LogSnapshot(std::move(files), copied.value(), pruned.value().entries);
    }
    if (!wal) {
      error = Error{"is missing"};
      continue;
    }
    Result<WalContent> tail = read_wal(*wal, *size);
    if (tail.ok()) {
      const Result<Pruned> pruned = read_pruned(*files);
      if (!pruned.ok())
        return Error(pruned.error()).context(folder);
      LogSnapshot snapshot(std::move(files), *size, pruned.value().entries);
      snapshot.wal_ = std::move(*wal); // its bytes stay where they are
      snapshot.tail_ = std::move(tail).value();
      return snapshot;
    }
    error = tail.error();
  }
  return Error(error).context(folder + "/" + kWalFile);
}

Result<ByteView> LogSnapshot::entry(uint64_t index) {
  if (index >= size())
    return Error{"there is no entry " + std::to_string(index) + " in a log of " +
                 std::to_string(size())};
  if (index < first_)
    return Error{"entry " + std::to_string(index) + " was pruned: the log begins with entry " +
                 std::to_string(first_)};
  if (index >= tiles_->size())
    return tail_.entries[index - tiles_->size()];
  if (!bundle_ || bundle_index_ != index / kTileWidth) {
    bundle_.reset();
    bundle_ = WARRANT_TRY(tiles_->bundle(index / kTileWidth));
    bundle_index_ = index / kTileWidth;
  }
  return bundle_->entries[index % kTileWidth];
}

} // namespace warrant
