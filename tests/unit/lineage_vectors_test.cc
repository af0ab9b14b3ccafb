// SPDX-License-Identifier: Apache-2.0
// Published vectors of Merkle proofs, signed notes and a whole log, where they are at hand:
// WARRANT_VECTORS, of the environment or of CMake, names their folder.
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "artifacts/json.h"
#include "lineage/checkpoint.h"
#include "lineage/merkle.h"
#include "lineage/note.h"
#include "lineage/tile.h"
#include "tests/catch.h"

using namespace warrant;
namespace fs = std::filesystem;

namespace {

/// The path in the folder of vectors; nullopt, said aloud, when it is not there.
std::optional<fs::path> vectors(const std::string &name) {
  const char *folder = std::getenv("WARRANT_VECTORS");
  const fs::path root = folder ? folder : WARRANT_VECTORS_FOLDER;
  if (root.empty() || !fs::exists(root / name)) {
    WARN("absent: " << name
                    << "; WARRANT_VECTORS names no folder that has it, nothing was compared");
    return std::nullopt;
  }
  return root / name;
}

std::string text_at(const fs::path &path) {
  const auto bytes = read_file(path.string(), 16u << 20);
  REQUIRE(bytes.ok());
  return std::string(text_of(bytes.value()));
}

// Hashes are 32 bytes by type, so that one of another size is refused before any proof is.
std::optional<Hash> hash_of(const Json &base64) {
  const auto hash = base64.is_string() ? parse_hash(base64.get<std::string>()) : Error{"no text"};
  return hash.ok() ? std::optional(hash.value()) : std::nullopt;
}

std::optional<std::vector<Hash>> hashes_of(const Json &list) {
  std::vector<Hash> hashes;
  for (const Json &item : list.is_null() ? Json::array() : list) {
    const auto hash = hash_of(item);
    if (!hash)
      return std::nullopt;
    hashes.push_back(*hash);
  }
  return hashes;
}

bool is_included(const Json &test) {
  const auto leaf = hash_of(test.at("leafHash"));
  const auto root = hash_of(test.at("root"));
  const auto proof = hashes_of(test.at("proof"));
  return leaf && root && proof &&
         verify_inclusion(*leaf, test.at("leafIdx").get<uint64_t>(),
                          test.at("treeSize").get<uint64_t>(), *root, *proof)
             .ok();
}

bool is_consistent(const Json &test) {
  const auto old_root = hash_of(test.at("root1"));
  const auto root = hash_of(test.at("root2"));
  const auto proof = hashes_of(test.at("proof"));
  return old_root && root && proof &&
         verify_consistency(test.at("size1").get<uint64_t>(), test.at("size2").get<uint64_t>(),
                            *old_root, *root, *proof)
             .ok();
}

struct Tally {
  size_t cases = 0;
  size_t accepted = 0;
  std::vector<std::string> differing;
};

template <class Holds>
Tally tally(const fs::path &folder, Holds holds) {
  Tally tally;
  for (const auto &entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json")
      continue;
    const Json test = Json::parse(text_at(entry.path()));
    const bool held = holds(test);
    tally.cases++;
    tally.accepted += held;
    if (held == test.at("wantErr").get<bool>())
      tally.differing.push_back(entry.path().filename().string());
  }
  return tally;
}

} // namespace

TEST_CASE("inclusion proofs of transparency-dev/merkle") {
  const auto folder = vectors("merkle/inclusion");
  if (!folder)
    return;
  const Tally seen = tally(*folder, is_included);
  CHECK(seen.cases == 98);
  CHECK(seen.accepted == 6);
  CHECK(seen.differing.empty());
}

TEST_CASE("consistency proofs of transparency-dev/merkle") {
  const auto folder = vectors("merkle/consistency");
  if (!folder)
    return;
  const Tally seen = tally(*folder, is_consistent);
  CHECK(seen.cases == 98);
  CHECK(seen.accepted == 5);
  // Its equal roots have 12 bytes and are compared as text there. Here no root has 12 bytes.
  REQUIRE(seen.differing.size() == 1);
  CHECK(seen.differing[0] == "sizes-are-equal-one-and-proof-is-empty.json");
  CHECK(verify_consistency(1, 1, leaf_hash({}), leaf_hash({}), {}).ok());
}

TEST_CASE("signed notes of C2SP and Go") {
  const auto path = vectors("tlog/signed_note.json");
  if (!path)
    return;
  const Json document = Json::parse(text_at(*path));
  size_t verified = 0;
  for (const Json &test : document.at("valid")) {
    const NoteKey key = NoteKey::from_vkey(test.at("vkey").get<std::string>()).value();
    const auto bytes = test.at("note").get<std::string>();
    const Note note = parse_note(bytes).value();
    CHECK(serialize_note(note) == bytes);
    verified += verify_note(note, std::span(&key, 1)).ok();
  }
  CHECK(verified == 3);
  size_t refused = 0;
  for (const Json &vkey : document.at("invalid_vkeys"))
    refused += !NoteKey::from_vkey(vkey.get<std::string>()).ok();
  CHECK(refused == 3);
}

TEST_CASE("the log of transparency-dev/tessera: signatures, roots, tiles and proofs") {
  const auto folder = vectors("tlog/tessera");
  if (!folder)
    return;
  std::string vkey = text_at(*folder / "log.vkey");
  vkey.erase(vkey.find_last_not_of('\n') + 1);
  const NoteKey key = NoteKey::from_vkey(vkey).value();
  const fs::path log = *folder / "log";
  const auto bundle = read_file((log / bundle_path(0, 15)).string(), kMaxBundleSize).value();
  const std::vector<ByteView> entries = parse_bundle(bundle, 15).value();
  std::vector<Hash> leaves;
  for (const ByteView entry : entries)
    leaves.push_back(leaf_hash(entry));
  const HashReader reader = [&](unsigned level, uint64_t index) -> Result<Hash> {
    return subtree_root(leaves, index << level, level);
  };

  std::map<uint64_t, Hash> roots;
  for (uint32_t size = 0; size <= 15; ++size) {
    INFO("size " << size);
    const auto opened = open_checkpoint(text_at(log / ("checkpoint." + std::to_string(size))), key);
    REQUIRE(opened.ok());
    const Checkpoint &checkpoint = opened.value().checkpoint;
    CHECK(checkpoint.size == size);
    CHECK(checkpoint.root == tree_root(size, reader).value());
    roots[size] = checkpoint.root;
    if (size == 0)
      continue;
    const auto tile = read_file((log / tile_path(0, 0, size)).string(), kMaxTileSize).value();
    CHECK(parse_tile(tile, size).value() == std::vector(leaves.begin(), leaves.begin() + size));
    for (uint32_t index = 0; index < size; ++index)
      CHECK(verify_inclusion(leaves[index], index, size, roots[size],
                             prove_inclusion(index, size, reader).value())
                .ok());
    for (uint32_t old = 1; old <= size; ++old)
      CHECK(verify_consistency(old, size, roots[old], roots[size],
                               prove_consistency(old, size, reader).value())
                .ok());
  }
}
