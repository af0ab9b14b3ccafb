// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "lineage/record.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;

namespace {

std::string error_of(std::string_view line) {
  const Result<Record> record = parse_record(line);
  return record.ok() ? "" : record.error().message;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string sample_line() {
  return record_to_line(record_of(decision_event(1, allowing_facts(), "/usr/bin/true")));
}

} // namespace

TEST_CASE("there is a sample of each type of record") {
  std::set<size_t> types;
  for (const Record &record : one_of_each())
    types.insert(record.body.index());
  CHECK(types.size() == std::variant_size_v<Body>);
}

TEST_CASE("each type of record comes back from its line") {
  for (const Record &record : one_of_each()) {
    const std::string line = record_to_line(record);
    CAPTURE(line);
    const Result<Record> again = parse_record(line);
    REQUIRE(again.ok());
    CHECK(again.value().body.index() == record.body.index());
    CHECK(again.value().id == record.id);
    CHECK(again.value().origin == record.origin);
    CHECK(again.value().time == record.time);
    CHECK(record_to_line(again.value()) == line);
    CHECK(record_id(again.value()) == record.id);
    CHECK(Json::parse(line).dump() == line); // sorted and spaced as another writer does it
    CHECK(line.find_first_of(" \n\t") == line.find_first_of(" "));
  }
}

TEST_CASE("the line of a record is fixed") {
  CHECK(record_to_line(gap(17)) ==
        R"({"boot":"3f2a9c1d-0b1c-4d2e-8f30-a1b2c3d4e5f6","boottime":"100000000000",)"
        R"("cause":"a test","host":"host-a","id":"3f2a9c1d-r67bf53b96ec3","lost":"17",)"
        R"("time":"2026-11-21T10:00:00.000000005Z","type":"gap","v":1})");
}

// Logs are kept for years: whoever changes a line here must raise kRecordVersion and go on reading
// this.
TEST_CASE("version 1 of every record is written as it always was") {
  std::string written;
  for (const Record &record : one_of_each())
    written += record_to_line(record) + "\n";
  CHECK(written == content_of(WARRANT_GOLDEN_RECORDS));
}

TEST_CASE("ids are stable, distinct and name the boot") {
  std::set<std::string> ids;
  for (const Record &record : one_of_each())
    CHECK(ids.insert(record.id).second);
  CHECK(gap(1).id != gap(2).id);
  CHECK(gap(1).id == gap(1).id);
  for (const std::string &id : ids)
    CHECK(id.starts_with("3f2a9c1d-"));
}

TEST_CASE("every cut of a line is refused") {
  const std::string line = sample_line();
  for (size_t size = 0; size < line.size(); ++size)
    REQUIRE_FALSE(parse_record(std::string_view(line).substr(0, size)).ok());
}

TEST_CASE("what is wrong with a line is said") {
  const std::string line = sample_line();
  const auto broken = [&](std::string_view from, std::string_view to) {
    return error_of(replaced(line, from, to));
  };
  CHECK_THAT(error_of(""), Contains("empty"));
  CHECK_THAT(error_of("[]"), Contains("object"));
  CHECK_THAT(error_of("7"), Contains("object"));
  CHECK_THAT(error_of(line + " "), Contains("not canonical"));
  CHECK_THAT(error_of(line + line), Contains("malformed"));
  CHECK_THAT(error_of(std::string(kMaxRecordSize + 1, 'x')), Contains("longer than 65535"));
  CHECK_THAT(broken("\"v\":1", "\"v\":2"), Contains("version 2 is newer"));
  CHECK_THAT(broken("\"v\":1", "\"v\":0"), Contains("v"));
  CHECK_THAT(broken("\"v\":1", "\"v\":1.0"), Contains("v"));
  CHECK_THAT(broken("\"v\":1", "\"v\":1,\"v\":1"), Contains("duplicate"));
  CHECK_THAT(broken("\"v\":1", "\"v\":1,\"w\":1"), Contains("w: unknown member"));
  CHECK_THAT(broken("\"type\":\"decision\"", "\"type\":\"omen\""),
             Contains("unknown type \"omen\""));
  CHECK_THAT(broken("\"pid\":812", "\"pid\":-1"), Contains("task.pid"));
  CHECK_THAT(broken("\"pid\":812", "\"pid\":4294967296"), Contains("task.pid"));
  CHECK_THAT(broken("\"pid\":812", "\"pid\":\"812\""), Contains("task.pid"));
  CHECK_THAT(broken("\"pid\":812,", ""), Contains("task.pid: missing"));
  CHECK_THAT(broken("\"sequence\":\"1\"", "\"sequence\":1"), Contains("sequence"));
  CHECK_THAT(broken("\"sequence\":\"1\"", "\"sequence\":\"01\""), Contains("sequence"));
  CHECK_THAT(broken("\"sequence\":\"1\"", "\"sequence\":\"18446744073709551616\""),
             Contains("sequence"));
  CHECK_THAT(broken("\"reason\":\"authorized\"", "\"reason\":\"why not\""),
             Contains("decision.reason"));
  CHECK_THAT(broken("\"reason\":\"authorized\"", "\"reason\":\"1\""), Contains("decision.reason"));
  CHECK_THAT(broken("\"reason\":\"authorized\"", "\"reason\":\"256\""),
             Contains("decision.reason"));
  CHECK_THAT(broken("\"flags\":[\"named\"]", "\"flags\":[\"named\",\"named\"]"),
             Contains("facts.flags"));
  CHECK_THAT(broken("\"flags\":[\"named\"]", "\"flags\":[\"0x100\"]"), Contains("facts.flags"));
  CHECK_THAT(broken("\"candidateCount\":1", "\"candidateCount\":2"), Contains("facts.candidates"));
  CHECK_THAT(broken("\"device\":", "\"devices\":"), Contains("file.device"));
  CHECK_THAT(broken("/usr/bin/true", "/usr/bin/\\u001b[0m"),
             Contains("file.path: not in the escaped form"));
  CHECK_THAT(broken("/usr/bin/true", "/usr/bin/\xff"), Contains("malformed"));
  CHECK_THAT(broken("/usr/bin/true", "/usr\\/bin"), Contains("not canonical"));
  CHECK_THAT(broken("3f2a9c1d-0b1c", "3F2a9c1d-0b1c"), Contains("boot"));
  CHECK_THAT(broken("abababab", "ABababab"), Contains("artifact.id"));
  CHECK_THAT(broken("2026-11-21T09", "2026-11-21T25"), Contains("time"));
  CHECK_THAT(broken("2026-11-21T09:59:50.000000005Z", "2026-11-21T09:59:50Z"),
             Contains("not canonical"));
  CHECK_THAT(broken("{\"artifact\"", "{ \"artifact\""), Contains("not canonical JSON at byte 1"));
}

TEST_CASE("members out of order are refused") {
  const std::string line = record_to_line(gap(17));
  CHECK_THAT(error_of(replaced(replaced(line, "\"type\":\"gap\",", ""), "{", "{\"type\":\"gap\",")),
             Contains("not canonical JSON at byte 2"));
}

TEST_CASE("64-bit numbers survive") {
  w_event event = decision_event(UINT64_MAX, allowing_facts(), "/a");
  event.inode = (1ULL << 53) + 1;
  const Record record = parse_record(record_to_line(record_of(event))).value();
  CHECK(std::get<Decision>(record.body).sequence == UINT64_MAX);
  CHECK(std::get<Decision>(record.body).file.inode == (1ULL << 53) + 1);
}

TEST_CASE("the largest event fits a record") {
  Random random(3);
  w_event event{};
  std::memset(&event, 0xff, sizeof event);
  event.abi = W_ABI_VERSION;
  event.type = W_EVENT_DECISION;
  event.facts.candidate_count = W_MAX_CANDIDATES;
  event.comm[W_COMM_SIZE - 1] = event.path[W_PATH_SIZE - 1] = 0;
  Surroundings surroundings{origin(), {}, {}, {}};
  Attribution artifact = attribution();
  artifact.governance = {{"note", std::string(kMaxGovernanceSize - 4, 'n')}};
  artifact.issuers.assign(64, "SHA256:" + std::string(43, 'A'));
  surroundings.attribution = [&](const ArtifactId &) { return &artifact; };
  surroundings.cgroup = [](uint64_t) { return std::string(W_CGROUP_DEPTH * 255, '\x01'); };
  const Record record = enrich(Event::parse(raw_bytes(event)).value(), surroundings, kNow);
  const std::string line = record_to_line(record);
  CHECK(line.size() <= kMaxRecordSize);
  CHECK(parse_record(line).ok());
}

TEST_CASE("a string that is not UTF-8 cannot make a record unwritable") {
  Record record = gap(1);
  record.id = "\xff";
  CHECK_THAT(record_to_line(record), Contains("\"id\":\"\xef\xbf\xbd\""));
}
