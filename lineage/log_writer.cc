// SPDX-License-Identifier: Apache-2.0
#include "lineage/log_writer.h"

#include <utility>

#include "lineage/tile_reader.h"

namespace warrant {
namespace {

static_assert(kMaxRecordSize <= kMaxEntrySize);
// Each entry has its length beside it.
static_assert(LogWriter::kBatchSize + 2 * kMaxBatchEntries <= kMaxBatchSize);

// An error would come back each time that its owner tries again, and stop all that waits behind it.
Record too_large(const Record &record, size_t size) {
  const std::string cause =
      "record " + record.id + " of " + std::to_string(size) + " bytes is too large to be written";
  return make_record(record.origin, record.time, Gap{1, cause});
}

} // namespace

Result<std::unique_ptr<LogWriter>> LogWriter::open(std::unique_ptr<LogFiles> files,
                                                   NoteSigner signer, const LogOptions &options) {
  std::unique_ptr<LogWriter> writer(new LogWriter(std::move(files), std::move(signer)));
  writer->log_ = WARRANT_TRY(TransparencyLog::open(*writer->files_, writer->signer_, options));
  return writer;
}

Status LogWriter::append(const Record &record) {
  std::string line = record_to_line(record);
  if (line.size() > kMaxRecordSize)
    line = record_to_line(too_large(record, line.size()));
  if (batch_.size() == kMaxBatchEntries || batch_size_ + line.size() > kBatchSize)
    return Error{"the batch is full"};
  batch_size_ += line.size();
  batch_.push_back(std::move(line));
  return {};
}

Status LogWriter::commit() {
  const std::vector<ByteView> entries = [&] {
    std::vector<ByteView> views;
    views.reserve(batch_.size());
    for (const std::string &line : batch_)
      views.push_back(view(line));
    return views;
  }();
  WARRANT_TRY(log_->append(entries));
  batch_.clear();
  batch_size_ = 0;
  return {};
}

Status LogWriter::prune(uint64_t entries, const Origin &origin, const Moment &time,
                        const Caller &caller) {
  const std::optional<Checkpoint> &last = log_->last_checkpoint();
  if (entries % kTileWidth != 0 || entries <= log_->pruned().entries || !last ||
      entries > last->size)
    return Error{"of a log that is signed up to entry " + std::to_string(last ? last->size : 0) +
                 ", the first " + std::to_string(entries) + " cannot be given up"};
  TileReader tiles(*files_, last->size);
  const Hash root = WARRANT_TRY(tree_root(entries, tiles.hashes()));
  WARRANT_TRY(append(make_record(origin, time, Prune{entries, root, caller})));
  WARRANT_TRY(commit());
  const uint64_t record = log_->size() - 1;
  WARRANT_TRY(checkpoint());
  return log_->prune({entries, record});
}

Status LogWriter::check_contains(uint64_t size, const Hash &root) {
  if (size > log_->size())
    return Error{"it has " + std::to_string(log_->size()) + " entries, and had " +
                 std::to_string(size)};
  TileReader tiles(*files_, log_->size());
  if (WARRANT_TRY(tree_root(size, tiles.hashes())) != root)
    return Error{"its first " + std::to_string(size) + " entries are not those that it had"};
  return {};
}

} // namespace warrant
