// SPDX-License-Identifier: Apache-2.0
// The files that a log consists of (c2sp.org/tlog-tiles): their names and contents.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/result.h"
#include "lineage/merkle.h"

namespace warrant {

/// Hashes of a full tile, and entries of a full bundle.
inline constexpr uint32_t kTileWidth = 256;
inline constexpr unsigned kTileHeight = 8;
/// Levels of tiles that a tree of kMaxTreeSize leaves has.
inline constexpr unsigned kTileLevels = 7;
/// Bytes of an entry at most: its length stands in 16 bits.
inline constexpr size_t kMaxEntrySize = 65535;
inline constexpr size_t kMaxTileSize = kTileWidth * W_DIGEST_SIZE;
inline constexpr size_t kMaxBundleSize = kTileWidth * (2 + kMaxEntrySize);

/// "tile/<level>/<index>", and ".p/<width>" behind it unless the width is kTileWidth.
std::string tile_path(unsigned level, uint64_t index, uint32_t width);
/// "tile/entries/<index>", likewise.
std::string bundle_path(uint64_t index, uint32_t width);
/// The folder of partial ones: "<path of the full one>.p".
std::string partials_of(const std::string &full_path);

/// Hashes in the last tile of this level for a tree of `size`, when it is not full; 0: there is no
/// partial one.
uint32_t partial_width(uint64_t size, unsigned level);
/// Full tiles of this level.
uint64_t full_tiles(uint64_t size, unsigned level);

Bytes serialize_tile(std::span<const Hash> hashes);
/// Exactly `width` hashes.
Result<std::vector<Hash>> parse_tile(ByteView bytes, uint32_t width);

/// Appends one entry of at most kMaxEntrySize bytes to a bundle's.
void append_entry(Bytes &bundle, ByteView entry);
/// Exactly `width` entries and nothing behind them. The views are into `bytes`.
Result<std::vector<ByteView>> parse_bundle(ByteView bytes, uint32_t width);
/// As many as there are, at most `limit`; nothing behind the last.
Result<std::vector<ByteView>> parse_entries(ByteView bytes, size_t limit);

/// The root of the 2^level hashes that begin at `offset`, which 2^level divides.
Hash subtree_root(std::span<const Hash> tile, size_t offset, unsigned level);

} // namespace warrant
