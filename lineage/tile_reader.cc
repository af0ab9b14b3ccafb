// SPDX-License-Identifier: Apache-2.0
#include "lineage/tile_reader.h"

#include <utility>

namespace warrant {

uint32_t TileReader::width(unsigned level, uint64_t index) const {
  const uint64_t full = full_tiles(size_, level);
  return index < full ? kTileWidth : index == full ? partial_width(size_, level) : 0;
}

Result<Bytes> TileReader::read(const std::string &path, const std::string &full_path,
                               size_t limit) const {
  std::optional<Bytes> bytes = WARRANT_TRY(files_.read(path, limit));
  if (!bytes && path != full_path)
    bytes = WARRANT_TRY(files_.read(full_path, limit));
  if (!bytes)
    return Error{path + ": is missing, though the log has " + std::to_string(size_) + " entries"};
  return std::move(*bytes);
}

Result<std::vector<Hash>> TileReader::tile(unsigned level, uint64_t index) {
  const uint32_t wanted = width(level, index);
  const std::string path = tile_path(level, index, wanted);
  if (wanted == 0)
    return Error{path + ": no such tile in a log of " + std::to_string(size_) + " entries"};
  const Bytes bytes = WARRANT_TRY(read(path, tile_path(level, index, kTileWidth), kMaxTileSize));
  Result<std::vector<Hash>> hashes =
      parse_tile(bytes, bytes.size() == kMaxTileSize ? kTileWidth : wanted);
  if (!hashes.ok())
    return std::move(hashes).error().context(path);
  hashes.value().resize(wanted);
  return hashes;
}

Result<Bundle> TileReader::bundle(uint64_t index) {
  const uint32_t wanted = width(0, index);
  const std::string path = bundle_path(index, wanted);
  if (wanted == 0)
    return Error{path + ": no such bundle in a log of " + std::to_string(size_) + " entries"};
  Bundle bundle;
  bundle.bytes = WARRANT_TRY(read(path, bundle_path(index, kTileWidth), kMaxBundleSize));
  Result<std::vector<ByteView>> entries = parse_entries(bundle.bytes, kTileWidth);
  if (!entries.ok())
    return std::move(entries).error().context(path);
  const size_t count = entries.value().size();
  if (count != wanted && count != kTileWidth)
    return Error{path + ": has " + std::to_string(count) + " entries instead of " +
                 std::to_string(wanted)};
  bundle.entries = std::move(entries).value();
  bundle.entries.resize(wanted);
  return bundle;
}

Result<Bytes> TileReader::entry(uint64_t index) {
  if (index >= size_)
    return Error{"there is no entry " + std::to_string(index) + " in a log of " +
                 std::to_string(size_)};
  const Bundle found = WARRANT_TRY(bundle(index / kTileWidth));
  const ByteView entry = found.entries[index % kTileWidth];
  return Bytes(entry.begin(), entry.end());
}

Result<Hash> TileReader::subtree(unsigned level, uint64_t index) {
  const unsigned tile_level = level / kTileHeight;
  const unsigned height = level % kTileHeight;
  const uint64_t first = index << height; // of the hashes at the tile's level
  auto cached = cache_.find(tile_level);
  if (cached == cache_.end() || cached->second.index != first / kTileWidth) {
    std::vector<Hash> hashes = WARRANT_TRY(tile(tile_level, first / kTileWidth));
    cached =
        cache_.insert_or_assign(tile_level, Cached{first / kTileWidth, std::move(hashes)}).first;
  }
  const std::vector<Hash> &hashes = cached->second.hashes;
  if (first % kTileWidth + (uint64_t{1} << height) > hashes.size())
    return Error{"no hash of " + std::to_string(uint64_t{1} << level) + " leaves at " +
                 std::to_string(index << level) + " in a log of " + std::to_string(size_)};
  return subtree_root(hashes, first % kTileWidth, height);
}

HashReader TileReader::hashes() {
  return [this](unsigned level, uint64_t index) { return subtree(level, index); };
}

} // namespace warrant
