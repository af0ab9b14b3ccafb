// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "lineage/reader.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace {

const std::string kLine = record_to_line(gap(1)) + "\n";

// What reading the whole content says first that is wrong; empty: nothing.
std::string first_error(const std::string &content, LastLine last = LastLine::kMustEnd) {
  const Scratch scratch;
  const std::string path = scratch.file("x.jsonl", content);
  const Status status = visit_records({path}, last, [](const Record &, const Place &) {});
  if (status.ok())
    return "";
  REQUIRE_THAT(status.error().message, Contains(path));
  return status.error().message.substr(path.size());
}

} // namespace

TEST_CASE("errors of a file name its line") {
  CHECK(first_error("") == "");
  CHECK(first_error(kLine + kLine) == "");
  CHECK_THAT(first_error(kLine + "\n"), Contains(":2: malformed: empty"));
  CHECK_THAT(first_error(kLine + "{}\n"), Contains(":2: malformed: v: missing"));
  CHECK_THAT(first_error(std::string("\0\0\0\n", 4)), Contains(":1: "));
  CHECK_THAT(first_error("\xef\xbb\xbf" + kLine), Contains(":1: malformed: byte order mark"));
  CHECK_THAT(first_error(kLine.substr(0, kLine.size() - 1) + "\r\n"), Contains(":1: "));
  CHECK_THAT(first_error(std::string(kMaxRecordSize, 'x') + "\n"), Contains(":1: malformed"));
  CHECK_THAT(first_error(std::string(kMaxRecordSize + 1, 'x') + "\n"),
             Contains(":1: line of more than 65535 bytes"));
}

TEST_CASE("a last line without end is damage, or a writer at work") {
  for (size_t size = 1; size < kLine.size(); ++size) {
    const std::string content = kLine + kLine.substr(0, size);
    REQUIRE_THAT(first_error(content), Contains(":2: the last line does not end"));
    REQUIRE(first_error(content, LastLine::kMayBeTorn) == "");
  }
}

TEST_CASE("reading goes on behind a bad line") {
  const Scratch scratch;
  const std::string path =
      scratch.file("x.jsonl", kLine + "bad\n" + std::string(200'000, 'x') + "\n" + kLine);
  RecordReader reader = RecordReader::open(path).value();
  CHECK(reader.next().value().has_value());
  CHECK_FALSE(reader.next().ok());
  CHECK(reader.is_readable());
  CHECK_FALSE(reader.next().ok());
  CHECK(reader.next().value().has_value());
  CHECK(reader.place().text() == path + ":4");
  CHECK_FALSE(reader.next().value().has_value());
}

TEST_CASE("what is no file is refused") {
  const Scratch scratch;
  const std::string fifo = scratch.path() + "/fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK_THAT(RecordReader::open(fifo).error().message, EndsWith("fifo: not a regular file"));
  CHECK_FALSE(RecordReader::open(scratch.path()).ok());
  CHECK_THAT(RecordReader::open(scratch.path() + "/none").error().message,
             EndsWith("none: cannot open: No such file or directory"));
}

TEST_CASE("lineage files are listed in the order in which they were written") {
  const Scratch scratch;
  const std::string newer = scratch.file("lineage-a.jsonl", "");
  const std::string older = scratch.file("lineage-b.jsonl", "");
  scratch.file("other.jsonl", "");
  scratch.file("lineage-c.txt", "");
  const timespec times[2] = {{1000, 0}, {1000, 0}};
  REQUIRE(::utimensat(-1, older.c_str(), times, 0) == 0);
  CHECK(lineage_files(scratch.path()).value() == std::vector<std::string>{older, newer});
  CHECK_FALSE(lineage_files(scratch.path() + "/none").ok());
}
