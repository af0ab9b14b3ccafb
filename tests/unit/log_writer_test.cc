// SPDX-License-Identifier: Apache-2.0
// Records into a log whose disk fails. What survives a crash is for tlog_crash_test.
#include "lineage/log_writer.h"

#include "lineage/reader.h"
#include "lineage_fixture.h"
#include "simulated_disk.h"
#include "tests/catch.h"
#include "tlog_fixture.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;

namespace {

std::unique_ptr<LogWriter> writer_on(std::unique_ptr<LogFiles> files) {
  auto writer = LogWriter::open(std::move(files), log_signer());
  if (!writer.ok())
    FAIL(writer.error().message);
  return std::move(writer).value();
}

std::unique_ptr<LogWriter> writer_in(const Scratch &scratch) {
  return writer_on(FolderFiles::open(scratch.path()).value());
}

// A writer and the disk that it owns.
struct OnDisk {
  OnDisk() {
    auto made = std::make_unique<SimulatedDisk>(1);
    disk = made.get();
    writer = writer_on(std::move(made));
  }
  SimulatedDisk *disk;
  std::unique_ptr<LogWriter> writer;
};

// The `lost` of all gap records; other records, or anything unreadable, end the test.
std::vector<uint64_t> gaps_in(const std::string &path) {
  std::vector<uint64_t> lost;
  const Status status =
      visit_records({path}, LastLine::kMustEnd, [&](const Record &record, const Place &) {
        lost.push_back(std::get<Gap>(record.body).lost);
      });
  if (!status.ok())
    FAIL(status.error().message);
  return lost;
}

std::vector<uint64_t> gaps_on(SimulatedDisk &disk, uint64_t size) {
  std::vector<uint64_t> lost;
  TileReader tiles(disk, size);
  for (uint64_t i = 0; i < size; ++i) {
    const Bytes entry = tiles.entry(i).value();
    lost.push_back(std::get<Gap>(parse_record(text_of(entry)).value().body).lost);
  }
  return lost;
}

} // namespace

TEST_CASE("records are in the log once they are committed, not before, and by one sync") {
  OnDisk on;
  REQUIRE(on.writer->append(gap(1)).ok());
  REQUIRE(on.writer->append(gap(2)).ok());
  CHECK(on.writer->log().size() == 0);
  const uint64_t before = on.disk->syncs();
  REQUIRE(on.writer->commit().ok());
  CHECK(on.disk->syncs() == before + 1);
  CHECK(on.writer->log().size() == 2);
  REQUIRE(on.writer->commit().ok());
  CHECK(on.disk->syncs() == before + 1); // nothing to do: no sync
  REQUIRE(on.writer->checkpoint().ok());
  CHECK(gaps_on(*on.disk, 2) == std::vector<uint64_t>{1, 2});
}

TEST_CASE("there is one writer at a time, and the next goes on where it ended") {
  const Scratch scratch;
  for (uint64_t i = 1; i <= 3; ++i) {
    auto writer = writer_in(scratch);
    CHECK(writer->log().opening().torn_bytes == 0);
    REQUIRE(writer->append(gap(i)).ok());
    REQUIRE(writer->commit().ok());
    const auto second = LogWriter::open(FolderFiles::open(scratch.path()).value(), log_signer());
    REQUIRE_FALSE(second.ok());
    CHECK_THAT(second.error().message, Contains("another warrantd runs already"));
  }
  CHECK(gaps_in(scratch.path()) == std::vector<uint64_t>{1, 2, 3});
}

TEST_CASE("a full disk is an error and the batch waits for space") {
  OnDisk on;
  REQUIRE(on.writer->append(gap(1)).ok());
  REQUIRE(on.writer->commit().ok());
  REQUIRE(on.writer->append(gap(2)).ok());
  for (int i = 0; i < 3; ++i) {
    on.disk->fail_write_at(1);
    REQUIRE_FALSE(on.writer->commit().ok());
    CHECK_FALSE(on.writer->has_failed());
    CHECK(on.writer->log().size() == 1);
  }
  REQUIRE(on.writer->append(gap(3)).ok());
  REQUIRE(on.writer->commit().ok());
  on.disk->fail_write_at(1);
  CHECK_FALSE(on.writer->checkpoint().ok());
  CHECK_FALSE(on.writer->has_failed());
  REQUIRE(on.writer->checkpoint().ok());
  CHECK(gaps_on(*on.disk, 3) == std::vector<uint64_t>{1, 2, 3});
}

TEST_CASE("a failed sync is final") {
  OnDisk on;
  REQUIRE(on.writer->append(gap(1)).ok());
  on.disk->fail_sync_at(1);
  REQUIRE_FALSE(on.writer->commit().ok());
  CHECK(on.writer->has_failed());
  const uint64_t before = on.disk->syncs();
  CHECK_FALSE(on.writer->commit().ok());
  CHECK_FALSE(on.writer->checkpoint().ok());
  CHECK(on.disk->syncs() == before);
}

TEST_CASE("a batch is bounded") {
  OnDisk on;
  const Record large = make_record(origin(), kNow, Gap{1, std::string(60'000, 'x')});
  size_t taken = 0;
  while (on.writer->append(large).ok())
    taken++;
  CHECK(taken == LogWriter::kBatchSize / record_to_line(large).size());
  REQUIRE(on.writer->commit().ok());
  CHECK(on.writer->append(large).ok());
}

TEST_CASE("of a record that is too large there is a gap record that names it") {
  const Scratch scratch;
  auto writer = writer_in(scratch);
  const Record larger = make_record(origin(), kNow, Gap{5, std::string(70'000, 'x')});
  REQUIRE(writer->append(larger).ok());
  REQUIRE(writer->append(gap(2)).ok());
  REQUIRE(writer->commit().ok());
  CHECK(gaps_in(scratch.path()) == std::vector<uint64_t>{1, 2});
  RecordReader reader = RecordReader::open(scratch.path()).value();
  CHECK_THAT(std::string(*reader.next_line().value()), Contains("record " + larger.id + " of 70"));
}

TEST_CASE("a log tells whether it still begins with what somebody remembers") {
  const Scratch scratch;
  Hash root{};
  {
    auto writer = writer_in(scratch);
    for (uint64_t i = 1; i <= 300; ++i)
      REQUIRE(writer->append(gap(i)).ok());
    REQUIRE(writer->commit().ok());
    root = writer->log().root();
    REQUIRE(writer->append(gap(301)).ok());
    REQUIRE(writer->commit().ok());
  }
  auto writer = writer_in(scratch);
  CHECK(writer->check_contains(0, empty_root()).ok());
  CHECK(writer->check_contains(300, root).ok());
  CHECK_FALSE(writer->check_contains(299, root).ok());
  CHECK_THAT(writer->check_contains(302, root).error().message, Contains("301 entries"));
}
