// SPDX-License-Identifier: Apache-2.0
// The tree on the eight leaves that every implementation of RFC 6962 is tried on.
#include "lineage/merkle.h"
#include "lineage/tile.h"
#include "tests/catch.h"

using namespace warrant;

namespace {

Bytes bytes_of(std::string_view hex) {
  Bytes bytes(hex.size() / 2);
  REQUIRE(from_hex(hex, bytes));
  return bytes;
}

constexpr std::string_view kLeaves[] = {"",
                                        "00",
                                        "10",
                                        "2021",
                                        "3031",
                                        "40414243",
                                        "5051525354555657",
                                        "606162636465666768696a6b6c6d6e6f"};
// MTH of the first 0 to 8 of them.
constexpr std::string_view kRoots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

Result<Hash> read_leaf_tree(unsigned level, uint64_t index) {
  CompactRange range;
  for (uint64_t leaf = index << level; leaf < (index + 1) << level; ++leaf)
    range.append(leaf_hash(bytes_of(kLeaves[leaf])));
  return range.root();
}

} // namespace

TEST_CASE("roots of the published eight leaves") {
  CompactRange range;
  for (size_t size = 0; size <= 8; ++size) {
    INFO("size " << size);
    CHECK(range.size() == size);
    CHECK(to_hex(range.root()) == kRoots[size]);
    CHECK(to_hex(tree_root(size, read_leaf_tree).value()) == kRoots[size]);
    if (size < 8)
      range.append(leaf_hash(bytes_of(kLeaves[size])));
  }
}

TEST_CASE("a published inclusion and a published consistency proof") {
  const auto inclusion = prove_inclusion(5, 8, read_leaf_tree).value();
  REQUIRE(inclusion.size() == 3);
  CHECK(to_base64(inclusion[0]) == "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=");
  CHECK(to_base64(inclusion[1]) == "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=");
  CHECK(to_base64(inclusion[2]) == "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=");
  const auto consistency = prove_consistency(6, 8, read_leaf_tree).value();
  REQUIRE(consistency.size() == 3);
  CHECK(to_base64(consistency[0]) == "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=");
  CHECK(to_base64(consistency[1]) == "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=");
  CHECK(to_base64(consistency[2]) == "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=");
}

TEST_CASE("what is outside the tree or over the limit is refused") {
  const HashReader never = [](unsigned, uint64_t) -> Result<Hash> {
    FAIL("read");
    return Hash{};
  };
  const Hash any{};
  CHECK_FALSE(prove_inclusion(0, 0, never).ok());
  CHECK_FALSE(prove_inclusion(3, 3, never).ok());
  CHECK_FALSE(prove_inclusion(UINT64_MAX, UINT64_MAX, never).ok());
  CHECK_FALSE(prove_inclusion(0, kMaxTreeSize + 1, never).ok());
  CHECK_FALSE(prove_consistency(0, 3, never).ok());
  CHECK_FALSE(prove_consistency(4, 3, never).ok());
  CHECK_FALSE(prove_consistency(1, kMaxTreeSize + 1, never).ok());
  CHECK_FALSE(tree_root(kMaxTreeSize + 1, never).ok());
  CHECK_FALSE(verify_inclusion(any, 0, 0, any, {}).ok());
  CHECK_FALSE(verify_inclusion(any, 1, 1, any, {}).ok());
  CHECK_FALSE(verify_inclusion(any, 0, UINT64_MAX, any, std::vector<Hash>(64)).ok());
  CHECK_FALSE(verify_consistency(0, 0, any, any, {}).ok());
  CHECK_FALSE(verify_consistency(0, 1, empty_root(), any, {}).ok());
  CHECK_FALSE(verify_consistency(2, 1, any, any, {}).ok());
  CHECK_FALSE(verify_consistency(1, UINT64_MAX, any, any, std::vector<Hash>(64)).ok());
  CHECK(verify_consistency(5, 5, any, any, {}).ok());
}

TEST_CASE("proofs in the largest tree are as long as it is high") {
  // All leaves equal: the subtree of each level is one hash.
  std::vector<Hash> levels = {leaf_hash({})};
  for (int i = 0; i < 48; ++i)
    levels.push_back(node_hash(levels.back(), levels.back()));
  const HashReader reader = [&](unsigned level, uint64_t) -> Result<Hash> { return levels[level]; };
  const Hash root = tree_root(kMaxTreeSize, reader).value();
  CHECK(root == levels[48]);
  const auto proof = prove_inclusion(kMaxTreeSize - 1, kMaxTreeSize, reader).value();
  CHECK(proof.size() == 48);
  CHECK(verify_inclusion(levels[0], kMaxTreeSize - 1, kMaxTreeSize, root, proof).ok());
  const uint64_t old_size = kMaxTreeSize / 2 + 1;
  const auto consistency = prove_consistency(old_size, kMaxTreeSize, reader).value();
  CHECK(consistency.size() == kMaxProofHashes);
  const Hash old_root = tree_root(old_size, reader).value();
  CHECK(verify_consistency(old_size, kMaxTreeSize, old_root, root, consistency).ok());
}

TEST_CASE("names of tiles and bundles are those of the specification") {
  CHECK(tile_path(0, 0, kTileWidth) == "tile/0/000");
  CHECK(tile_path(3, 1234067, kTileWidth) == "tile/3/x001/x234/067");
  CHECK(tile_path(1, 999, 17) == "tile/1/999.p/17");
  CHECK(tile_path(1, 1000, 1) == "tile/1/x001/000.p/1");
  CHECK(bundle_path(273, 112) == "tile/entries/273.p/112");
  // A tree of 70,000: 273 full tiles and one of 112, one and one of 17, one of 1.
  CHECK(full_tiles(70000, 0) == 273);
  CHECK(partial_width(70000, 0) == 112);
  CHECK(full_tiles(70000, 1) == 1);
  CHECK(partial_width(70000, 1) == 17);
  CHECK(full_tiles(70000, 2) == 0);
  CHECK(partial_width(70000, 2) == 1);
  CHECK(partial_width(256, 0) == 0);
  CHECK(partial_width(256, 1) == 1);
}

TEST_CASE("tiles and bundles are read whole or not at all") {
  const std::vector<Hash> hashes = {leaf_hash({}), empty_root()};
  const Bytes tile = serialize_tile(hashes);
  CHECK(parse_tile(tile, 2).value() == hashes);
  for (const uint32_t width : {0u, 1u, 3u, 257u})
    CHECK_FALSE(parse_tile(tile, width).ok());
  CHECK_FALSE(parse_tile(ByteView(tile).first(63), 2).ok());

  Bytes bundle;
  append_entry(bundle, view("one"));
  append_entry(bundle, {});
  append_entry(bundle, Bytes(kMaxEntrySize, 7));
  const auto entries = parse_bundle(bundle, 3);
  REQUIRE(entries.ok());
  CHECK(text_of(entries.value()[0]) == "one");
  CHECK(entries.value()[1].empty());
  CHECK(entries.value()[2].size() == kMaxEntrySize);
  CHECK(to_hex(ByteView(bundle).first(7)) == "00036f6e650000");
  for (const uint32_t width : {0u, 2u, 4u, 257u})
    CHECK_FALSE(parse_bundle(bundle, width).ok());
  for (const size_t cut : {size_t{1}, kMaxEntrySize, kMaxEntrySize + 1})
    CHECK_FALSE(parse_bundle(ByteView(bundle).first(bundle.size() - cut), 3).ok());
}
