// SPDX-License-Identifier: Apache-2.0
#include "artifacts/manifest.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace warrant {
namespace {

constexpr size_t kVerityOffset = W_DIGEST_SIZE;
constexpr size_t kActionsOffset = 2 * W_DIGEST_SIZE;
constexpr size_t kReservedOffset = kActionsOffset + 4;
static_assert(kReservedOffset + 4 == kManifestRecordSize);
constexpr size_t kRecordsPerPiece = 1024;

using RecordView = std::span<const uint8_t, kManifestRecordSize>;

uint32_t read_u32(ByteView bytes) {
  return static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
         static_cast<uint32_t>(bytes[2]) << 16 | static_cast<uint32_t>(bytes[3]) << 24;
}

void append_u32(Bytes &file, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8)
    file.push_back(static_cast<uint8_t>(value >> shift));
}

std::string field_of(size_t index, std::string_view name) {
  return "manifest[" + std::to_string(index) + "]." + std::string(name);
}

Checked<ManifestRecord> read_record(RecordView bytes, size_t index, uint32_t allowed) {
  ManifestRecord record;
  std::copy_n(bytes.begin(), W_DIGEST_SIZE, record.sha256.begin());
  Digest verity{};
  std::copy_n(bytes.begin() + kVerityOffset, W_DIGEST_SIZE, verity.begin());
  if (verity != Digest{})
    record.verity = verity;
  record.actions = read_u32(bytes.subspan(kActionsOffset, 4));
  if (record.actions == 0)
    return malformed(field_of(index, "actions"), "none");
  if (record.actions & ~allowed)
    return malformed(field_of(index, "actions"), "not among the actions of the artifact");
  if (read_u32(bytes.subspan(kReservedOffset, 4)) != 0)
    return malformed(field_of(index, "reserved"), "0 expected");
  return record;
}

/// Takes the file in pieces of any size; keeps what one piece leaves of a record for the next.
class ManifestReader {
 public:
  ManifestReader(const ManifestRef &ref, uint32_t actions) : ref_(ref), actions_(actions) {
    crypto_hash_sha256_init(&hash_);
  }

  Checked<void> add(ByteView piece) {
    crypto_hash_sha256_update(&hash_, piece.data(), piece.size());
    pending_.insert(pending_.end(), piece.begin(), piece.end());
    size_t used = 0;
    for (; pending_.size() - used >= kManifestRecordSize; used += kManifestRecordSize)
      WARRANT_TRY(add_record(RecordView(pending_.data() + used, kManifestRecordSize)));
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(used));
    return {};
  }

  Checked<std::vector<ManifestRecord>> finish() && {
    if (!pending_.empty())
      return mismatch("count", "the file ends within a record");
    if (records_.size() != ref_.count)
      return mismatch("count", "the file has " + std::to_string(records_.size()) +
                                   " records, signed were " + std::to_string(ref_.count));
    Digest digest{};
    crypto_hash_sha256_final(&hash_, digest.data());
    if (digest != ref_.sha256)
      return mismatch("sha256",
                      "the file has " + to_hex(digest) + ", signed was " + to_hex(ref_.sha256));
    return std::move(records_);
  }

 private:
  static Rejection mismatch(std::string_view member, std::string detail) {
    return {W_REASON_CONTENT_MISMATCH, "predicate.manifest." + std::string(member),
            std::move(detail), "fetch the manifest that belongs to this artifact"};
  }

  Checked<void> add_record(RecordView bytes) {
    const size_t index = records_.size();
    if (index == ref_.count)
      return mismatch("count", "the file has more records than the " + std::to_string(ref_.count) +
                                   " signed for");
    ManifestRecord record = WARRANT_TRY(read_record(bytes, index, actions_));
    if (index > 0 && record.sha256 <= records_.back().sha256)
      return malformed(field_of(index, "sha256"), "not in ascending order");
    records_.push_back(record);
    return {};
  }

  ManifestRef ref_;
  uint32_t actions_;
  crypto_hash_sha256_state hash_;
  Bytes pending_;
  std::vector<ManifestRecord> records_;
};

/// Joins what two records say of one content.
Status merge(ManifestRecord &into, const ManifestRecord &from) {
  if (into.verity && from.verity && into.verity != from.verity)
    return Error{"two fs-verity digests for content " + to_hex(into.sha256)};
  if (from.verity)
    into.verity = from.verity;
  into.actions |= from.actions;
  return {};
}

Result<std::vector<ManifestRecord>> merge_all(std::vector<ManifestRecord> records) {
  std::sort(records.begin(), records.end(),
            [](const auto &a, const auto &b) { return a.sha256 < b.sha256; });
  std::vector<ManifestRecord> merged;
  for (const ManifestRecord &record : records) {
    if (record.actions == 0 || (record.actions & ~W_ACTION_ALL))
      return Error{"no or unknown actions for content " + to_hex(record.sha256)};
    if (!merged.empty() && merged.back().sha256 == record.sha256)
      WARRANT_TRY(merge(merged.back(), record));
    else
      merged.push_back(record);
  }
  if (merged.empty() || merged.size() > kMaxManifestRecords)
    return Error{"1 to " + std::to_string(kMaxManifestRecords) + " different contents expected"};
  return merged;
}

} // namespace

ByteSource source_of_bytes(ByteView bytes) {
  return [bytes](std::span<uint8_t> buffer) mutable -> Result<size_t> {
    const size_t count = std::min(bytes.size(), buffer.size());
    std::copy_n(bytes.begin(), count, buffer.begin());
    bytes = bytes.subspan(count);
    return count;
  };
}

Result<ByteSource> source_of_file(const std::string &path) {
  const int opened = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (opened < 0)
    return Error{path + ": cannot open: " + std::strerror(errno)};
  // Shared, because std::function demands that its target can be copied.
  const std::shared_ptr<const int> fd(new int(opened), [](const int *owned) {
    close(*owned);
    delete owned;
  });
  struct stat status {};
  if (fstat(*fd, &status) != 0 || !S_ISREG(status.st_mode))
    return Error{path + ": not a regular file"};
  return ByteSource([fd, path](std::span<uint8_t> buffer) -> Result<size_t> {
    ssize_t got = 0;
    do
      got = read(*fd, buffer.data(), buffer.size());
    while (got < 0 && errno == EINTR);
    if (got < 0)
      return Error{path + ": cannot read: " + std::strerror(errno)};
    return static_cast<size_t>(got);
  });
}

Checked<std::vector<ManifestRecord>> read_manifest(const ByteSource &source, const ManifestRef &ref,
                                                   uint32_t actions) {
  ManifestReader reader(ref, actions);
  Bytes piece(kRecordsPerPiece * kManifestRecordSize);
  for (;;) {
    const Result<size_t> got = source(piece);
    if (!got.ok())
      return Rejection{W_REASON_MISSING, "predicate.manifest", printable(got.error().message), {}};
    if (got.value() == 0)
      return std::move(reader).finish();
    WARRANT_TRY(reader.add(ByteView(piece).first(got.value())));
  }
}

Result<Manifest> write_manifest(std::vector<ManifestRecord> records) {
  const std::vector<ManifestRecord> merged = WARRANT_TRY(merge_all(std::move(records)));
  Manifest manifest;
  manifest.file.reserve(merged.size() * kManifestRecordSize);
  for (const ManifestRecord &record : merged) {
    const Digest verity = record.verity.value_or(Digest{});
    manifest.file.insert(manifest.file.end(), record.sha256.begin(), record.sha256.end());
    manifest.file.insert(manifest.file.end(), verity.begin(), verity.end());
    append_u32(manifest.file, record.actions);
    append_u32(manifest.file, 0);
  }
  manifest.ref = {sha256(manifest.file), merged.size()};
  return manifest;
}

std::string manifest_file_name(const ManifestRef &ref) {
  return to_hex(ref.sha256) + ".manifest";
}

ManifestOpener manifests_in(std::string directory) {
  return [directory = std::move(directory)](const ManifestRef &ref) {
    return source_of_file(directory + "/" + manifest_file_name(ref));
  };
}

ManifestOpener no_manifests() {
  return [](const ManifestRef &) -> Result<ByteSource> {
    return Error{"manifests cannot be had here"};
  };
}

} // namespace warrant
