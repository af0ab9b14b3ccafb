// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "lineage/event.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;

namespace {

w_event sample() {
  return decision_event(9, allowing_facts(), "/usr/bin/true");
}

// The error for these bytes after `spoil` has had them.
template <class Spoil>
std::string error_of(Spoil spoil) {
  w_event event = sample();
  event.size = static_cast<uint32_t>(W_EVENT_SIZE(event.facts.candidate_count));
  spoil(event);
  const auto *bytes = reinterpret_cast<const uint8_t *>(&event);
  const Result<Event> parsed = Event::parse(ByteView(bytes, W_EVENT_SIZE(1)));
  return parsed.ok() ? "" : parsed.error().message;
}

} // namespace

TEST_CASE("an event comes back as it was sent") {
  const w_event sent = sample();
  const Event event = Event::parse(raw_bytes(sent)).value();
  w_event expected = sent;
  expected.size = W_EVENT_SIZE(1);
  CHECK(std::memcmp(&event.raw(), &expected, sizeof expected) == 0);
  CHECK(event.sequence() == 9);
  CHECK(event.path().escaped() == "/usr/bin/true");
  CHECK(event.comm().escaped() == "bash");
}

TEST_CASE("an event of any other size is refused") {
  const Bytes whole = raw_bytes(sample());
  for (size_t size = 0; size < whole.size(); ++size)
    REQUIRE_FALSE(Event::parse(ByteView(whole.data(), size)).ok());
  Bytes longer = whole;
  while (longer.size() <= sizeof(w_event) + 8) {
    longer.push_back(0);
    REQUIRE_FALSE(Event::parse(longer).ok());
  }
}

TEST_CASE("an event that contradicts itself is refused") {
  CHECK(error_of([](w_event &) {}).empty());
  CHECK_THAT(error_of([](w_event &e) { e.abi = W_ABI_VERSION + 1; }), Contains("ABI version"));
  CHECK_THAT(error_of([](w_event &e) { e.type = 0; }), Contains("unknown type 0"));
  CHECK_THAT(error_of([](w_event &e) { e.type = W_EVENT_TYPE_COUNT; }), Contains("unknown type"));
  CHECK_THAT(error_of([](w_event &e) { e.size--; }), Contains("says"));
  CHECK_THAT(error_of([](w_event &e) { e.facts.candidate_count = 2; }),
             Contains("has 2 candidates"));
  CHECK_THAT(error_of([](w_event &e) { e.facts.candidate_count = 17; }),
             Contains("there can be 16"));
  CHECK_THAT(error_of([](w_event &e) { e.facts.candidate_count = ~0U; }), Contains("there can be"));
  CHECK_THAT(error_of([](w_event &e) { std::memset(e.path, 'a', sizeof e.path); }),
             Contains("does not end"));
  CHECK_THAT(error_of([](w_event &e) { std::memset(e.comm, 'a', sizeof e.comm); }),
             Contains("does not end"));
}

TEST_CASE("what lies behind the end of a path is not the path") {
  w_event event = sample();
  std::memset(event.path, 'x', sizeof event.path - 1);
  std::strcpy(event.path, "/a\xff");
  CHECK(Event::parse(raw_bytes(event)).value().path().escaped() == "/a\\xff");
}

TEST_CASE("a decision's record carries facts, decision and attribution") {
  const Record record = record_of(sample());
  CHECK(record.id == "3f2a9c1d-9");
  CHECK(record.time == Moment{kNow.wall_ns - 10'000000000, 90'000000000});
  const auto &decision = std::get<Decision>(record.body);
  const w_facts facts = allowing_facts();
  CHECK(std::memcmp(&decision.facts, &facts, sizeof facts) == 0);
  CHECK(decision.decision.verdict == W_ALLOW);
  CHECK(decision.artifact == attribution());
  CHECK(decision.task.cgroup.escaped() == "/agents.slice");
  CHECK(decision.file.path.escaped() == "/usr/bin/true");
  CHECK(decision.exec == 41);
  CHECK(decision.policy[0] == 0x11);
}

TEST_CASE("of an artifact that nobody knows the id is kept") {
  w_event event = sample();
  event.granting_artifact[0] = 1;
  const Record record = record_of(event);
  const auto &artifact = std::get<Decision>(record.body).artifact;
  REQUIRE(artifact);
  CHECK(artifact->id[0] == 1);
  CHECK(artifact->sha256 == Digest{});
  CHECK(artifact->issuers.empty());
}

TEST_CASE("without a grant there is no artifact") {
  w_event event = sample();
  std::memset(event.granting_artifact, 0, W_ID_SIZE);
  CHECK_FALSE(std::get<Decision>(record_of(event).body).artifact);
}

TEST_CASE("a commit's artifact is the one that its process now runs under") {
  const Record record = record_of(commit_event(5, 41, 40));
  const auto &commit = std::get<Commit>(record.body);
  CHECK(commit.artifact == attribution());
  CHECK(commit.process.lineage == 41);
  CHECK(commit.process.parent == 40);
}
