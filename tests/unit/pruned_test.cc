// SPDX-License-Identifier: Apache-2.0
// Records that are given up: what is left proves what it proved before, whatever a crash does, and
// what was taken away by anybody else is missed.
#include "lineage/pruned.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "lineage/index.h"
#include "lineage/log_check.h"
#include "lineage/log_writer.h"
#include "lineage/proof_bundle.h"
#include "lineage/reader.h"
#include "lineage/retention.h"
#include "lineage_fixture.h"
#include "simulated_disk.h"
#include "tests/catch.h"
#include "tlog_fixture.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;

namespace {

constexpr uint64_t kRecords = 700;
const Caller kCaller{812, 0, 1000};

// Gap records, one a second; from `late` on of another boot.
Record numbered(uint64_t index, uint64_t late = UINT64_MAX) {
  Origin origin = lineage_test::origin();
  if (index >= late)
    origin.boot[0] = '4';
  Moment time = kNow;
  time.wall_ns += static_cast<int64_t>(index) * 1'000'000'000;
  return make_record(origin, time, Gap{index + 1, "a test"});
}

Result<std::unique_ptr<LogWriter>> open_on(std::unique_ptr<LogFiles> files) {
  return LogWriter::open(std::move(files), log_signer(), small_options());
}

void fill(LogWriter &writer, uint64_t late = UINT64_MAX) {
  for (uint64_t i = 0; i < kRecords; i++)
    REQUIRE(writer.append(numbered(i, late)).ok());
  REQUIRE(writer.commit().ok());
  REQUIRE(writer.checkpoint().ok());
}

Status prune(LogWriter &writer, uint64_t entries) {
  return writer.prune(entries, origin(), kNow, kCaller);
}

// A disk that a test keeps while a writer uses it.
class Borrowed final : public LogFiles {
 public:
  explicit Borrowed(SimulatedDisk &disk) : disk_(disk) {}
  Status lock() override { return disk_.lock(); }
  Result<std::optional<Bytes>> read(const std::string &path, size_t limit) override {
    return disk_.read(path, limit);
  }
  Result<std::vector<std::string>> list(const std::string &path) override {
    return disk_.list(path);
  }
  Result<std::unique_ptr<LogFile>> create(const std::string &path) override {
    return disk_.create(path);
  }
  Status make_directory(const std::string &path) override { return disk_.make_directory(path); }
  Status rename(const std::string &from, const std::string &to) override {
    return disk_.rename(from, to);
  }
  Status remove(const std::string &path) override { return disk_.remove(path); }
  Status sync_directory(const std::string &path) override { return disk_.sync_directory(path); }

 private:
  SimulatedDisk &disk_;
};

std::unique_ptr<LogWriter> writer_on(SimulatedDisk &disk) {
  auto writer = open_on(std::make_unique<Borrowed>(disk));
  if (!writer.ok())
    FAIL(writer.error().message);
  return std::move(writer).value();
}

bool has_bundle(LogFiles &files, uint64_t index) {
  return files.read(bundle_path(index, kTileWidth), kMaxBundleSize).value().has_value();
}

std::string problem_of(LogFiles &files) {
  const Result<LogReport> report = verify_log(files, log_signer().key());
  return report.ok() ? "" : report.error().message;
}

} // namespace

TEST_CASE("what was pruned is gone, and everything else proves what it proved") {
  SimulatedDisk disk(1);
  auto writer = writer_on(disk);
  fill(*writer);
  const NoteKey key = log_signer().key();
  const Hash root = writer->log().root();
  const auto old_proof = prove_entry(disk, 3, key);
  REQUIRE(old_proof.ok());
  REQUIRE(prune(*writer, 512).ok());
  CHECK_FALSE(has_bundle(disk, 0));
  CHECK_FALSE(has_bundle(disk, 1));
  CHECK(writer->log().pruned() == Pruned{512, kRecords});
  REQUIRE(writer->append(numbered(kRecords)).ok());
  REQUIRE(writer->commit().ok());
  REQUIRE(writer->checkpoint().ok());
  CHECK(problem_of(disk) == "");
  CHECK(verify_log(disk, key).value().pruned == 512);
  // A proof from before holds; one of what is left, and of growth from before, can be made.
  CHECK(verify_proof(old_proof.value().proof, old_proof.value().entry, key).ok());
  const auto proof = prove_entry(disk, 600, key);
  REQUIRE(proof.ok());
  CHECK(verify_proof(proof.value().proof, proof.value().entry, key).ok());
  CHECK_FALSE(prove_entry(disk, 3, key).ok());
  const auto growth = prove_growth(disk, kRecords, key);
  REQUIRE(growth.ok());
  CHECK(
      verify_consistency(kRecords, writer->log().size(), root, writer->log().root(), growth.value())
          .ok());
  CHECK(writer->check_contains(kRecords, root).ok());
}

TEST_CASE("only whole bundles under the checkpoint are pruned, and never the same twice") {
  SimulatedDisk disk(1);
  auto writer = writer_on(disk);
  CHECK_FALSE(prune(*writer, 256).ok());
  fill(*writer);
  for (const uint64_t entries : {0, 1, 255, 257, 768, 1024})
    CHECK_FALSE(prune(*writer, entries).ok());
  CHECK(writer->log().size() == kRecords);
  REQUIRE(prune(*writer, 256).ok());
  CHECK_FALSE(prune(*writer, 256).ok());
  REQUIRE(prune(*writer, 512).ok());
  CHECK(problem_of(disk) == "");
  CHECK(verify_log(disk, log_signer().key()).value().pruned == 512);
}

TEST_CASE("a writer goes on behind a pruned log") {
  SimulatedDisk disk(1);
  {
    auto writer = writer_on(disk);
    fill(*writer);
    REQUIRE(prune(*writer, 512).ok());
  }
  disk.restart_after_kill();
  auto writer = writer_on(disk);
  CHECK(writer->log().pruned().entries == 512);
  REQUIRE(writer->append(numbered(kRecords)).ok());
  REQUIRE(writer->commit().ok());
  REQUIRE(writer->checkpoint().ok());
  CHECK(problem_of(disk) == "");
}

TEST_CASE("what was taken away without a record is missed") {
  SimulatedDisk disk(1);
  auto writer = writer_on(disk);
  fill(*writer);
  const auto whole = disk.snapshot();
  const auto lie = [&](const Pruned &pruned) {
    const std::string text = serialize_pruned(pruned);
    disk.put(kPrunedFile, Bytes(text.begin(), text.end()));
    for (uint64_t i = 0; i < pruned.entries / kTileWidth; i++)
      REQUIRE(disk.remove(bundle_path(i, kTileWidth)).ok());
  };
  REQUIRE(disk.remove(bundle_path(0, kTileWidth)).ok());
  CHECK_THAT(problem_of(disk), Contains("is missing"));
  disk.restore(whole);
  lie({256, 600});
  CHECK_THAT(problem_of(disk), Contains("they were taken away"));
  disk.restore(whole);
  lie({256, 5000});
  CHECK_THAT(problem_of(disk), Contains("which the checkpoint was not signed for"));

  disk.restore(whole);
  REQUIRE(prune(*writer, 256).ok());
  const auto pruned = disk.snapshot();
  lie({512, kRecords}); // more than the record says
  CHECK_THAT(problem_of(disk), Contains("they were taken away"));
  disk.restore(pruned);
  REQUIRE(disk.remove(bundle_path(1, kTileWidth)).ok());
  CHECK_THAT(problem_of(disk), Contains("is missing"));
  disk.restore(pruned);
  REQUIRE(disk.remove(kPrunedFile).ok());
  CHECK_THAT(problem_of(disk), Contains("is missing"));
  disk.restore(pruned);
  (*disk.content("tile/0/000"))[40] ^= 1; // the hash of what is gone
  CHECK(problem_of(disk) != "");
  disk.restore(pruned);
  CHECK(problem_of(disk) == "");
}

TEST_CASE("an opening refuses a point that nothing signed vouches for") {
  SimulatedDisk disk(1);
  fill(*writer_on(disk));
  disk.restart_after_kill();
  for (const std::string &text :
       {serialize_pruned({256, 5000}), serialize_pruned({256, 600}), std::string("nonsense\n")}) {
    disk.put(kPrunedFile, Bytes(text.begin(), text.end()));
    CHECK_FALSE(open_on(std::make_unique<Borrowed>(disk)).ok());
    CHECK(has_bundle(disk, 0));
    disk.restart_after_kill();
  }
}

TEST_CASE("nothing is removed on the word of an entry that nobody signed") {
  SimulatedDisk disk(1);
  fill(*writer_on(disk));
  disk.restart_after_kill();
  // Entry 300 says that 256 were pruned; its bundle, its leaf and `pruned` agree, the root does
  // not.
  TileReader tiles(disk, kRecords);
  const Hash root = tree_root(256, tiles.hashes()).value();
  const std::string forged = record_to_line(make_record(origin(), kNow, Prune{256, root, kCaller}));
  const Bundle old = tiles.bundle(1).value();
  Bytes bundle;
  for (size_t i = 0; i < old.entries.size(); i++)
    append_entry(bundle, i == 300 - kTileWidth ? view(forged) : old.entries[i]);
  disk.put(bundle_path(1, kTileWidth), bundle);
  const std::string text = serialize_pruned({256, 300});
  disk.put(kPrunedFile, Bytes(text.begin(), text.end()));
  auto writer = open_on(std::make_unique<Borrowed>(disk));
  REQUIRE_FALSE(writer.ok());
  CHECK_THAT(writer.error().message, Contains("is not the one that the checkpoint was signed for"));
  disk.restart_after_kill();
  const Hash leaf = leaf_hash(view(forged));
  std::copy(leaf.begin(), leaf.end(),
            disk.content("tile/0/001")->begin() + (300 - kTileWidth) * W_DIGEST_SIZE);
  CHECK_FALSE(open_on(std::make_unique<Borrowed>(disk)).ok());
  CHECK(has_bundle(disk, 0));
  CHECK(problem_of(disk) != "");
}

TEST_CASE("a copy without empty folders, or with what was removed, opens and is pruned on") {
  const Scratch scratch;
  const std::string path = scratch.path();
  const std::string first = path + "/" + bundle_path(0, kTileWidth);
  std::string kept;
  {
    auto writer = open_on(FolderFiles::open(path).value()).value();
    fill(*writer);
    kept = content_of(first);
    REQUIRE(prune(*writer, 256).ok());
  }
  std::ofstream(first, std::ios::binary) << kept; // from an older copy
  {
    auto writer = open_on(FolderFiles::open(path).value());
    REQUIRE(writer.ok());
    CHECK_FALSE(std::filesystem::exists(first));
    REQUIRE(prune(*writer.value(), 512).ok());
  }
  SimulatedDisk disk(1);
  const Pruned far{uint64_t{5000} * kTileWidth, 0}; // folders that are not there
  CHECK(remove_pruned_bundles(disk, far).ok());
  CHECK(disk.syncs() == 0);
}

TEST_CASE("whenever it is cut short, all of it happens or what is there stays provable") {
  uint64_t steps = 0;
  {
    SimulatedDisk disk(1);
    auto writer = writer_on(disk);
    fill(*writer);
    const uint64_t before = disk.steps();
    REQUIRE(prune(*writer, 512).ok());
    steps = disk.steps() - before;
  }
  REQUIRE(steps > 20);
  int finished = 0;
  for (uint64_t step = 1; step <= steps; ++step)
    for (uint64_t seed = 1; seed <= (kSanitized ? 2 : 20); ++seed) {
      INFO("step " << step << ", seed " << seed);
      SimulatedDisk disk(seed);
      {
        auto writer = writer_on(disk);
        fill(*writer);
        disk.die_at(step);
        REQUIRE_FALSE(prune(*writer, 512).ok());
      }
      if (seed % 2 == 0)
        disk.restart_after_kill();
      else
        disk.restart_after_power_loss();
      auto writer = open_on(std::make_unique<Borrowed>(disk));
      INFO((writer.ok() ? "" : writer.error().message));
      REQUIRE(writer.ok());
      const Pruned pruned = writer.value()->log().pruned();
      REQUIRE((pruned == Pruned{} || pruned == Pruned{512, kRecords}));
      finished += pruned.entries > 0;
      for (const uint64_t bundle : {0, 1})
        REQUIRE(has_bundle(disk, bundle) == (pruned.entries == 0));
      REQUIRE(writer.value()->log().size() >= kRecords);
      REQUIRE(writer.value()->checkpoint().ok());
      REQUIRE(problem_of(disk) == "");
    }
  CHECK(finished > 0);
}

TEST_CASE("one spelling says what was pruned") {
  const Pruned pruned{512, 700};
  const std::string good = serialize_pruned(pruned);
  CHECK(parse_pruned(good).value() == pruned);
  for (size_t size = 0; size < good.size(); ++size)
    REQUIRE_FALSE(parse_pruned(good.substr(0, size)).ok());
  for (const Pruned &bad : {Pruned{0, 700}, Pruned{511, 700}, Pruned{512, 511}})
    CHECK_FALSE(parse_pruned(serialize_pruned(bad)).ok());
  CHECK_FALSE(parse_pruned(good + "\n").ok());
  CHECK_FALSE(parse_pruned("warrant-log-pruned-v1\n0512\n700\n").ok());
}

TEST_CASE("readers begin with the first record that is left") {
  const Scratch scratch;
  const std::string path = scratch.path();
  LineageIndex::Logs logs;
  const auto index_of_log = [&](const std::string &file) {
    logs.clear();
    logs.push_back(std::make_unique<FileSequence>(FileSequence::open(path).value()));
    return LineageIndex::open(file, logs);
  };
  const Scratch other;
  const std::string file = other.path() + "/index.db";
  {
    auto writer = open_on(FolderFiles::open(path).value()).value();
    fill(*writer, 650);
    REQUIRE(index_of_log(file).value().update().total == kRecords);
    REQUIRE(prune(*writer, 512).ok());
  }
  LogSnapshot log = LogSnapshot::open(path).value();
  CHECK(log.first() == 512);
  CHECK_THAT(log.entry(511).error().message, Contains("was pruned"));
  CHECK(log.entry(512).ok());
  RecordReader reader = RecordReader::open(path).value();
  CHECK(std::get<Gap>(reader.next().value()->body).lost == 513);
  CHECK(reader.place().line == 512);
  // Who looks for where a boot begins stops at what is left.
  std::vector<RecordReader> last = boot_records(path, numbered(0).origin.boot).value();
  CHECK(std::get<Gap>(last.at(0).next().value()->body).lost == 513);

  const auto anew = index_of_log(file);
  REQUIRE(anew.ok());
  CHECK_THAT(anew.value().update().rebuilt, Contains("was pruned"));
  CHECK(anew.value().update().total == kRecords - 512 + 1);
  CHECK(index_of_log(file).value().update().rebuilt.empty());
  CHECK(index_of_log(file).value().update().added == 0);
}

TEST_CASE("only what is old, signed and of an earlier boot can be pruned") {
  const Scratch scratch;
  auto writer = open_on(FolderFiles::open(scratch.path()).value()).value();
  fill(*writer, 650);
  LogSnapshot log = LogSnapshot::open(scratch.path()).value();
  const auto at = [](uint64_t index) { return numbered(index).time.wall_ns; };
  CHECK(prunable_entries(log, kRecords, at(0)).value() == 0);
  CHECK(prunable_entries(log, kRecords, at(255)).value() == 0);
  CHECK(prunable_entries(log, kRecords, at(256)).value() == 256);
  CHECK(prunable_entries(log, kRecords, at(511)).value() == 256);
  CHECK(prunable_entries(log, kRecords, INT64_MAX).value() == 512);
  CHECK(prunable_entries(log, 511, INT64_MAX).value() == 256);
  REQUIRE(prune(*writer, 512).ok());
  LogSnapshot later = LogSnapshot::open(scratch.path()).value();
  CHECK(prunable_entries(later, later.size(), at(300)).value() == 512);
  // The record of pruning, of another boot than all others, is not what makes a boot the last.
  CHECK(prunable_entries(later, later.size(), INT64_MAX).value() == 512);

  const Scratch one_boot;
  auto young = open_on(FolderFiles::open(one_boot.path()).value()).value();
  fill(*young);
  LogSnapshot living = LogSnapshot::open(one_boot.path()).value();
  CHECK(prunable_entries(living, kRecords, INT64_MAX).value() == 0);
}
