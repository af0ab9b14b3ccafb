// SPDX-License-Identifier: Apache-2.0
// The quick reader against the one that builds documents.
#include <cstring>
#include <nlohmann/json.hpp>

#include "lineage/facts_json.h"
#include "lineage/verdict_line.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;

namespace {

template <class T>
bool is_same(const T &a, const T &b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

// What it takes is canonical, and says what the documents' reader says.
bool is_sound(std::string_view line) {
  VerdictLine seen;
  if (!read_verdict_line(line, seen))
    return true;
  const Checked<Json> json = parse_json(view(line));
  if (!json.ok() || json.value().dump() != line || json.value()["id"] != seen.id)
    return false;
  if (!seen.is_decision)
    return json.value()["type"] == "commit";
  const Checked<w_facts> facts = facts_from_json(json.value()["facts"]);
  const Checked<w_decision> decision = decision_from_json(json.value()["decision"]);
  return facts.ok() && decision.ok() && is_same(facts.value(), seen.facts) &&
         is_same(decision.value(), seen.decision) && json.value()["type"] == "decision";
}

w_facts understood_facts(Random &random) {
  w_facts facts = random_bits<w_facts>(random);
  facts.flags &= W_FACT_ALL;
  facts.hook %= W_HOOK_COUNT;
  facts.request %= W_REQUEST_COUNT;
  facts.mode %= W_MODE_COUNT;
  facts.audit %= W_AUDIT_COUNT;
  facts.measure %= W_MEASURE_COUNT;
  facts.digest_kind %= W_DIGEST_VERITY + 1;
  facts.object %= W_OBJECT_COUNT;
  facts.candidate_count %= W_MAX_CANDIDATES + 1;
  for (uint32_t i = 0; i < W_MAX_CANDIDATES; i++) {
    facts.candidates[i].flags &= W_CANDIDATE_ALL;
    facts.candidates[i].actions &= W_ACTION_ALL | W_ACTION_SCRIPT;
    if (i >= facts.candidate_count)
      facts.candidates[i] = {};
  }
  return facts;
}

} // namespace

TEST_CASE("records of decisions and commits in their usual spelling are taken") {
  Random random(3);
  for (uint64_t i = 1; i <= 2000; i++) {
    const Record record = record_of(decision_event(i, understood_facts(random), "/usr/bin/x"));
    const std::string line = record_to_line(record);
    VerdictLine seen;
    REQUIRE(read_verdict_line(line, seen));
    CHECK(seen.is_decision);
    CHECK(seen.id == record.id);
    CHECK(is_same(seen.facts, std::get<Decision>(record.body).facts));
    CHECK(is_same(seen.decision, std::get<Decision>(record.body).decision));
    REQUIRE(is_sound(line));
  }
  VerdictLine seen;
  REQUIRE(read_verdict_line(record_to_line(record_of(commit_event(1, 3, 2))), seen));
  CHECK_FALSE(seen.is_decision);
}

TEST_CASE("whatever is not plain to see is left to the parser of records") {
  const std::string line = record_to_line(record_of(decision_event(1, allowing_facts(), "/x")));
  const struct {
    const char *what;
    const char *from;
    const char *to;
  } table[] = {
      {"a newer record", "\"v\":1}", "\"v\":2}"},
      {"no version", ",\"v\":1}", "}"},
      {"another type", "\"type\":\"decision\"", "\"type\":\"lease\""},
      {"a commit with facts", "\"type\":\"decision\"", "\"type\":\"commit\""},
      {"an unknown member", "\"host\":", "\"hos\":\"x\",\"host\":"},
      {"a missing member", "\"exec\":\"41\",", ""},
      {"another kind of value", "\"host\":\"host-a\"", "\"host\":7"},
      {"white space", "\"v\":1}", "\"v\": 1}"},
      {"no end", "\"v\":1}", "\"v\":1"},
      {"more than one value", "\"v\":1}", "\"v\":1}{}"},
      {"a member twice", "\"v\":1}", "\"v\":1,\"v\":1}"},
      {"an escape", "\"path\":\"/x\"", "\"path\":\"/\\\\x\""},
      {"beyond ASCII", "\"path\":\"/x\"", "\"path\":\"/\xc3\xa9\""},
      {"a leading zero", "\"chain\":0", "\"chain\":00"},
      {"a fraction", "\"chain\":0", "\"chain\":0.0"},
      {"too large", "\"chain\":0", "\"chain\":256"},
      {"an unknown word", "\"mode\":\"enforce\"", "\"mode\":\"enforced\""},
      {"a number for a word", "\"mode\":\"enforce\"", "\"mode\":\"7\""},
      {"fewer candidates", "\"candidateCount\":1", "\"candidateCount\":2"},
      {"more candidates", "\"candidateCount\":1", "\"candidateCount\":0"},
      {"too many candidates", "\"candidateCount\":1", "\"candidateCount\":17"},
      {"a bit twice", "\"actions\":[\"exec\"", "\"actions\":[\"exec\",\"exec\""},
      {"an unknown fact", "\"facts\":{", "\"facts\":{\"a\":1,"},
      {"upper-case hex", "\"digest\":\"", "\"digest\":\"A"},
  };
  VerdictLine whole;
  REQUIRE(read_verdict_line(line, whole));
  for (const auto &row : table) {
    INFO(row.what);
    std::string changed = line;
    // Of `digest` there are two: that of the facts comes first.
    const size_t at = changed.find(row.from);
    REQUIRE(at != std::string::npos);
    changed.replace(at, std::strlen(row.from), row.to);
    VerdictLine seen;
    CHECK_FALSE(read_verdict_line(changed, seen));
  }
}

TEST_CASE("what is taken of a damaged line is what it says") {
  Random random(4);
  uint64_t taken = 0;
  for (int i = 0; i < 20000; i++) {
    std::string line =
        record_to_line(record_of(decision_event(1, understood_facts(random), "/usr/bin/x")));
    const size_t at = random() % line.size();
    switch (random() % 4) {
      case 0:
        line[at] = static_cast<char>(random());
        break;
      case 1:
        line[at] = "0123456789abcdefinvxz\",:{}[]"[random() % 28];
        break;
      case 2:
        line.erase(at, 1 + random() % 9);
        break;
      default:
        line.insert(at, line, random() % line.size(), random() % 20);
    }
    INFO(line);
    REQUIRE(is_sound(line));
    VerdictLine seen;
    taken += read_verdict_line(line, seen) ? 1 : 0;
  }
  CHECK(taken > 100); // a changed digit of a digest is still a record
}
