// SPDX-License-Identifier: Apache-2.0
#include "lineage/wal.h"

#include <sodium.h>

#include <algorithm>

#include "artifacts/random.h"
#include "lineage/tile.h"

namespace warrant {
namespace {

constexpr std::string_view kMagic = "warrant-wal-v01\n";
// magic, mark, their digest: with another mark every batch would look torn
constexpr size_t kFileHeaderSize = kMagic.size() + sizeof(WalMark) + W_DIGEST_SIZE;
// mark, first index (8), entries (4), bytes of the payload (4), digest
constexpr size_t kHeadSize = sizeof(WalMark) + 16;
constexpr size_t kBatchHeaderSize = kHeadSize + W_DIGEST_SIZE;

void put_number(uint64_t value, std::span<uint8_t> out) {
  for (size_t i = out.size(); i-- > 0; value >>= 8)
    out[i] = static_cast<uint8_t>(value);
}

uint64_t get_number(ByteView bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes)
    value = value << 8 | byte;
  return value;
}

// Over the head and the leaves' hashes: the entries are hashed once, for the tree and for this.
Digest batch_digest(ByteView head, std::span<const Hash> leaves) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, head.data(), head.size());
  for (const Hash &leaf : leaves)
    crypto_hash_sha256_update(&state, leaf.data(), leaf.size());
  Digest digest;
  crypto_hash_sha256_final(&state, digest.data());
  return digest;
}

struct Batch {
  uint64_t first = 0;
  std::vector<ByteView> entries;
  std::vector<Hash> leaves;
  size_t size = 0; // header and payload
};

// The batch at the front; nothing if it is not whole.
std::optional<Batch> parse_batch(ByteView bytes, ByteView mark) {
  if (bytes.size() < kBatchHeaderSize || !std::equal(mark.begin(), mark.end(), bytes.begin()))
    return std::nullopt;
  Batch batch;
  batch.first = get_number(bytes.subspan(sizeof(WalMark), 8));
  const uint64_t count = get_number(bytes.subspan(sizeof(WalMark) + 8, 4));
  const uint64_t size = get_number(bytes.subspan(sizeof(WalMark) + 12, 4));
  if (count == 0 || count > kMaxBatchEntries || size > bytes.size() - kBatchHeaderSize)
    return std::nullopt;
  Result<std::vector<ByteView>> entries =
      parse_entries(bytes.subspan(kBatchHeaderSize, size), count);
  if (!entries.ok() || entries.value().size() != count)
    return std::nullopt;
  batch.entries = std::move(entries).value();
  for (const ByteView entry : batch.entries)
    batch.leaves.push_back(leaf_hash(entry));
  const Digest digest = batch_digest(bytes.first(kHeadSize), batch.leaves);
  if (!std::equal(digest.begin(), digest.end(), bytes.begin() + kHeadSize))
    return std::nullopt;
  batch.size = kBatchHeaderSize + size;
  return batch;
}

// Whether a whole batch with entries from `next` on begins anywhere in the bytes.
bool has_later_batch(ByteView bytes, ByteView mark, uint64_t next) {
  while (true) {
    const auto found = std::search(bytes.begin(), bytes.end(), mark.begin(), mark.end());
    if (found == bytes.end())
      return false;
    bytes = bytes.subspan(static_cast<size_t>(found - bytes.begin()));
    const std::optional<Batch> batch = parse_batch(bytes, mark);
    if (batch && batch->first >= next)
      return true;
    bytes = bytes.subspan(1);
  }
}

bool is_header(ByteView bytes) {
  if (bytes.size() < kFileHeaderSize || !text_of(bytes).starts_with(kMagic))
    return false;
  const size_t size = kFileHeaderSize - W_DIGEST_SIZE;
  const Digest digest = sha256(bytes.first(size));
  return std::equal(digest.begin(), digest.end(), bytes.begin() + size);
}

} // namespace

Wal::Wal(DurableFiles &files, std::unique_ptr<LogFile> file, const WalMark &mark)
    : files_(&files), file_(std::move(file)), mark_(mark), size_(kFileHeaderSize) {}

Result<Wal> Wal::create(DurableFiles &files) {
  WalMark mark;
  fill_random(mark);
  Bytes header(kMagic.begin(), kMagic.end());
  header.insert(header.end(), mark.begin(), mark.end());
  const Digest digest = sha256(header);
  header.insert(header.end(), digest.begin(), digest.end());
  return Wal(files, WARRANT_TRY(files.replace_and_open({kWalFile, std::move(header)})), mark);
}

Status Wal::append(uint64_t first, std::span<const ByteView> entries,
                   std::span<const Hash> leaves) {
  WARRANT_TRY(files_->check());
  batch_.assign(mark_.begin(), mark_.end());
  batch_.resize(kBatchHeaderSize);
  for (const ByteView entry : entries)
    append_entry(batch_, entry);
  const std::span<uint8_t> header(batch_.data(), kBatchHeaderSize);
  put_number(first, header.subspan(sizeof(WalMark), 8));
  put_number(entries.size(), header.subspan(sizeof(WalMark) + 8, 4));
  put_number(batch_.size() - kBatchHeaderSize, header.subspan(sizeof(WalMark) + 12, 4));
  const Digest digest = batch_digest(header.first(kHeadSize), leaves);
  std::copy(digest.begin(), digest.end(), header.begin() + kHeadSize);

  const Status written = file_->append(batch_);
  if (!written.ok()) {
    const Status cut = file_->truncate(size_);
    return cut.ok() ? written.error() : files_->fail_for_good(cut.error());
  }
  WARRANT_TRY(files_->sync(*file_));
  size_ += batch_.size();
  return {};
}

Status Wal::reset() {
  WARRANT_TRY(files_->check());
  // Need not be durable: batches that come back are of entries that the log has.
  const Status cut = file_->truncate(kFileHeaderSize);
  if (!cut.ok())
    return files_->fail_for_good(cut.error());
  size_ = kFileHeaderSize;
  return {};
}

Result<WalContent> read_wal(ByteView bytes, uint64_t next) {
  if (!is_header(bytes))
    return Error{"not a write-ahead file, or its header was changed"};
  const ByteView mark = bytes.subspan(kMagic.size(), sizeof(WalMark));
  bytes = bytes.subspan(kFileHeaderSize);
  WalContent content;
  while (!bytes.empty()) {
    const std::optional<Batch> batch = parse_batch(bytes, mark);
    if (!batch) {
      if (has_later_batch(bytes.subspan(1), mark, next + content.entries.size()))
        return Error{"an acknowledged batch was changed: it is not whole, and a later one is"};
      content.torn_bytes = bytes.size();
      return content;
    }
    bytes = bytes.subspan(batch->size);
    const uint64_t end = batch->first + batch->entries.size();
    const uint64_t expected = next + content.entries.size();
    if (end <= expected)
      continue; // integrated before the file could be cut
    if (batch->first != expected)
      return Error{"entries " + std::to_string(expected) + " to " + std::to_string(batch->first) +
                   " are missing"};
    content.entries.insert(content.entries.end(), batch->entries.begin(), batch->entries.end());
    content.leaves.insert(content.leaves.end(), batch->leaves.begin(), batch->leaves.end());
  }
  return content;
}

} // namespace warrant
