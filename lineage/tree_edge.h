// SPDX-License-Identifier: Apache-2.0
// The right edge of a log's tree: all that is needed to go on appending, and what the files of the
// tree are.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "lineage/durable_files.h"
#include "lineage/tile.h"
#include "lineage/tile_reader.h"

namespace warrant {

class TreeEdge {
 public:
  TreeEdge() = default;
  /// That of a log on disk. Errors: a tile or bundle is missing or of another length; the entries
  /// of the last bundle are not those of the last tile.
  static Result<TreeEdge> load(TileReader &tiles);

  /// `leaf` is the entry's hash.
  void append(ByteView entry, const Hash &leaf);
  uint64_t size() const { return size_; }
  Hash root() const;

  /// Bundles and tiles that have become full and were not yet forgotten by settle().
  const std::vector<NewFile> &full_files() const { return full_; }
  /// The partial ones at this size.
  std::vector<NewFile> partial_files() const;
  /// What was full is on disk. Returns the folders of partial files that are of no more use.
  std::vector<std::string> settle();
  /// Of the entries and hashes that wait for settle(), roughly.
  size_t pending_bytes() const { return pending_bytes_; }

 private:
  void push(unsigned level, const Hash &hash);

  uint64_t size_ = 0;
  std::array<std::vector<Hash>, kTileLevels> levels_; // hashes of the last tile, never a full one
  Bytes bundle_;                                      // entries of the last bundle
  std::vector<NewFile> full_;
  size_t pending_bytes_ = 0;
};

} // namespace warrant
