// SPDX-License-Identifier: Apache-2.0
// Reads a log's tiles and bundles as they are for one size of its tree. Nothing that it returns is
// to be believed before it led to a signed root.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "lineage/log_files.h"
#include "lineage/tile.h"

namespace warrant {

/// Entries with the bytes that they lie in.
struct Bundle {
  Bytes bytes;
  std::vector<ByteView> entries;
};

class TileReader {
 public:
  /// `files` must outlive it.
  TileReader(LogFiles &files, uint64_t size) : files_(files), size_(size) {}
  uint64_t size() const { return size_; }

  /// The hashes that this tile has at this size. A partial tile may have been deleted once the full
  /// one was there, which is read then. Errors name the file: missing, of another length.
  Result<std::vector<Hash>> tile(unsigned level, uint64_t index);
  Result<Bundle> bundle(uint64_t index);
  /// One entry.
  Result<Bytes> entry(uint64_t index);
  /// Keeps the last tile of each level, so that a proof reads each tile once. Ends with this
  /// object.
  HashReader hashes();

 private:
  uint32_t width(unsigned level, uint64_t index) const;
  Result<Bytes> read(const std::string &path, const std::string &full_path, size_t limit) const;
  Result<Hash> subtree(unsigned level, uint64_t index);

  struct Cached {
    uint64_t index;
    std::vector<Hash> hashes;
  };
  LogFiles &files_;
  uint64_t size_;
  std::map<unsigned, Cached> cache_; // by level of tiles
};

} // namespace warrant
