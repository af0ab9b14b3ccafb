// SPDX-License-Identifier: Apache-2.0
#include "lineage/tlog.h"

#include <algorithm>
#include <utility>

#include "lineage/tile_reader.h"

namespace warrant {
namespace {

// So that the edge's memory is bounded too when entries are small.
constexpr size_t kSmallestLimit = 1024;

Error in_file(const char *file, const Error &error) {
  return Error(error).context(file);
}

} // namespace

Result<std::unique_ptr<TransparencyLog>> TransparencyLog::open(LogFiles &files,
                                                               const NoteSigner &signer,
                                                               const LogOptions &options) {
  WARRANT_TRY(files.lock());
  std::unique_ptr<TransparencyLog> log(new TransparencyLog(files, signer, options));
  log->options_.integrate_at = std::max(options.integrate_at, kSmallestLimit);
  WARRANT_TRY(log->durable_.prepare());
  // A writer that was killed may have put files in place whose names are not durable yet. What is
  // believed from here on must be.
  WARRANT_TRY(log->durable_.sync_directory(".state"));
  WARRANT_TRY(log->durable_.sync_directory("."));
  const std::optional<Bytes> bytes = WARRANT_TRY(files.read(kLogStateFile, kMaxLogStateSize));
  if (!bytes) {
    WARRANT_TRY(log->create());
    return log;
  }
  const Result<LogState> state = parse_log_state(text_of(*bytes));
  if (!state.ok())
    return in_file(kLogStateFile, state.error());
  WARRANT_TRY(log->load(state.value()));
  return log;
}

Status TransparencyLog::create() {
  LogFiles &files = durable_.files();
  const std::optional<Bytes> wal = WARRANT_TRY(files.read(kWalFile, kMaxWalSize));
  bool has_entries = false;
  if (wal) {
    const Result<WalContent> content = read_wal(*wal, 0);
    has_entries = !content.ok() || !content.value().entries.empty();
  }
  if (has_entries || WARRANT_TRY(files.read(kCheckpointFile, kMaxNoteSize)) ||
      !WARRANT_TRY(files.list("tile")).empty())
    return Error{std::string(kLogStateFile) + ": is missing, but the folder has a log"};
  opening_.is_new = true;
  wal_ = WARRANT_TRY(Wal::create(durable_));
  return save_state();
}

Status TransparencyLog::load(const LogState &state) {
  LogFiles &files = durable_.files();
  if (state.origin != signer_.key().name())
    return Error{std::string(kLogStateFile) + ": the log is that of " + printable(state.origin) +
                 ", not of " + signer_.key().name()};
  TileReader tiles(files, state.size);
  edge_ = WARRANT_TRY(TreeEdge::load(tiles));
  integrated_ = state.size;
  note_partials(edge_.partial_files());
  if (edge_.root() != state.root)
    return Error{"the tiles of " + std::to_string(state.size) + " entries have another root than " +
                 kLogStateFile + ": one of them was changed"};
  WARRANT_TRY(load_checkpoint(tiles, state));
  pruned_ = WARRANT_TRY(read_pruned(files));
  if (pruned_.entries > 0 && (!checkpoint_ || pruned_.record >= checkpoint_->size))
    return Error{std::string(kPrunedFile) + ": names entry " + std::to_string(pruned_.record) +
                 ", which no checkpoint was signed for"};
  if (pruned_.entries > 0)
    WARRANT_TRY(check_pruned(tiles));
  // Of a removal that was cut short. What cannot be removed takes up room, no more.
  (void)remove_pruned_bundles(files, pruned_).ok();
  const std::optional<Bytes> wal = WARRANT_TRY(files.read(kWalFile, kMaxWalSize));
  if (!wal)
    return Error{std::string(kWalFile) + ": is missing"};
  return replay(*wal);
}

// Nothing is removed on the word of an entry that is not under the signed root.
Status TransparencyLog::check_pruned(TileReader &tiles) const {
  const Bytes entry = WARRANT_TRY(tiles.entry(pruned_.record));
  const std::vector<Hash> proof =
      WARRANT_TRY(prove_inclusion(pruned_.record, checkpoint_->size, tiles.hashes()));
  if (!verify_inclusion(leaf_hash(entry), pruned_.record, checkpoint_->size, checkpoint_->root,
                        proof)
           .ok())
    return Error{std::string(kPrunedFile) + ": entry " + std::to_string(pruned_.record) +
                 " is not the one that the checkpoint was signed for"};
  return check_prune_record(pruned_, entry,
                            WARRANT_TRY(tree_root(pruned_.entries, tiles.hashes())));
}

Status TransparencyLog::load_checkpoint(TileReader &tiles, const LogState &state) {
  const std::optional<Bytes> note =
      WARRANT_TRY(durable_.files().read(kCheckpointFile, kMaxNoteSize));
  if (!note && state.signed_size)
    return Error{std::string(kCheckpointFile) + ": is missing, and there was one of " +
                 std::to_string(*state.signed_size) + " entries"};
  if (!note)
    return {};
  Result<SignedCheckpoint> opened = open_checkpoint(text_of(*note), signer_.key());
  if (!opened.ok())
    return in_file(kCheckpointFile, opened.error());
  checkpoint_ = std::move(opened).value().checkpoint;
  if (checkpoint_->size > state.size)
    return Error{"the checkpoint is of " + std::to_string(checkpoint_->size) +
                 " entries, and the log has only " + std::to_string(state.size)};
  if (state.signed_size && checkpoint_->size < *state.signed_size)
    return Error{"the checkpoint is of " + std::to_string(checkpoint_->size) +
                 " entries, and there was one of " + std::to_string(*state.signed_size)};
  const Hash root = WARRANT_TRY(tree_root(checkpoint_->size, tiles.hashes()));
  if (root != checkpoint_->root)
    return Error{"the tiles of the first " + std::to_string(checkpoint_->size) +
                 " entries have another root than the checkpoint that was signed"};
  return {};
}

Status TransparencyLog::replay(ByteView bytes) {
  const Result<WalContent> content = read_wal(bytes, edge_.size());
  if (!content.ok())
    return in_file(kWalFile, content.error());
  for (size_t i = 0; i < content.value().entries.size(); ++i)
    edge_.append(content.value().entries[i], content.value().leaves[i]);
  opening_.replayed = content.value().entries.size();
  opening_.torn_bytes = content.value().torn_bytes;
  // Written anew, not only synced: a writer whose sync failed may have left pages in memory that a
  // second sync takes for written.
  WARRANT_TRY(integrate());
  wal_ = WARRANT_TRY(Wal::create(durable_));
  return {};
}

Status TransparencyLog::check_batch(std::span<const ByteView> entries) const {
  WARRANT_TRY(durable_.check());
  size_t size = 0;
  for (const ByteView entry : entries) {
    if (entry.size() > kMaxEntrySize)
      return Error{"an entry of " + std::to_string(entry.size()) + " bytes is over the limit of " +
                   std::to_string(kMaxEntrySize)};
    size += entry.size() + 2;
  }
  if (entries.size() > kMaxBatchEntries || size > kMaxBatchSize)
    return Error{"a batch of " + std::to_string(entries.size()) + " entries and " +
                 std::to_string(size) + " bytes is over the limit"};
  if (entries.size() > kMaxTreeSize - edge_.size())
    return Error{"the log is full"};
  return {};
}

Result<uint64_t> TransparencyLog::append(std::span<const ByteView> entries) {
  WARRANT_TRY(check_batch(entries));
  const uint64_t first = edge_.size();
  if (entries.empty())
    return first;
  // Before, not behind: an error here must leave the batch out.
  if (wal_->size() > options_.integrate_at || edge_.pending_bytes() > options_.integrate_at)
    WARRANT_TRY(integrate());
  std::vector<Hash> leaves;
  leaves.reserve(entries.size());
  for (const ByteView entry : entries)
    leaves.push_back(leaf_hash(entry));
  WARRANT_TRY(wal_->append(first, entries, leaves));
  for (size_t i = 0; i < entries.size(); ++i)
    edge_.append(entries[i], leaves[i]);
  return first;
}

Status TransparencyLog::save_state() {
  const LogState state{signer_.key().name(), edge_.size(), edge_.root(),
                       checkpoint_ ? std::optional(checkpoint_->size) : std::nullopt};
  const std::string text = serialize_log_state(state);
  const NewFile file{kLogStateFile, Bytes(text.begin(), text.end())};
  return durable_.replace(std::span(&file, 1));
}

// Entries are durable already. Bundles and tiles become so, then the state that speaks of them,
// then the write-ahead file may forget them.
Status TransparencyLog::integrate() {
  WARRANT_TRY(durable_.check());
  if (integrated_ == edge_.size())
    return {};
  WARRANT_TRY(durable_.replace(edge_.full_files()));
  const std::vector<NewFile> partial = edge_.partial_files();
  WARRANT_TRY(durable_.replace(partial));
  WARRANT_TRY(save_state());
  integrated_ = edge_.size();
  const std::vector<std::string> unused = edge_.settle();
  if (wal_)
    WARRANT_TRY(wal_->reset());
  for (const std::string &folder : unused)
    if (partial_folders_.erase(folder) != 0) // most tiles become full at once
      remove_partials(folder);
  note_partials(partial);
  return {};
}

void TransparencyLog::note_partials(const std::vector<NewFile> &files) {
  for (const NewFile &file : files)
    partial_folders_.insert(directory_of(file.path));
}

// Readers take the full file instead. What cannot be removed takes up room, no more.
void TransparencyLog::remove_partials(const std::string &folder) {
  LogFiles &files = durable_.files();
  const Result<std::vector<std::string>> names = files.list(folder);
  for (const std::string &name : names.ok() ? names.value() : std::vector<std::string>())
    (void)files.remove(folder + "/" + name).ok();
  (void)files.remove(folder).ok();
  durable_.forget_directory(folder);
}

Status TransparencyLog::checkpoint() {
  WARRANT_TRY(integrate());
  if (checkpoint_ && checkpoint_->size == edge_.size())
    return {};
  const Checkpoint next{signer_.key().name(), edge_.size(), edge_.root(), {}};
  const std::string text = serialize_checkpoint(next);
  const std::string note = serialize_note({text, {signer_.sign(text)}});
  const NewFile file{kCheckpointFile, Bytes(note.begin(), note.end())};
  WARRANT_TRY(durable_.replace(std::span(&file, 1)));
  checkpoint_ = next;
  return {};
}

Status TransparencyLog::prune(const Pruned &pruned) {
  WARRANT_TRY(durable_.check());
  if (pruned.entries % kTileWidth != 0 || pruned.entries < pruned_.entries ||
      pruned.record < pruned.entries || !checkpoint_ || pruned.record >= checkpoint_->size)
    return Error{"entries can be given up by whole bundles, and under a checkpoint, only"};
  if (pruned.entries == 0)
    return {};
  const std::string text = serialize_pruned(pruned);
  const NewFile file{kPrunedFile, Bytes(text.begin(), text.end())};
  WARRANT_TRY(durable_.replace(std::span(&file, 1)));
  pruned_ = pruned;
  return remove_pruned_bundles(durable_.files(), pruned_);
}

Result<bool> TransparencyLog::checkpoint_if_due(int64_t now) {
  if (!last_due_)
    last_due_ = now;
  const uint64_t fresh = edge_.size() - (checkpoint_ ? checkpoint_->size : 0);
  const bool is_late = now - *last_due_ >= options_.checkpoint_nanoseconds;
  if (fresh < options_.checkpoint_entries && !(is_late && fresh > 0))
    return false;
  WARRANT_TRY(checkpoint());
  last_due_ = now;
  return true;
}

} // namespace warrant
