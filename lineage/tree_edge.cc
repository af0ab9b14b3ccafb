// SPDX-License-Identifier: Apache-2.0
#include "lineage/tree_edge.h"

#include <bit>
#include <optional>
#include <utility>

namespace warrant {

Result<TreeEdge> TreeEdge::load(TileReader &tiles) {
  TreeEdge edge;
  edge.size_ = tiles.size();
  for (unsigned level = 0; level < kTileLevels; ++level)
    if (partial_width(edge.size_, level) != 0)
      edge.levels_[level] = WARRANT_TRY(tiles.tile(level, full_tiles(edge.size_, level)));
  if (edge.levels_[0].empty())
    return edge;
  const Bundle bundle = WARRANT_TRY(tiles.bundle(full_tiles(edge.size_, 0)));
  for (size_t i = 0; i < bundle.entries.size(); ++i) {
    if (leaf_hash(bundle.entries[i]) != edge.levels_[0][i])
      return Error{"entry " + std::to_string(full_tiles(edge.size_, 0) * kTileWidth + i) +
                   " is not the one whose hash its tile has"};
    append_entry(edge.bundle_, bundle.entries[i]);
  }
  return edge;
}

void TreeEdge::append(ByteView entry, const Hash &leaf) {
  append_entry(bundle_, entry);
  pending_bytes_ += entry.size() + 2 + W_DIGEST_SIZE;
  const uint64_t index = size_++ / kTileWidth;
  if (size_ % kTileWidth == 0) {
    full_.push_back({bundle_path(index, kTileWidth), std::exchange(bundle_, {})});
    bundle_.reserve(full_.back().bytes.size()); // the next one will be about as large
  }
  push(0, leaf);
}

void TreeEdge::push(unsigned level, const Hash &leaf) {
  Hash hash = leaf;
  for (; level < kTileLevels; ++level) {
    std::vector<Hash> &tile = levels_[level];
    tile.push_back(hash);
    if (tile.size() < kTileWidth)
      return;
    full_.push_back(
        {tile_path(level, full_tiles(size_, level) - 1, kTileWidth), serialize_tile(tile)});
    hash = subtree_root(tile, 0, kTileHeight);
    tile.clear();
  }
}

Hash TreeEdge::root() const {
  std::optional<Hash> root;
  for (const std::vector<Hash> &tile : levels_) {
    size_t offset = tile.size();
    for (size_t rest = tile.size(); rest != 0; rest &= rest - 1) {
      const auto height = static_cast<unsigned>(std::countr_zero(rest));
      offset -= size_t{1} << height;
      const Hash subtree = subtree_root(tile, offset, height);
      root = root ? node_hash(subtree, *root) : subtree;
    }
  }
  return root ? *root : empty_root();
}

std::vector<NewFile> TreeEdge::partial_files() const {
  std::vector<NewFile> files;
  if (!bundle_.empty()) {
    const auto width = static_cast<uint32_t>(levels_[0].size());
    files.push_back({bundle_path(full_tiles(size_, 0), width), bundle_});
  }
  for (unsigned level = 0; level < kTileLevels; ++level)
    if (const auto width = static_cast<uint32_t>(levels_[level].size()); width != 0)
      files.push_back(
          {tile_path(level, full_tiles(size_, level), width), serialize_tile(levels_[level])});
  return files;
}

std::vector<std::string> TreeEdge::settle() {
  std::vector<std::string> folders;
  for (const NewFile &file : std::exchange(full_, {}))
    folders.push_back(partials_of(file.path));
  pending_bytes_ = 0;
  return folders;
}

} // namespace warrant
