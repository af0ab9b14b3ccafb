// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "bpf/decide.h"
#include "lineage/replay.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;

namespace {

std::string log_of(const std::vector<Record> &records) {
  std::string content;
  for (const Record &record : records)
    content += record_to_line(record) + "\n";
  return content;
}

std::vector<Record> random_decisions(size_t count) {
  Random random(8);
  std::vector<Record> records;
  for (size_t i = 0; i < count; ++i) {
    w_facts facts = random_bits<w_facts>(random);
    facts.candidate_count %= W_MAX_CANDIDATES + 1;
    if (i % 2 == 0) { // understood, so that some are allowed
      facts.request = static_cast<uint8_t>(W_REQUEST_EXEC + i % 6 / 2);
      facts.mode = W_MODE_ENFORCE;
      facts.audit = W_AUDIT_OPTIONAL;
      facts.measure = W_MEASURE_CACHED;
      facts.object = W_OBJECT_NONE;
      facts.flags &= W_FACT_OWN_IMAGE | W_FACT_NAMED | W_FACT_JIT;
    }
    for (uint32_t j = facts.candidate_count; j < W_MAX_CANDIDATES; ++j)
      facts.candidates[j] = {};
    records.push_back(record_of(decision_event(i + 1, facts, "/x")));
  }
  return records;
}

} // namespace

TEST_CASE("what decide() said is what it says again from the file") {
  const Scratch scratch;
  std::vector<Record> records = random_decisions(500);
  records.push_back(gap(1));
  const auto result = replay_files({scratch.file("log", log_of(records))});
  REQUIRE(result.ok());
  CHECK(result.value().records == 501);
  CHECK(result.value().decisions == 500);
  CHECK(result.value().equal == 500);
  CHECK(result.value().agrees());
  CHECK_FALSE(result.value().first_difference);
}

TEST_CASE("a verdict that the facts do not bear out is shown with its place") {
  const struct {
    const char *field;
    void (*change)(w_decision &);
  } table[] = {
      {"verdict", [](w_decision &d) { d.verdict = W_DENY; }},
      {"reason", [](w_decision &d) { d.reason = W_REASON_NOT_GOVERNED; }},
      {"candidate", [](w_decision &d) { d.candidate = 1; }},
      {"enforced", [](w_decision &d) { d.enforced = 1; }},
  };
  for (const auto &row : table) {
    const Scratch scratch;
    std::vector<Record> records(5, record_of(decision_event(1, allowing_facts(), "/x")));
    row.change(std::get<Decision>(records[2].body).decision);
    row.change(std::get<Decision>(records[4].body).decision);
    const std::string path = scratch.file("log", log_of(records));
    const ReplayResult result = replay_files({path}).value();
    CHECK(result.equal == 3);
    CHECK_FALSE(result.agrees());
    REQUIRE(result.first_difference);
    CHECK(result.first_difference->place.text() == path + ":3");
    CHECK(result.first_difference->field == row.field);
    CHECK_THAT(difference_text(*result.first_difference),
               Contains(path + ":3: 3f2a9c1d-1: " + row.field) &&
                   Contains("\n  facts: {\"audit\":\"required\""));
    CHECK(replay_to_json(result)["firstDifference"]["line"] == 3);
  }
}

TEST_CASE("a changed fact is found") {
  std::vector<Record> records = random_decisions(1000);
  Replay replay;
  for (Record &record : records) {
    auto &decision = std::get<Decision>(record.body);
    if (decision.decision.verdict != W_ALLOW)
      continue;
    decision.facts.mode = W_MODE_INVALID;
    replay.add(record, {"x", 1});
  }
  REQUIRE(replay.result().decisions > 0);
  CHECK(replay.result().equal == 0);
}

TEST_CASE("lines that only the parser of records reads are replayed like the others") {
  const Scratch scratch;
  std::vector<Record> records(3, record_of(decision_event(1, allowing_facts(), "/x")));
  std::get<Decision>(records[1].body).file.path = "/\xc3\xa9\\";
  std::get<Decision>(records[2].body).decision.reason = W_REASON_EXPIRED;
  std::get<Decision>(records[2].body).file.path = "/\xc3\xa9\\";
  const ReplayResult result = replay_files({scratch.file("log", log_of(records))}).value();
  CHECK(result.records == 3);
  CHECK(result.decisions == 3);
  CHECK(result.equal == 2);
  REQUIRE(result.first_difference);
  CHECK(result.first_difference->place.line == 3);
}

TEST_CASE("a log that cannot be read to its end does not agree") {
  const Scratch scratch;
  const std::string log = log_of(random_decisions(2));
  CHECK_FALSE(replay_files({scratch.file("cut", log.substr(0, log.size() - 1))}).ok());
  CHECK_FALSE(replay_files({scratch.file("bad", log + "{}\n")}).ok());
  CHECK(replay_files({scratch.file("empty", "")}).value().agrees());
}
