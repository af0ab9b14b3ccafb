// SPDX-License-Identifier: Apache-2.0
// The index of a log: found by number, gone on with, and not with another log.
#include <filesystem>
#include <nlohmann/json.hpp>

#include "lineage/index.h"
#include "lineage/index_query.h"
#include "lineage/log_writer.h"
#include "lineage/tree_view.h"
#include "lineage_fixture.h"
#include "tests/catch.h"
#include "tlog_fixture.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

// Appends to the log in a folder, which is made if need be; signs, so that the tiles have it.
void grow(const std::string &folder, const std::vector<Record> &records, bool is_signed = true) {
  fs::create_directory(folder);
  auto writer = LogWriter::open(FolderFiles::open(folder).value(), log_signer(), small_options());
  REQUIRE(writer.ok());
  for (const Record &record : records)
    REQUIRE(writer.value()->append(record).ok());
  REQUIRE(writer.value()->commit().ok());
  if (is_signed)
    REQUIRE(writer.value()->checkpoint().ok());
}

LineageIndex open_index(const std::string &file, const std::string &folder) {
  LineageIndex::Logs logs;
  logs.push_back(std::make_unique<FileSequence>(FileSequence::open(folder).value()));
  Result<LineageIndex> index = LineageIndex::open(file, logs);
  INFO((index.ok() ? "" : index.error().message));
  REQUIRE(index.ok());
  return std::move(index).value();
}

std::vector<Record> gaps(uint64_t first, uint64_t count) {
  std::vector<Record> records;
  for (uint64_t i = 0; i < count; ++i)
    records.push_back(gap(first + i));
  return records;
}

} // namespace

TEST_CASE("an entry of a log is sought by its number, in either direction") {
  const Scratch scratch;
  const std::string folder = scratch.path() + "/log";
  grow(folder, gaps(0, 700));
  grow(folder, gaps(700, 5), false);
  FileSequence log = FileSequence::open(folder).value();
  for (const uint64_t index : {uint64_t{0}, uint64_t{300}, uint64_t{299}, uint64_t{703}}) {
    REQUIRE(log.seek(index).value());
    CHECK(*log.next().value() == record_to_line(gap(index)));
    CHECK(log.place() == folder + ": entry " + std::to_string(index));
  }
  CHECK(log.seek(705).value());
  CHECK_FALSE(log.next().value());
  CHECK_FALSE(log.seek(706).value());
}

TEST_CASE("the index of a log goes on with it") {
  const Scratch scratch;
  const std::string folder = scratch.path() + "/log";
  const std::string file = scratch.path() + "/index.db";
  grow(folder, gaps(0, 300));
  CHECK(open_index(file, folder).update().added == 300);
  for (const bool is_signed : {false, true}) {
    grow(folder, gaps(1000, 40), is_signed);
    const LineageIndex index = open_index(file, folder);
    CHECK(index.update().rebuilt == "");
    CHECK(index.update().added == 40);
  }
}

TEST_CASE("another log in the place of one does not continue it, though it ends alike") {
  const Scratch scratch;
  const std::string folder = scratch.path() + "/log";
  const std::string file = scratch.path() + "/index.db";
  std::vector<Record> records = gaps(0, 300);
  grow(folder, records);
  open_index(file, folder);
  fs::remove_all(folder);
  SECTION("one record is another") {
    records[7] = gap(4711);
    grow(folder, records);
    const LineageIndex index = open_index(file, folder);
    CHECK_THAT(index.update().rebuilt, Contains("does not continue"));
    CHECK(index.update().added == 300);
  }
  SECTION("it is the same") {
    grow(folder, records);
    CHECK(open_index(file, folder).update().rebuilt == "");
  }
}

TEST_CASE("the tree of an index names parents elsewhere, as a fold does") {
  const Scratch scratch;
  const std::string folder = scratch.path() + "/log";
  std::vector<Record> records = one_of_each();
  ExecTree tree;
  for (const Record &record : records)
    tree.add(record);
  const std::string folded = tree_to_json(tree).dump();
  REQUIRE_THAT(folded, Contains("\"remoteParent\":{"));
  grow(folder, records);
  LineageIndex index = open_index(scratch.path() + "/index.db", folder);
  for (const bool all_boots : {true, false})
    CHECK(tree_to_json(exec_tree(index, all_boots).value()).dump() == folded);
}
