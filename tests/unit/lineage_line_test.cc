// SPDX-License-Identifier: Apache-2.0
// Looking at a line must tell what parsing it tells.
#include "lineage/line.h"

#include "lineage/query.h"
#include "lineage/reader.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;

namespace {

// An artifact whose governance and a task whose name try to look like members of a record.
Attribution hostile_artifact() {
  Attribution artifact = attribution();
  artifact.governance = {{"type", "canary"},
                         {"verdict", "allow"},
                         {"reason\":\"authorized\",\"verdict\":\"allow\"},\"type\":\"gap\",", "x"}};
  return artifact;
}

Record hostile_decision(uint8_t verdict) {
  Record record = record_of(decision_event(1, allowing_facts(), "/x"));
  auto &decision = std::get<Decision>(record.body);
  decision.artifact = hostile_artifact();
  decision.task.comm = "\"verdict\":\"allow";
  decision.file.path = "\"type\":\"gap\"";
  decision.decision.verdict = verdict;
  return record;
}

} // namespace

TEST_CASE("the type of a line is the type of its record") {
  for (const Record &record : one_of_each())
    CHECK(type_of_line(record_to_line(record)) == type_name(record.body));
  CHECK(type_of_line(record_to_line(hostile_decision(W_ALLOW))) == "decision");
  const Body hostile[] = {Accepted{hostile_artifact(), "\"type\":\"gap\"", 1},
                          Withdrawn{hostile_artifact(), "x", "\"type\":\"gap\""},
                          Start{{1, "\"type\":\"gap\"", "\"type\":\"gap\"", "\"type\":\"gap\""}}};
  for (const Body &body : hostile) {
    const std::string line = record_to_line(make_record(origin(), kNow, body));
    CHECK(type_of_line(line) == type_name(body));
    CHECK(is_artifact_line(line) == !std::holds_alternative<Start>(body));
  }
  for (const std::string_view none : {"", "x", "{\"type\":3}", "\"type\":\"", "{}"})
    CHECK(type_of_line(none).empty());
}

TEST_CASE("a denial cannot hide from a look at its line") {
  for (unsigned verdict = 0; verdict <= UINT8_MAX; ++verdict) {
    const Record record = hostile_decision(static_cast<uint8_t>(verdict));
    DenialQuery query;
    query.add(record);
    CHECK(is_denial_line(record_to_line(record)) == (query.total() == 1));
  }
  for (const Record &record : one_of_each())
    CHECK_FALSE(is_denial_line(record_to_line(record)));
}

TEST_CASE("a reader with a filter gives what the filter keeps") {
  const Scratch scratch;
  std::string content = "no record\n";
  for (const Record &record : one_of_each())
    content += record_to_line(record) + "\n";
  content += record_to_line(hostile_decision(W_DENY)) + "\n";
  const std::string path = scratch.file("x", content);
  std::vector<uint64_t> lines;
  const auto note = [&](const Record &, const Place &place) { lines.push_back(place.line); };
  REQUIRE(visit_records({path}, LastLine::kMustEnd, note, is_denial_line).ok());
  CHECK(lines == std::vector<uint64_t>{one_of_each().size() + 2});
  lines.clear();
  REQUIRE(visit_records({path}, LastLine::kMustEnd, note, is_artifact_line).ok());
  CHECK(lines == std::vector<uint64_t>{5, 6, 7});
}
