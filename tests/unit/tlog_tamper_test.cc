// SPDX-License-Identifier: Apache-2.0
// Whatever somebody changes in a log's folder is noticed; and what cannot be is said.
#include <algorithm>
#include <set>

#include "lineage/log_check.h"
#include "lineage/proof_bundle.h"
#include "lineage/tile_reader.h"
#include "tests/catch.h"
#include "tlog_fixture.h"

using namespace warrant;
using namespace warrant::lineage_test;

namespace {

constexpr uint64_t kSigned = 70000 - 21; // full tiles of level 1, partial ones of each level
constexpr uint64_t kUnsigned = 20;

/// Appends entries up to `size` in few batches.
void grow(TransparencyLog &log, uint64_t size) {
  while (log.size() < size) {
    const auto entries = entries_of(log.size(), std::min<uint64_t>(size - log.size(), 10000));
    REQUIRE(log.append(views_of(entries)).ok());
  }
}

/// A log with a checkpoint, an older one, and entries behind it.
void make_log(SimulatedDisk &disk, const NoteSigner &signer, uint64_t size = kSigned) {
  auto log = TransparencyLog::open(disk, signer);
  REQUIRE(log.ok());
  grow(*log.value(), size - 10);
  REQUIRE(log.value()->checkpoint().ok());
  grow(*log.value(), size);
  REQUIRE(log.value()->checkpoint().ok());
  grow(*log.value(), size + kUnsigned);
}

/// The same, opened again, so that everything lies in tiles and the write-ahead file is empty.
struct Made {
  SimulatedDisk disk{1};
  NoteSigner signer = log_signer();
  std::shared_ptr<SimulatedDisk::Node> snapshot;

  Made() {
    make_log(disk, signer);
    disk.restart_after_kill();
    REQUIRE(TransparencyLog::open(disk, signer).ok());
    snapshot = disk.snapshot();
  }
  std::string verified() {
    const auto report = verify_log(disk, signer.key());
    return report.ok() ? "" : report.error().message;
  }
  std::string opened() {
    disk.restart_after_kill();
    const auto log = TransparencyLog::open(disk, signer);
    return log.ok() ? "" : log.error().message;
  }
};

Made &made() {
  static Made made;
  made.disk.restore(made.snapshot);
  return made;
}

void change(Made &log, const std::string &path, const std::function<void(Bytes &)> &how) {
  Bytes *content = log.disk.content(path);
  REQUIRE(content);
  how(*content);
}

/// Those that a change of is no evidence of anything: the lock, and a write-ahead file without
/// batches, whose random mark is made anew at each opening.
bool is_evidence(const std::string &path) {
  return path != ".state/lock" && path != kWalFile;
}

/// Every file of the log, but of full level-0 tiles and bundles only each hundredth.
std::vector<std::string> sampled_files(Made &log) {
  std::vector<std::string> sample;
  for (const std::string &path : log.disk.files()) {
    const bool is_many = path.starts_with("tile/0/") || path.starts_with("tile/entries/");
    const bool is_partial = path.find(".p/") != std::string::npos;
    if (is_evidence(path) && (!is_many || is_partial || path.ends_with("00")))
      sample.push_back(path);
  }
  return sample;
}

} // namespace

TEST_CASE("an untouched log verifies, and says what nothing signed speaks of") {
  Made &log = made();
  const auto report = verify_log(log.disk, log.signer.key());
  INFO((report.ok() ? "" : report.error().message));
  REQUIRE(report.ok());
  CHECK(report.value().checkpoint.checkpoint.size == kSigned);
  CHECK(report.value().unsigned_entries == kUnsigned);
  CHECK(log.opened() == "");
  CHECK(sampled_files(log).size() > 15);
}

TEST_CASE("a flipped bit, a cut, an addition or a removal is noticed in every file") {
  Random random(3);
  for (const std::string &path : sampled_files(made())) {
    INFO(path);
    const size_t size = made().disk.content(path)->size();
    // The last line of the state only says which checkpoint there was.
    const size_t flippable = path == kLogStateFile ? size - 7 : size;
    for (int i = kSanitized ? 3 : 0; i < 4; ++i) {
      Made &log = made();
      const size_t at = i == 0 ? 0 : i == 1 ? flippable - 1 : random() % flippable;
      change(log, path,
             [&](Bytes &bytes) { bytes[at] ^= static_cast<uint8_t>(1 << random() % 8); });
      CHECK(log.verified() != "");
    }
    for (const size_t cut : {size_t{1}, std::min<size_t>(size, 32), size}) {
      if (kSanitized && cut != 1)
        continue; // each looks at 70 000 entries
      Made &log = made();
      change(log, path, [&](Bytes &bytes) { bytes.resize(bytes.size() - cut); });
      CHECK(log.verified() != "");
    }
    {
      Made &log = made();
      change(log, path, [&](Bytes &bytes) { bytes.insert(bytes.end(), 32, 0); });
      CHECK(log.verified() != "");
    }
    Made &log = made();
    REQUIRE(log.disk.remove(path).ok());
    // Copies for older checkpoints may go; without the state the folder is a copy, which the writer
    // does not take for its log.
    const bool is_older = path.ends_with(".p/81");
    if (path == kLogStateFile)
      CHECK(log.opened() != "");
    else if (!is_older)
      CHECK(log.verified() != "");
  }
}

TEST_CASE("entries that are exchanged, left out, repeated or replaced are noticed") {
  const std::string path = bundle_path(100, kTileWidth);
  const auto rewritten = [&](const std::function<void(std::vector<Bytes> &)> &how) {
    Made &log = made();
    const Bytes old = *log.disk.content(path);
    std::vector<Bytes> entries;
    for (const ByteView entry : parse_entries(old, kTileWidth).value())
      entries.emplace_back(entry.begin(), entry.end());
    how(entries);
    Bytes bundle;
    std::vector<Hash> hashes;
    for (const Bytes &entry : entries) {
      append_entry(bundle, entry);
      hashes.push_back(leaf_hash(entry));
    }
    *log.disk.content(path) = bundle;
    const std::string alone = log.verified();
    // With the tile made to fit, the one above it does not.
    *log.disk.content(tile_path(0, 100, kTileWidth)) = serialize_tile(hashes);
    return alone.empty() ? "" : log.verified();
  };
  CHECK(rewritten([](auto &) {}) == "");
  CHECK(rewritten([](auto &entries) { std::swap(entries[3], entries[200]); }) != "");
  CHECK(rewritten([](auto &entries) { entries.erase(entries.begin() + 7); }) != "");
  CHECK(rewritten([](auto &entries) { entries.insert(entries.begin(), entries[0]); }) != "");
  CHECK(rewritten([](auto &entries) { entries[9] = entry_of(1); }) != "");
  CHECK(rewritten([](auto &entries) { entries[255].clear(); }) != "");
}

TEST_CASE("a state that was written to fit other tiles is noticed") {
  const auto rewritten = [](const std::function<void(LogState &)> &how) {
    Made &log = made();
    LogState state = parse_log_state(text_of(*log.disk.content(kLogStateFile))).value();
    how(state);
    const std::string text = serialize_log_state(state);
    *log.disk.content(kLogStateFile) = Bytes(text.begin(), text.end());
    const std::string verified = log.verified();
    return log.opened().empty() ? "" : verified;
  };
  CHECK(rewritten([](LogState &state) { state.root = empty_root(); }) != "");
  CHECK(rewritten([](LogState &state) { state.size -= 1; }) != "");
  CHECK(rewritten([](LogState &state) { state.size += 1; }) != "");
  CHECK(rewritten([](LogState &state) { state.size = kSigned - 1; }) != "");
  CHECK(rewritten([](LogState &state) { state.origin = "other.example/log"; }) != "");
}

TEST_CASE("files that are exchanged for each other are noticed") {
  for (const auto &[one, other] : {std::pair(bundle_path(3, 256), bundle_path(4, 256)),
                                   std::pair(tile_path(0, 3, 256), tile_path(0, 4, 256)),
                                   std::pair(tile_path(0, 3, 256), tile_path(1, 0, 256))}) {
    Made &log = made();
    std::swap(*log.disk.content(one), *log.disk.content(other));
    CHECK(log.verified() != "");
  }
}

TEST_CASE("a whole log forged from other entries fails at the checkpoint") {
  Made &log = made();
  const Bytes checkpoint = *log.disk.content(kCheckpointFile);
  const NoteSigner other = log_signer(2);
  SimulatedDisk forged(2);
  {
    auto writer = TransparencyLog::open(forged, other);
    REQUIRE(writer.ok());
    std::vector<Bytes> entries = entries_of(0, 3);
    entries[1] = entry_of(99);
    REQUIRE(writer.value()->append(views_of(entries)).ok());
    grow(*writer.value(), kSigned);
    REQUIRE(writer.value()->checkpoint().ok());
  }
  forged.restart_after_kill();
  REQUIRE(verify_log(forged, other.key()).ok());
  // Signed by the forger.
  CHECK_FALSE(verify_log(forged, log.signer.key()).ok());
  CHECK_FALSE(TransparencyLog::open(forged, log.signer).ok());
  // Under the checkpoint that the log's own key signed.
  forged.restart_after_kill();
  *forged.content(kCheckpointFile) = checkpoint;
  const auto report = verify_log(forged, log.signer.key());
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().message.find("not those that the checkpoint was signed for") !=
        std::string::npos);
  const auto opened = TransparencyLog::open(forged, log.signer);
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().message.find("another root than the checkpoint") != std::string::npos);
}

TEST_CASE("the writer refuses to go on upon what was changed") {
  const std::vector<std::string> edge = {kLogStateFile,          kCheckpointFile,
                                         tile_path(2, 0, 1),     tile_path(1, 1, 17),
                                         tile_path(0, 273, 111), bundle_path(273, 111)};
  for (const std::string &path : edge) {
    INFO(path);
    CHECK(made().opened() == "");
    Made &log = made();
    change(log, path, [](Bytes &bytes) { bytes[bytes.size() / 2] ^= 1; });
    CHECK(log.opened() != "");
    REQUIRE(made().disk.remove(path).ok());
    CHECK(log.opened() != "");
  }
  Made &log = made();
  REQUIRE(log.disk.remove(kWalFile).ok());
  CHECK(log.opened().find("is missing") != std::string::npos);
  // Another origin, and another key of the same name.
  made();
  const NoteSigner elsewhere =
      NoteSigner::make("other.example/log", SignatureType::kEd25519, SecretKey::generate()).value();
  log.disk.restart_after_kill();
  CHECK_FALSE(TransparencyLog::open(log.disk, elsewhere).ok());
  log.disk.restart_after_kill();
  const NoteSigner other = log_signer(2);
  CHECK_FALSE(TransparencyLog::open(log.disk, other).ok());
}

TEST_CASE("a batch in the write-ahead file that was changed before a whole one is noticed") {
  SimulatedDisk disk(1);
  const NoteSigner signer = log_signer();
  {
    auto log = TransparencyLog::open(disk, signer);
    REQUIRE(log.ok());
    for (int i = 0; i < 3; ++i)
      grow(*log.value(), log.value()->size() + 5);
  }
  disk.restart_after_kill();
  const auto kept = disk.snapshot();
  const size_t size = disk.content(kWalFile)->size();
  size_t refused = 0;
  size_t shortened = 0;
  for (size_t at = 0; at < size; ++at) {
    disk.restore(kept);
    (*disk.content(kWalFile))[at] ^= 1;
    const auto log = TransparencyLog::open(disk, signer);
    if (!log.ok()) {
      refused++;
      continue;
    }
    // The last batch looks torn: that it was acknowledged only a witness could know.
    shortened++;
    CHECK(log.value()->size() == 10);
    CHECK(log.value()->opening().torn_bytes > 0);
  }
  CHECK(refused + shortened == size);
  CHECK(refused > size / 2);
  CHECK(shortened > size / 5);
}

TEST_CASE("going back to an older checkpoint is what only a witness or a TPM can show") {
  Made &log = made();
  const NoteSigner signer = log_signer();
  const Checkpoint remembered = read_checkpoint(log.disk, signer.key()).value().checkpoint;
  // All of the folder as it was at the checkpoint before.
  SimulatedDisk older(4);
  {
    auto writer = TransparencyLog::open(older, signer);
    REQUIRE(writer.ok());
    grow(*writer.value(), kSigned - 10);
    REQUIRE(writer.value()->checkpoint().ok());
  }
  older.restart_after_kill();
  CHECK(verify_log(older, signer.key()).ok());
  CHECK(TransparencyLog::open(older, signer).ok());
  // Whoever remembers the later one sees that the log does not follow from it.
  CHECK_FALSE(prove_growth(older, remembered.size, signer.key()).ok());
  // And that the honest one does.
  const Checkpoint before = read_checkpoint(older, signer.key()).value().checkpoint;
  const auto growth = prove_growth(log.disk, before.size, signer.key());
  REQUIRE(growth.ok());
  CHECK(
      verify_consistency(before.size, remembered.size, before.root, remembered.root, growth.value())
          .ok());
}

TEST_CASE("an entry is proved, by a text that holds anywhere and in one spelling") {
  Made &log = made();
  const NoteKey key = log.signer.key();
  for (const uint64_t index : {uint64_t{0}, uint64_t{65535}, uint64_t{65536}, kSigned - 1}) {
    INFO(index);
    const auto proven = prove_entry(log.disk, index, key);
    REQUIRE(proven.ok());
    CHECK(proven.value().entry == entry_of(index));
    const std::string text = serialize_proof(proven.value().proof);
    const ProofBundle proof = parse_proof(text).value();
    CHECK(proof == proven.value().proof);
    CHECK(verify_proof(proof, entry_of(index), key).ok());
    CHECK_FALSE(verify_proof(proof, entry_of(index + 1), key).ok());
    CHECK_FALSE(verify_proof(proof, entry_of(index), log_signer(2).key()).ok());
    ProofBundle changed = proof;
    changed.index ^= 1;
    CHECK_FALSE(verify_proof(changed, entry_of(index), key).ok());
    changed = proof;
    changed.hashes[changed.hashes.size() / 2][5] ^= 1;
    CHECK_FALSE(verify_proof(changed, entry_of(index), key).ok());
    changed = proof;
    changed.extra = Bytes{1, 2, 3};
    CHECK(parse_proof(serialize_proof(changed)).value() == changed);
    CHECK(verify_proof(changed, entry_of(index), key).ok()); // it is not authenticated
  }
  CHECK_FALSE(prove_entry(log.disk, kSigned, key).ok());
  const std::string text = serialize_proof(prove_entry(log.disk, 5, key).value().proof);
  for (const auto &[from, to] : {std::pair("@v1", "@v2"),
                                 {"index 5", "index 05"},
                                 {"index 5\n", "extra \nindex 5\n"},
                                 {"index 5\n", "extra AA=A\nindex 5\n"},
                                 {"index 5\n", ""},
                                 {"\n\n", "\n"},
                                 {"=\n\nhost", "\n\nhost"},
                                 {"index 5\n", "index 5\n\n"}}) {
    std::string bad = text;
    bad.replace(bad.find(from), std::string(from).size(), to);
    INFO(bad);
    const auto parsed = parse_proof(bad);
    CHECK((!parsed.ok() || !verify_proof(parsed.value(), entry_of(5), key).ok()));
  }
}

TEST_CASE("a log has one writer, and takes no entry that is too large") {
  SimulatedDisk disk(1);
  const NoteSigner signer = log_signer();
  auto log = TransparencyLog::open(disk, signer);
  REQUIRE(log.ok());
  CHECK(log.value()->opening().is_new);
  CHECK_FALSE(TransparencyLog::open(disk, signer).ok());
  const Bytes large(kMaxEntrySize + 1);
  const ByteView entries[] = {large};
  CHECK_FALSE(log.value()->append(entries).ok());
  const Bytes fits(kMaxEntrySize);
  const ByteView fitting[] = {fits, {}};
  CHECK(log.value()->append(fitting).value() == 0);
  CHECK(log.value()->append({}).value() == 2);
  CHECK_FALSE(log.value()->append(std::vector<ByteView>(kMaxBatchEntries + 1)).ok());
  CHECK_FALSE(
      log.value()->append(std::vector<ByteView>(kMaxBatchSize / kMaxEntrySize + 1, fits)).ok());
  CHECK(log.value()->size() == 2);
}

TEST_CASE("a checkpoint is due after a time, if there is something new, or after many entries") {
  SimulatedDisk disk(1);
  const NoteSigner signer = log_signer();
  LogOptions options;
  options.checkpoint_nanoseconds = 100;
  options.checkpoint_entries = 50;
  auto opened = TransparencyLog::open(disk, signer, options);
  TransparencyLog &log = *opened.value();
  CHECK_FALSE(log.checkpoint_if_due(1000).value());
  CHECK_FALSE(log.checkpoint_if_due(5000).value()); // nothing to sign
  grow(log, 1);
  CHECK(log.checkpoint_if_due(5001).value());
  grow(log, 2);
  CHECK_FALSE(log.checkpoint_if_due(5050).value());
  CHECK(log.checkpoint_if_due(5101).value());
  grow(log, 52);
  CHECK(log.checkpoint_if_due(5102).value());
  CHECK(log.last_checkpoint()->size == 52);
}
