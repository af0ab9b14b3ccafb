// SPDX-License-Identifier: Apache-2.0
#include "lineage/coverage.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;

namespace {

constexpr uint64_t kLater = 1'000'000'000'000;

std::string commits(const std::vector<uint64_t> &sequences) {
  std::string lines;
  for (const uint64_t sequence : sequences)
    lines += record_to_line(record_of(commit_event(sequence, 41, 40))) + "\n";
  return lines;
}

std::string started() {
  Start start;
  start.pid = 7;
  start.version = start.kernel = start.detail = Text("x");
  return record_to_line(make_record(origin(), kNow, start)) + "\n";
}

Coverage coverage_of(const Scratch &scratch, const std::string &content) {
  RecordReader records =
      RecordReader::open(scratch.file("records", content), LastLine::kMayBeTorn).value();
  Coverage coverage;
  REQUIRE(coverage.read(records).ok());
  return coverage;
}

// What is lost when nothing more comes.
uint64_t lost_in_the_end(Coverage &coverage) {
  uint64_t lost = 0;
  for (const uint64_t now : {kLater, kLater + Coverage::kPatienceNs})
    if (const std::optional<Gap> gap = coverage.lost(now))
      lost += gap->lost;
  return lost;
}

} // namespace

TEST_CASE("an event that is recorded already is known, any other is new") {
  const Scratch scratch;
  Coverage coverage = coverage_of(scratch, commits({1, 2, 4}));
  CHECK_FALSE(coverage.saw(2));
  CHECK_FALSE(coverage.saw(4));
  CHECK(coverage.saw(3)); // overtaken by 4, and then the daemon died
  CHECK(coverage.saw(5));
  CHECK(lost_in_the_end(coverage) == 0);
}

TEST_CASE("what waited is dealt with once") {
  const Scratch scratch;
  Coverage coverage = coverage_of(scratch, commits({1, 2}));
  coverage.settle();
  CHECK(coverage.saw(2));
}

TEST_CASE("what an earlier daemon missed is noted by its successor") {
  const Scratch scratch;
  Coverage coverage = coverage_of(scratch, commits({1, 2, 6}));
  CHECK_FALSE(coverage.lost(kLater));
  CHECK_FALSE(coverage.lost(kLater + Coverage::kPatienceNs - 1));
  const std::optional<Gap> gap = coverage.lost(kLater + Coverage::kPatienceNs);
  REQUIRE(gap);
  CHECK(gap->lost == 3);
  CHECK(gap->cause.escaped() == "events between 3 and 5 never arrived from the kernel");
}

TEST_CASE("what an earlier daemon noted is not noted again") {
  const Scratch scratch;
  const std::string content = commits({1, 2, 6}) + record_to_line(gap(2)) + "\n";
  Coverage coverage = coverage_of(scratch, content);
  CHECK(lost_in_the_end(coverage) == 1);
  Coverage complete = coverage_of(scratch, content + record_to_line(gap(1)) + "\n");
  CHECK(lost_in_the_end(complete) == 0);
}

TEST_CASE("a hole that is filled in time is none") {
  Coverage coverage;
  coverage.saw(2);
  CHECK_FALSE(coverage.lost(kLater));
  coverage.saw(1);
  CHECK_FALSE(coverage.lost(kLater + Coverage::kPatienceNs));
  coverage.saw(4);
  CHECK_FALSE(coverage.lost(kLater + Coverage::kPatienceNs + 1));
}

TEST_CASE("what is on its way is not lost because something else took long") {
  Coverage coverage;
  coverage.saw(2);
  CHECK_FALSE(coverage.lost(kLater)); // 1 is missing
  coverage.saw(1);
  coverage.saw(4);
  CHECK_FALSE(coverage.lost(kLater + Coverage::kPatienceNs)); // now 3 is
  coverage.saw(6);
  CHECK_FALSE(coverage.lost(kLater + 2 * Coverage::kPatienceNs - 1));
  const std::optional<Gap> gap = coverage.lost(kLater + 2 * Coverage::kPatienceNs);
  REQUIRE(gap);
  CHECK(gap->lost == 1);
  coverage.saw(5);
  CHECK_FALSE(coverage.lost(kLater + 9 * Coverage::kPatienceNs));
}

TEST_CASE("what the kernel numbered and nobody saw is lost when it ends") {
  Coverage coverage;
  coverage.saw(1);
  coverage.saw(3);
  coverage.close(6);
  const std::optional<Gap> gap = coverage.lost(kLater);
  REQUIRE(gap);
  CHECK(gap->lost == 4); // 2, and 4 to 6
  CHECK(coverage.last_event() == 6);
  CHECK_FALSE(coverage.lost(kLater));

  Coverage complete;
  complete.saw(1);
  complete.saw(2);
  complete.close(2);
  CHECK_FALSE(complete.lost(kLater));
}

TEST_CASE("what is armed anew in one boot goes on with the numbers") {
  const Scratch scratch;
  Coverage coverage = coverage_of(scratch, commits({1, 2, 3, 9}) + started() + commits({10, 11}));
  CHECK_FALSE(coverage.saw(11));
  CHECK(coverage.saw(12));
  CHECK(coverage.saw(15));
  CHECK(coverage.last_event() == 15);
  // 4 to 8 were another arming's, and never came; 13 and 14 are this one's.
  CHECK(lost_in_the_end(coverage) == 2);

  Coverage before = coverage_of(scratch, commits({1, 2, 3, 9}));
  CHECK(before.last_event() == 9);
  before.renew();
  CHECK(before.last_event() == 9);
  CHECK(before.saw(10));
  CHECK(lost_in_the_end(before) == 0);
}

TEST_CASE("no exec has the number of one before it") {
  const Scratch scratch;
  Record asked = record_of(decision_event(3, allowing_facts(), "/bin/a"));
  std::get<Decision>(asked.body).exec = 77;
  Record adopted = record_of(decision_event(4, allowing_facts(), "/bin/b"));
  std::get<Decision>(adopted.body).exec = 0;
  std::get<Decision>(adopted.body).process.lineage = 78;
  Record commit = record_of(commit_event(5, 41, 40));
  Attribution artifact = attribution();
  artifact.governance = {{"exec", "900"}, {"lineage", "901"}};
  std::get<Commit>(commit.body).artifact = artifact;
  CHECK(lineage_in(record_to_line(asked)) == 77);
  CHECK(lineage_in(record_to_line(adopted)) == 78);
  CHECK(lineage_in(record_to_line(commit)) == 41);
  const std::string lines = record_to_line(asked) + "\n" + record_to_line(adopted) + "\n" +
                            record_to_line(commit) + "\n" + started();
  CHECK(coverage_of(scratch, lines).last_lineage() == 78);
}

TEST_CASE("damaged lines and other records say nothing about events") {
  const Scratch scratch;
  std::string content;
  for (const Record &record : one_of_each())
    if (!std::holds_alternative<Decision>(record.body) &&
        !std::holds_alternative<Commit>(record.body) && !std::holds_alternative<Gap>(record.body))
      content += record_to_line(record) + "\n";
  Coverage coverage = coverage_of(
      scratch, content + "bad\n" + std::string(100'000, 'x') + "\n" + commits({1}) + "torn");
  CHECK_FALSE(coverage.saw(1));
  CHECK(lost_in_the_end(coverage) == 0);
}

TEST_CASE("foreign names are not taken for a sequence number") {
  Attribution artifact = attribution();
  artifact.governance = {
      {"sequence", "77"}, {"type", "commit"}, {"type\":\"commit\",\"sequence", "78"}};
  Record commit = record_of(commit_event(5, 41, 40));
  std::get<Commit>(commit.body).artifact = artifact;
  std::get<Commit>(commit.body).task.comm = "\"sequence\":\"79\"";
  CHECK(sequence_in(record_to_line(commit)) == 5);
  CHECK(sequence_in(record_to_line(make_record(origin(), kNow, Accepted{artifact, "x", 1}))) == 0);
  CHECK(sequence_in(record_to_line(record_of(decision_event(8, allowing_facts(), "/a")))) == 8);
}
