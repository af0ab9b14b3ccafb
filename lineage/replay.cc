// SPDX-License-Identifier: Apache-2.0
#include "lineage/replay.h"

#include <nlohmann/json.hpp>

#include "bpf/decide.h"
#include "lineage/facts_json.h"
#include "lineage/verdict_line.h"
#include "lineage/words.h"

namespace warrant {
namespace {

// The name of the first field that differs, or nothing.
std::optional<std::string> differing_field(const w_decision &a, const w_decision &b) {
  if (a.verdict != b.verdict)
    return "verdict";
  if (a.reason != b.reason)
    return "reason";
  if (a.candidate != b.candidate)
    return "candidate";
  if (a.enforced != b.enforced)
    return "enforced";
  return std::nullopt;
}

std::string field_text(const w_decision &decision, const std::string &field) {
  if (field == "verdict")
    return kVerdictWords.text(decision.verdict);
  if (field == "reason")
    return kReasonWords.text(decision.reason);
  return std::to_string(field == "candidate" ? decision.candidate : decision.enforced);
}

} // namespace

void Replay::compare(std::string_view id, const w_facts &facts, const w_decision &recorded,
                     const Place &place) {
  result_.decisions++;
  const w_decision again = w_decide(&facts);
  const std::optional<std::string> field = differing_field(recorded, again);
  if (!field)
    result_.equal++;
  else if (!result_.first_difference)
    result_.first_difference = Difference{place, std::string(id), *field, facts, recorded, again};
}

void Replay::add(const Record &record, const Place &place) {
  result_.records++;
  if (const auto *decision = std::get_if<Decision>(&record.body))
    compare(record.id, decision->facts, decision->decision, place);
}

Status Replay::add_line(std::string_view line, const Place &place) {
  VerdictLine seen;
  if (read_verdict_line(line, seen)) {
    result_.records++;
    if (seen.is_decision)
      compare(seen.id, seen.facts, seen.decision, place);
    return {};
  }
  const Result<Record> record = parse_record(line);
  if (!record.ok())
    return Error{place.text() + ": " + record.error().message};
  add(record.value(), place);
  return {};
}

Result<ReplayResult> replay_files(const std::vector<std::string> &files) {
  Replay replay;
  for (const std::string &file : files) {
    RecordReader reader = WARRANT_TRY(RecordReader::open(file));
    while (const std::optional<std::string_view> line = WARRANT_TRY(reader.next_line()))
      WARRANT_TRY(replay.add_line(*line, reader.place()));
  }
  return replay.result();
}

std::string difference_text(const Difference &difference) {
  return difference.place.text() + ": " + difference.id + ": " + difference.field + ": recorded " +
         field_text(difference.recorded, difference.field) + ", decide() says " +
         field_text(difference.recomputed, difference.field) +
         "\n  facts: " + facts_to_json(difference.facts).dump();
}

Json replay_to_json(const ReplayResult &result) {
  Json json = {{"records", result.records},
               {"decisions", result.decisions},
               {"equal", result.equal},
               {"agrees", result.agrees()}};
  if (result.first_difference) {
    const Difference &difference = *result.first_difference;
    json["firstDifference"] = {{"file", difference.place.file},
                               {"line", difference.place.line},
                               {"id", difference.id},
                               {"field", difference.field},
                               {"facts", facts_to_json(difference.facts)},
                               {"recorded", decision_to_json(difference.recorded)},
                               {"recomputed", decision_to_json(difference.recomputed)}};
  }
  return json;
}

} // namespace warrant
