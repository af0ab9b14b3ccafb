// SPDX-License-Identifier: Apache-2.0
#include "lineage/log_check.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "lineage/log_state.h"
#include "lineage/pruned.h"
#include "lineage/tile.h"
#include "lineage/tile_reader.h"
#include "lineage/tree_edge.h"

namespace warrant {
namespace {

constexpr std::string_view kBundles = "tile/entries/";

bool is_bundle(const std::string &path) {
  return path.starts_with(kBundles);
}

// "tile/0/001.p/17" is "tile/0/001" once that is full.
std::string full_path_of(const std::string &path) {
  const size_t partials = path.rfind(".p/");
  return partials == std::string::npos ? path : path.substr(0, partials);
}

Error differs(const NewFile &wanted, const Bytes &found) {
  if (is_bundle(wanted.path))
    return Error{wanted.path + ": has other entries than the full bundle"};
  const size_t size = std::min(wanted.bytes.size(), found.size());
  const auto at = std::mismatch(found.begin(), found.begin() + static_cast<ptrdiff_t>(size),
                                wanted.bytes.begin());
  return Error{wanted.path + ": hash " +
               std::to_string((at.first - found.begin()) / W_DIGEST_SIZE) +
               " is not that of what lies below it: the one or the other was changed"};
}

// Whether `bytes` are the first `size` of `longer`.
bool is_prefix(const Bytes &bytes, size_t size, const Bytes &longer) {
  return bytes.size() == size && longer.size() >= size &&
         std::equal(bytes.begin(), bytes.end(), longer.begin());
}

// Bytes of the first `width` hashes or entries; nothing if there are fewer.
std::optional<size_t> prefix_size(const NewFile &file, uint64_t width) {
  if (!is_bundle(file.path))
    return width <= file.bytes.size() / W_DIGEST_SIZE ? std::optional<size_t>(width * W_DIGEST_SIZE)
                                                      : std::nullopt;
  const Result<std::vector<ByteView>> entries = parse_entries(file.bytes, kTileWidth);
  if (!entries.ok() || width > entries.value().size())
    return std::nullopt;
  size_t size = 0;
  for (const ByteView entry : std::span(entries.value()).first(width))
    size += 2 + entry.size();
  return size;
}

/// Compares a log's files with those that its entries make.
class Check {
 public:
  Check(LogFiles &files, const Checkpoint &checkpoint, const std::optional<LogState> &state,
        const Pruned &pruned, const LogProgress &progress)
      : files_(files),
        checkpoint_(checkpoint),
        state_(state),
        pruned_(pruned),
        progress_(progress) {}

  Status run() {
    const uint64_t size = state_ ? std::max(state_->size, checkpoint_.size) : checkpoint_.size;
    if (state_ && state_->size < checkpoint_.size)
      return Error{"the checkpoint is of " + std::to_string(checkpoint_.size) +
                   " entries, and the log has only " + std::to_string(state_->size)};
    if (state_ && state_->origin != checkpoint_.origin)
      return Error{std::string(kLogStateFile) + ": is that of another log, " +
                   printable(state_->origin)};
    TileReader tiles(files_, size);
    WARRANT_TRY(check_checkpoint());
    if (pruned_.entries > 0 && pruned_.record >= checkpoint_.size)
      return Error{std::string(kPrunedFile) + ": names entry " + std::to_string(pruned_.record) +
                   ", which the checkpoint was not signed for"};
    while (edge_.size() < size) {
      if (edge_.size() < pruned_.entries)
        WARRANT_TRY(take_hashes(tiles));
      else
        WARRANT_TRY(take_entries(tiles));
      for (const NewFile &file : edge_.full_files())
        if (!is_bundle(file.path)) // it is what was read
          WARRANT_TRY(check_file(file));
      edge_.settle();
      if (progress_)
        progress_(edge_.size(), size);
    }
    return check_state();
  }

 private:
  // Of entries that are gone there are the hashes; the root says whether they are the right ones.
  Status take_hashes(TileReader &tiles) {
    for (const Hash &leaf : WARRANT_TRY(tiles.tile(0, edge_.size() / kTileWidth)))
      edge_.append({}, leaf);
    if (edge_.size() == pruned_.entries)
      pruned_root_ = edge_.root();
    return {};
  }

  Status take_entries(TileReader &tiles) {
    const Bundle bundle = WARRANT_TRY(tiles.bundle(edge_.size() / kTileWidth));
    for (const ByteView entry : bundle.entries) {
      if (pruned_.entries > 0 && edge_.size() == pruned_.record)
        WARRANT_TRY(check_prune_record(pruned_, entry, pruned_root_));
      edge_.append(entry, leaf_hash(entry));
      WARRANT_TRY(check_checkpoint());
    }
    return {};
  }

  Status check_file(const NewFile &wanted) {
    const std::optional<Bytes> found =
        WARRANT_TRY(files_.read(wanted.path, std::max(kMaxTileSize, kMaxBundleSize)));
    if (found)
      return *found == wanted.bytes ? Status() : Status(differs(wanted, *found));
    const std::string full = full_path_of(wanted.path);
    const std::optional<Bytes> longer = WARRANT_TRY(files_.read(full, kMaxBundleSize));
    if (full == wanted.path || !longer)
      return Error{wanted.path + ": is missing"};
    const bool is_prefix = longer->size() >= wanted.bytes.size() &&
                           std::equal(wanted.bytes.begin(), wanted.bytes.end(), longer->begin());
    return is_prefix ? Status() : Status(differs(wanted, *longer));
  }

  Status check_partials() {
    for (const NewFile &file : edge_.partial_files())
      WARRANT_TRY(check_file(file));
    return {};
  }

  // Those of checkpoints before this one, which must be served until the full file is there: each
  // is the beginning of the present one. Wider ones are what a crash left; nobody reads them.
  Status check_older_partials() {
    for (const NewFile &file : edge_.partial_files()) {
      const std::string folder = directory_of(file.path);
      for (const std::string &name : WARRANT_TRY(files_.list(folder))) {
        const Result<uint64_t> width = parse_decimal(name);
        if (!width.ok() || width.value() == 0)
          return Error{folder + "/" + printable(name) + ": does not belong here"};
        const std::optional<Bytes> found =
            WARRANT_TRY(files_.read(folder + "/" + name, kMaxBundleSize));
        const std::optional<size_t> size = prefix_size(file, width.value());
        if (found && size && !is_prefix(*found, *size, file.bytes))
          return differs({folder + "/" + name, file.bytes}, *found);
      }
    }
    return {};
  }

  Status check_checkpoint() {
    if (edge_.size() != checkpoint_.size)
      return {};
    WARRANT_TRY(check_partials());
    if (edge_.root() != checkpoint_.root)
      return Error{"the first " + std::to_string(checkpoint_.size) +
                   " entries are not those that the checkpoint was signed for"};
    return {};
  }

  Status check_state() {
    if (!state_)
      return {};
    WARRANT_TRY(check_partials());
    WARRANT_TRY(check_older_partials());
    if (edge_.root() != state_->root)
      return Error{"the " + std::to_string(state_->size) + " entries are not those of " +
                   kLogStateFile};
    return {};
  }

  LogFiles &files_;
  const Checkpoint &checkpoint_;
  const std::optional<LogState> &state_;
  const Pruned &pruned_;
  const LogProgress &progress_;
  Hash pruned_root_{}; // of the tree of what was pruned
  TreeEdge edge_;
};

Result<std::optional<LogState>> read_state(LogFiles &files) {
  const std::optional<Bytes> bytes = WARRANT_TRY(files.read(kLogStateFile, kMaxLogStateSize));
  if (!bytes)
    return std::optional<LogState>();
  Result<LogState> state = parse_log_state(text_of(*bytes));
  if (!state.ok())
    return std::move(state).error().context(kLogStateFile);
  return std::optional(std::move(state).value());
}

} // namespace

Result<SignedCheckpoint> read_checkpoint(LogFiles &files, const NoteKey &log,
                                         std::span<const NoteKey> witnesses) {
  const std::optional<Bytes> note = WARRANT_TRY(files.read(kCheckpointFile, kMaxNoteSize));
  if (!note)
    return Error{std::string(kCheckpointFile) + ": is missing: nothing is signed"};
  Result<SignedCheckpoint> opened = open_checkpoint(text_of(*note), log, witnesses);
  if (!opened.ok())
    return std::move(opened).error().context(kCheckpointFile);
  return opened;
}

Result<LogReport> verify_log(LogFiles &files, const NoteKey &log,
                             std::span<const NoteKey> witnesses, const LogProgress &progress) {
  // The checkpoint first: a writer at work makes the state newer, never older.
  LogReport report;
  report.checkpoint = WARRANT_TRY(read_checkpoint(files, log, witnesses));
  const Checkpoint &checkpoint = report.checkpoint.checkpoint;
  const std::optional<LogState> state = WARRANT_TRY(read_state(files));
  const Pruned pruned = WARRANT_TRY(read_pruned(files));
  WARRANT_TRY(Check(files, checkpoint, state, pruned, progress).run());
  report.pruned = pruned.entries;
  if (state)
    report.unsigned_entries = state->size - checkpoint.size;
  return report;
}

} // namespace warrant
