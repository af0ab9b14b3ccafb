// SPDX-License-Identifier: Apache-2.0
// Whatever bits the kernel sends, the record gives them back; whatever a file holds, reading it
// ends.
#include <cstring>
#include <nlohmann/json.hpp>

#include "bpf/decide.h"
#include "lineage/event.h"
#include "lineage/facts_json.h"
#include "lineage/record.h"
#include "tests/catch.h"
#include "tests/unit/lineage_fixture.h"

using namespace warrant;
using namespace warrant::lineage_test;

namespace {

// A sanitizer makes a round tens of times as dear; what it looks for shows in the first ones.
constexpr int kRounds = kSanitized ? 300 : 3000;

template <class T>
bool same_bits(const T &a, const T &b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

// Through text, as a file would have it.
Json reparsed(const Json &json) {
  return parse_json(view(json.dump())).value();
}

w_event random_event(Random &random) {
  auto event = random_bits<w_event>(random);
  event.abi = W_ABI_VERSION;
  event.type = static_cast<uint16_t>(1 + random() % (W_EVENT_TYPE_COUNT - 1));
  event.facts.candidate_count %= W_MAX_CANDIDATES + 1;
  event.comm[random() % W_COMM_SIZE] = 0;
  event.path[random() % W_PATH_SIZE] = 0;
  return event;
}

} // namespace

TEST_CASE("facts of any bits come back from JSON, and so does the decision on them") {
  Random random(11);
  for (int i = 0; i < kRounds; ++i) {
    const auto facts = random_bits<w_facts>(random);
    const Checked<w_facts> again = facts_from_json(reparsed(facts_to_json(facts)));
    REQUIRE(again.ok());
    REQUIRE(same_bits(again.value(), facts));
    REQUIRE(same_bits(w_decide(&again.value()), w_decide(&facts)));
  }
}

TEST_CASE("every value of every byte-wide fact comes back") {
  uint8_t w_facts::*const fields[] = {&w_facts::hook,  &w_facts::request, &w_facts::mode,
                                      &w_facts::audit, &w_facts::measure, &w_facts::digest_kind,
                                      &w_facts::chain, &w_facts::object};
  for (const auto field : fields)
    for (unsigned value = 0; value <= UINT8_MAX; ++value) {
      w_facts facts{};
      facts.*field = static_cast<uint8_t>(value);
      REQUIRE(same_bits(facts_from_json(reparsed(facts_to_json(facts))).value(), facts));
    }
  for (unsigned bit = 0; bit < 32; ++bit) {
    w_facts facts{};
    facts.flags = 1U << bit;
    facts.candidate_count = 1;
    facts.candidates[0].flags = facts.candidates[0].actions = 1U << bit;
    REQUIRE(same_bits(facts_from_json(reparsed(facts_to_json(facts))).value(), facts));
  }
}

TEST_CASE("decisions and process contexts of any bits come back") {
  Random random(12);
  for (int i = 0; i < kRounds; ++i) {
    const auto decision = random_bits<w_decision>(random);
    REQUIRE(same_bits(decision_from_json(reparsed(decision_to_json(decision))).value(), decision));
    const auto process = random_bits<w_process>(random);
    JsonText text;
    write_process(text, process);
    const Json json = parse_json(view(std::move(text).take())).value();
    REQUIRE(same_bits(process_from_json(json).value(), process));
  }
}

TEST_CASE("an event of any bits becomes a record that gives them back") {
  Random random(13);
  for (int i = 0; i < kRounds / 2; ++i) {
    const w_event event = random_event(random);
    const Record record = record_of(event);
    const std::string line = record_to_line(record);
    REQUIRE(line.size() <= kMaxRecordSize);
    REQUIRE(Json::parse(line).dump() ==
            line); // sorted, escaped and spaced as another writer does it
    const Result<Record> again = parse_record(line);
    if (!again.ok())
      FAIL(again.error().message << " in " << line);
    REQUIRE(record_to_line(again.value()) == line);
    REQUIRE(record_id(again.value()) == record.id);
    if (event.type != W_EVENT_DECISION)
      continue;
    const auto &decision = std::get<Decision>(again.value().body);
    w_facts sent = event.facts;
    for (uint32_t j = sent.candidate_count; j < W_MAX_CANDIDATES; ++j)
      sent.candidates[j] = {};
    REQUIRE(same_bits(decision.facts, sent));
    REQUIRE(same_bits(decision.decision, event.decision));
    REQUIRE(same_bits(decision.process, event.process));
    REQUIRE(decision.file.path.bytes() == std::string(event.path));
    REQUIRE(decision.task.comm.bytes() == std::string(event.comm));
    REQUIRE(decision.sequence == event.sequence);
    REQUIRE(decision.exec == event.exec);
    REQUIRE(decision.file.inode == event.inode);
    REQUIRE(decision.task.cgroup_id == event.cgroup_id);
  }
}

TEST_CASE("a damaged line is refused or is another record's one spelling") {
  Random random(14);
  std::vector<std::string> lines;
  for (const Record &record : one_of_each())
    lines.push_back(record_to_line(record));
  int refused = 0;
  for (int i = 0; i < kRounds; ++i) {
    std::string line = lines[random() % lines.size()];
    for (uint64_t changes = 1 + random() % 3; changes > 0; --changes)
      line[random() % line.size()] =
          static_cast<char>(random() % 2 ? random() : '0' + random() % 10);
    const Result<Record> record = parse_record(line);
    refused += !record.ok();
    if (record.ok())
      REQUIRE(record_to_line(record.value()) == line);
    else
      REQUIRE_FALSE(record.error().message.empty());
  }
  CHECK(refused > kRounds / 4);
}

TEST_CASE("bytes of any kind are parsed or refused") {
  Random random(15);
  for (int i = 0; i < kRounds; ++i) {
    Bytes bytes(random() % (sizeof(w_event) + 64));
    for (uint8_t &byte : bytes)
      byte = static_cast<uint8_t>(random());
    const Result<Event> event = Event::parse(bytes);
    if (event.ok())
      REQUIRE(event.value().raw().size == bytes.size());
  }
}
