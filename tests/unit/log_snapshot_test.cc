// SPDX-License-Identifier: Apache-2.0
// Reading a log that somebody else is writing, and a copy of one.
#include "lineage/log_snapshot.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "lineage/log_writer.h"
#include "lineage/reader.h"
#include "lineage_fixture.h"
#include "tests/catch.h"
#include "tlog_fixture.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

std::unique_ptr<LogWriter> writer_in(const std::string &folder,
                                     const LogOptions &options = small_options()) {
  fs::create_directory(folder);
  auto writer = LogWriter::open(FolderFiles::open(folder).value(), log_signer(), options);
  REQUIRE(writer.ok());
  return std::move(writer).value();
}

Record in_boot(char boot, uint64_t lost) {
  Origin origin = lineage_test::origin();
  origin.boot[0] = boot;
  return make_record(origin, kNow, Gap{lost, Text("x")});
}

std::string boot_of(char boot) {
  return in_boot(boot, 0).origin.boot;
}

std::vector<uint64_t> lost_in(std::vector<RecordReader> readers) {
  std::vector<uint64_t> lost;
  for (RecordReader &reader : readers)
    while (const std::optional<Record> record = reader.next().value())
      lost.push_back(std::get<Gap>(record->body).lost);
  return lost;
}

void append(LogWriter &writer, const Record &record) {
  REQUIRE(writer.append(record).ok());
}

} // namespace

TEST_CASE("a reader sees all that was acknowledged, while the writer goes on") {
  const Scratch scratch;
  const std::string folder = scratch.path() + "/log";
  auto writer = writer_in(folder);
  std::atomic<uint64_t> acknowledged = 0;
  std::atomic<bool> is_done = false;
  std::string failure;
  std::thread writing([&] {
    Random random(3);
    for (uint64_t next = 1; next <= 6000 && failure.empty();) {
      for (uint64_t i = 0; i < 1 + random() % 40; ++i)
        if (!writer->append(gap(next++)).ok())
          failure = "append";
      if (!writer->commit().ok())
        failure = "commit";
      acknowledged = next - 1;
      if (random() % 5 == 0 && !writer->checkpoint().ok())
        failure = "checkpoint";
    }
    is_done = true;
  });
  uint64_t rounds = 0;
  std::string problem;
  for (bool last = false; !last && problem.empty(); ++rounds) {
    last = is_done;
    const uint64_t promised = acknowledged;
    uint64_t expected = 1;
    const Status read =
        visit_records({folder}, LastLine::kMustEnd, [&](const Record &record, const Place &place) {
          if (std::get<Gap>(record.body).lost != expected++ || place.line != expected - 2)
            problem = "another record at " + place.text();
        });
    if (!read.ok())
      problem = read.error().message;
    else if (expected <= promised)
      problem = std::to_string(expected - 1) + " of " + std::to_string(promised);
  }
  writing.join();
  CHECK(failure == "");
  CHECK(problem == "");
  CHECK(rounds > 5);
}

TEST_CASE("a copy without the writer's state is read as far as its checkpoint goes") {
  const Scratch scratch;
  const std::string folder = scratch.path() + "/log";
  {
    auto writer = writer_in(folder);
    append(*writer, gap(1));
    REQUIRE(writer->commit().ok());
    REQUIRE(writer->checkpoint().ok());
    append(*writer, gap(2));
    REQUIRE(writer->commit().ok());
  }
  CHECK(LogSnapshot::open(folder).value().size() == 2);
  fs::remove_all(folder + "/.state");
  LogSnapshot copy = LogSnapshot::open(folder).value();
  CHECK(copy.size() == 1);
  CHECK(text_of(copy.entry(0).value()) == record_to_line(gap(1)));
  CHECK_FALSE(copy.entry(1).ok());
  fs::remove(folder + "/checkpoint");
  CHECK_FALSE(is_log_folder(folder));
  CHECK_THAT(LogSnapshot::open(folder).error().message, Contains("no log"));
}

TEST_CASE("what is damaged is an error, and never another record") {
  const Scratch scratch;
  const std::string folder = scratch.path() + "/log";
  {
    auto writer = writer_in(folder);
    for (uint64_t batch = 0; batch < 3; ++batch) {
      append(*writer, gap(batch + 1));
      REQUIRE(writer->commit().ok());
    }
  }
  const std::string wal = folder + "/.state/wal";
  const std::string good = content_of(wal);
  std::string bad = good;
  bad[bad.find("\"lost\"") + 1] ^= 1;
  std::ofstream(wal) << bad;
  CHECK_THAT(LogSnapshot::open(folder).error().message, Contains("an acknowledged batch"));
  fs::remove(wal);
  CHECK_THAT(LogSnapshot::open(folder).error().message, Contains("is missing"));
  std::ofstream(wal) << good;
  CHECK(LogSnapshot::open(folder).value().size() == 3);
  { // in bundles now
    auto writer = writer_in(folder);
    REQUIRE(writer->checkpoint().ok());
  }
  fs::remove_all(folder + "/tile/entries");
  RecordReader reader = RecordReader::open(folder).value();
  const auto line = reader.next_line();
  REQUIRE_FALSE(line.ok());
  CHECK_FALSE(reader.is_readable());
  CHECK_THAT(line.error().message, Contains("tile/entries/000.p/3: is missing"));
}

TEST_CASE("a boot's records are found where it begins, behind those of its older file") {
  const Scratch scratch;
  const std::string &folder = scratch.path();
  CHECK(boot_records(folder, boot_of('a')).value().empty());
  for (const uint64_t each : {1, 100, 256, 700}) {
    fs::remove_all(folder + "/.state");
    fs::remove_all(folder + "/tile");
    fs::remove_all(folder + "/checkpoint");
    auto writer = writer_in(folder);
    uint64_t next = 0;
    for (const char boot : {'a', 'b', 'c'}) {
      for (uint64_t i = 0; i < each; ++i)
        append(*writer, in_boot(boot, next++));
      REQUIRE(writer->commit().ok());
      if (boot != 'c')
        REQUIRE(writer->checkpoint().ok());
    }
    std::vector<uint64_t> wanted;
    for (uint64_t i = 2 * each; i < 3 * each; ++i)
      wanted.push_back(i);
    CHECK(lost_in(boot_records(folder, boot_of('c')).value()) == wanted);
    CHECK(lost_in(boot_records(folder, boot_of('d')).value()).empty());
  }
  scratch.file(lineage_file_name(boot_of('c')), record_to_line(in_boot('c', 7777)) + "\n");
  scratch.file(lineage_file_name(boot_of('b')), record_to_line(in_boot('b', 1)) + "\n");
  const std::vector<uint64_t> both = lost_in(boot_records(folder, boot_of('c')).value());
  CHECK(both.size() == 701);
  CHECK(both.front() == 7777);
  CHECK(lineage_files(folder).value().size() == 3);
  CHECK(lineage_files(folder).value().back() == folder);
  CHECK_FALSE(boot_records(folder + "/none", boot_of('c')).ok());
}

TEST_CASE("an entry with a line break is no line") {
  const Scratch scratch;
  const auto files = FolderFiles::open(scratch.path()).value();
  const NoteSigner signer = log_signer();
  const auto log = TransparencyLog::open(*files, signer).value();
  const std::vector<std::string> texts = {record_to_line(gap(1)), "a\nb", record_to_line(gap(2))};
  const std::vector<ByteView> entries = {view(texts[0]), view(texts[1]), view(texts[2])};
  REQUIRE(log->append(entries).ok());
  RecordReader reader = RecordReader::open(scratch.path()).value();
  CHECK(reader.next().value().has_value());
  CHECK_THAT(reader.next().error().message, Contains(": entry 1: a line break"));
  CHECK(reader.is_readable());
  CHECK(reader.next().value().has_value());
  CHECK_FALSE(reader.next().value().has_value());
}
