// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "lineage/query.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;

namespace {

Record denial(uint64_t sequence, std::string_view path, uint64_t boot_ns) {
  w_facts facts = allowing_facts();
  facts.candidate_count = 0;
  facts.flags = 0;
  facts.now = boot_ns;
  return record_of(decision_event(sequence, facts, path));
}

} // namespace

TEST_CASE("identical denials are one line with a count") {
  DenialQuery query;
  for (uint64_t i = 1; i <= 5; ++i)
    query.add(denial(i, "/tmp/evil", i));
  query.add(denial(6, "/tmp/other", 6));
  query.add(record_of(decision_event(7, allowing_facts(), "/bin/true")));
  query.add(gap(1));
  const std::vector<DenialGroup> groups = query.latest(10);
  REQUIRE(groups.size() == 2);
  CHECK(query.total() == 6);
  CHECK(groups[0].path.escaped() == "/tmp/other");
  CHECK(groups[1].path.escaped() == "/tmp/evil");
  CHECK(groups[1].count == 5);
  CHECK(groups[1].last_id == "3f2a9c1d-5");
  CHECK(groups[1].last_ns - groups[1].first_ns == 4);
  CHECK(groups[1].reason == W_REASON_MISSING);
  CHECK(query.latest(1).size() == 1);
  CHECK(query.latest(0).empty());
}

TEST_CASE("denials that differ in anything else stay apart") {
  DenialQuery query;
  w_facts facts = allowing_facts();
  facts.candidate_count = 0;
  facts.flags = 0;
  const w_event event = decision_event(1, facts, "/tmp/evil");
  const auto add = [&](auto change) {
    w_event other = event;
    change(other);
    query.add(record_of(other));
  };
  add([](w_event &) {});
  add([](w_event &e) { e.uid = 0; });
  add([](w_event &e) { e.facts.digest[3] = 0; });
  add([](w_event &e) { e.decision.reason = W_REASON_EXPIRED; });
  add([](w_event &e) { e.decision.enforced = 0; });
  add([](w_event &e) { e.facts.request = W_REQUEST_MAP; });
  add([](w_event &e) { e.comm[0] = 'd'; });
  add([](w_event &e) { e.path[1] = 'T'; });
  add([](w_event &e) { e.pid = e.tgid = 1; }); // the same as the first
  CHECK(query.latest(100).size() == 8);
}

TEST_CASE("denials before the time that is asked for do not count") {
  DenialQuery query(denial(1, "/a", 50).time.wall_ns);
  query.add(denial(1, "/a", 49));
  query.add(denial(2, "/a", 50));
  CHECK(query.total() == 1);
}

TEST_CASE("a denial as JSON has words for its numbers") {
  DenialQuery query;
  query.add(denial(1, "/tmp/evil", 50));
  const Json json = denial_to_json(query.latest(1).at(0));
  CHECK(json["reason"] == "missing authorization");
  CHECK(json["request"] == "exec");
  CHECK(json["measure"] == "ima");
  CHECK(json["count"] == 1);
  CHECK(json["enforced"] == true);
}

TEST_CASE("a record is found by its id, whatever else the files hold") {
  const Scratch scratch;
  std::string content = "damaged\n" + std::string(100'000, 'x') + "\n";
  for (const Record &record : one_of_each())
    content += record_to_line(record) + "\n";
  const std::vector<std::string> files = {scratch.file("a", ""),
                                          scratch.file("b", content + "torn")};
  for (const Record &record : one_of_each()) {
    const auto found = find_record(files, record.id);
    REQUIRE(found.ok());
    REQUIRE(found.value());
    CHECK(record_to_line(*found.value()) == record_to_line(record));
  }
  CHECK_FALSE(find_record(files, "3f2a9c1d-99").value());
  CHECK_FALSE(find_record(files, "\"").value());
  CHECK_FALSE(find_record({scratch.path() + "/none"}, "x").ok());
}

TEST_CASE("a record that is damaged itself is an error that says where") {
  const Scratch scratch;
  std::string line = record_to_line(gap(1));
  line[1] = ' ';
  const std::string path = scratch.file("a", line + "\n");
  CHECK_THAT(find_record({path}, gap(1).id).error().message, Contains(path + ":1: "));
}
