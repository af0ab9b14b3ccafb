// SPDX-License-Identifier: Apache-2.0
// Tiles, bundles and write-ahead files of any kind. The first byte is the width that is asked for.
#include "lineage/tile.h"
#include "lineage/wal.h"
#include "tests/fuzz/require.h"

using namespace warrant;

namespace {

void check_bundle(ByteView bytes, const std::vector<ByteView> &entries) {
  Bytes again;
  for (const ByteView entry : entries)
    append_entry(again, entry);
  require(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  const uint32_t width = data[0] + 1u;
  const ByteView bytes(data + 1, size - 1);
  if (const auto tile = parse_tile(bytes, width); tile.ok()) {
    const Bytes again = serialize_tile(tile.value());
    require(tile.value().size() == width);
    require(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  }
  const auto bundle = parse_bundle(bytes, width);
  const auto entries = parse_entries(bytes, kTileWidth);
  if (bundle.ok()) {
    require(bundle.value().size() == width && entries.ok());
    check_bundle(bytes, bundle.value());
  } else {
    require(!bundle.error().message.empty());
  }
  if (entries.ok()) {
    require(entries.value().size() <= kTileWidth);
    check_bundle(bytes, entries.value());
  }
  const auto wal = read_wal(bytes, width - 1);
  if (wal.ok()) {
    require(wal.value().entries.size() == wal.value().leaves.size());
    require(wal.value().torn_bytes <= bytes.size());
    for (size_t i = 0; i < wal.value().entries.size(); ++i)
      require(leaf_hash(wal.value().entries[i]) == wal.value().leaves[i]);
  } else {
    require(!wal.error().message.empty());
  }
  return 0;
}
