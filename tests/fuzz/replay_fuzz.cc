// SPDX-License-Identifier: Apache-2.0
// The quick reader of replay beside the one that builds documents: what it takes of any bytes is
// canonical and says the same. A whole log of lines is replayed, or refused with its place.
#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "lineage/facts_json.h"
#include "lineage/replay.h"
#include "lineage/verdict_line.h"
#include "tests/fuzz/require.h"

using namespace warrant;

namespace {

template <class T>
bool is_same(const T &a, const T &b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

void check_line(std::string_view line) {
  VerdictLine seen;
  if (!read_verdict_line(line, seen))
    return;
  const Checked<Json> json = parse_json(view(line));
  require(json.ok() && json.value().dump() == line && json.value()["id"] == seen.id);
  if (const Result<Record> record = parse_record(line); record.ok())
    require(std::holds_alternative<Decision>(record.value().body) == seen.is_decision);
  if (!seen.is_decision)
    return;
  const Checked<w_facts> facts = facts_from_json(json.value()["facts"]);
  const Checked<w_decision> decision = decision_from_json(json.value()["decision"]);
  require(facts.ok() && is_same(facts.value(), seen.facts));
  require(decision.ok() && is_same(decision.value(), seen.decision));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view log(reinterpret_cast<const char *>(data), size);
  Replay replay;
  for (uint64_t number = 1; !log.empty(); number++) {
    const std::string_view line = log.substr(0, log.find('\n'));
    log.remove_prefix(std::min(log.size(), line.size() + 1));
    check_line(line);
    const Status status = replay.add_line(line, {"log", number});
    require(status.ok() || status.error().message.starts_with("log:" + std::to_string(number)));
  }
  const ReplayResult &result = replay.result();
  require(result.equal <= result.decisions && result.decisions <= result.records);
  require(result.agrees() != result.first_difference.has_value());
  if (result.first_difference)
    require(!difference_text(*result.first_difference).empty());
  replay_to_json(result).dump();
  return 0;
}
