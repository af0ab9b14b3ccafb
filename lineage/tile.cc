// SPDX-License-Identifier: Apache-2.0
#include "lineage/tile.h"

#include <algorithm>

namespace warrant {
namespace {

// 1234067 is "x001/x234/067".
std::string index_path(uint64_t index) {
  std::string path;
  do {
    const std::string digits = std::to_string(1000 + index % 1000).substr(1);
    path = path.empty() ? digits : "x" + digits + "/" + path;
    index /= 1000;
  } while (index > 0);
  return path;
}

std::string with_width(const std::string &path, uint32_t width) {
  return width == kTileWidth ? path : partials_of(path) + "/" + std::to_string(width);
}

} // namespace

std::string partials_of(const std::string &full_path) {
  return full_path + ".p";
}

std::string tile_path(unsigned level, uint64_t index, uint32_t width) {
  return with_width("tile/" + std::to_string(level) + "/" + index_path(index), width);
}

std::string bundle_path(uint64_t index, uint32_t width) {
  return with_width("tile/entries/" + index_path(index), width);
}

uint32_t partial_width(uint64_t size, unsigned level) {
  return static_cast<uint32_t>((size >> (kTileHeight * level)) % kTileWidth);
}

uint64_t full_tiles(uint64_t size, unsigned level) {
  return size >> (kTileHeight * (level + 1));
}

Bytes serialize_tile(std::span<const Hash> hashes) {
  Bytes bytes;
  bytes.reserve(hashes.size() * W_DIGEST_SIZE);
  for (const Hash &hash : hashes)
    bytes.insert(bytes.end(), hash.begin(), hash.end());
  return bytes;
}

Result<std::vector<Hash>> parse_tile(ByteView bytes, uint32_t width) {
  if (width == 0 || width > kTileWidth || bytes.size() != width * W_DIGEST_SIZE)
    return Error{"not a tile of " + std::to_string(width) + " hashes: it has " +
                 std::to_string(bytes.size()) + " bytes"};
  std::vector<Hash> hashes(width);
  for (size_t i = 0; i < width; ++i)
    std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(i * W_DIGEST_SIZE), W_DIGEST_SIZE,
                hashes[i].begin());
  return hashes;
}

void append_entry(Bytes &bundle, ByteView entry) {
  if (entry.size() > kMaxEntrySize)
    __builtin_trap(); // its length would be cut, and every entry behind it misread
  bundle.push_back(static_cast<uint8_t>(entry.size() >> 8));
  bundle.push_back(static_cast<uint8_t>(entry.size()));
  bundle.insert(bundle.end(), entry.begin(), entry.end());
}

Result<std::vector<ByteView>> parse_entries(ByteView bytes, size_t limit) {
  std::vector<ByteView> entries;
  while (!bytes.empty()) {
    if (entries.size() == limit)
      return Error{"more than " + std::to_string(limit) + " entries"};
    if (bytes.size() < 2)
      return Error{"entry " + std::to_string(entries.size()) + ": half a length"};
    const size_t size = static_cast<size_t>(bytes[0]) << 8 | bytes[1];
    if (bytes.size() - 2 < size)
      return Error{"entry " + std::to_string(entries.size()) + " is cut off"};
    entries.push_back(bytes.subspan(2, size));
    bytes = bytes.subspan(2 + size);
  }
  return entries;
}

Result<std::vector<ByteView>> parse_bundle(ByteView bytes, uint32_t width) {
  if (width == 0 || width > kTileWidth)
    return Error{"no bundle has " + std::to_string(width) + " entries"};
  std::vector<ByteView> entries = WARRANT_TRY(parse_entries(bytes, width));
  if (entries.size() != width)
    return Error{"a bundle of " + std::to_string(width) + " entries has only " +
                 std::to_string(entries.size())};
  return entries;
}

Hash subtree_root(std::span<const Hash> tile, size_t offset, unsigned level) {
  CompactRange range;
  for (const Hash &hash : tile.subspan(offset, size_t{1} << level))
    range.append(hash);
  return range.root();
}

} // namespace warrant
