// SPDX-License-Identifier: Apache-2.0
#include "lineage/replay.h"

#include <nlohmann/json.hpp>

#include "bpf/decide.h"
#include "lineage/facts_json.h"
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

void Replay::add(const Record &record, const Place &place) {
  result_.records++;
  const auto *decision = std::get_if<Decision>(&record.body);
  if (!decision)
    return;
  result_.decisions++;
  const w_decision again = w_decide(&decision->facts);
  const std::optional<std::string> field = differing_field(decision->decision, again);
  if (!field)
    result_.equal++;
  else if (!result_.first_difference)
    result_.first_difference = Difference{place, record.id, *field, decision->decision, again};
}

Result<ReplayResult> replay_files(const std::vector<std::string> &files) {
  Replay replay;
  WARRANT_TRY(
      visit_records(files, LastLine::kMustEnd,
                    [&](const Record &record, const Place &place) { replay.add(record, place); }));
  return replay.result();
}

std::string difference_text(const Difference &difference) {
  return difference.place.text() + ": " + difference.id + ": " + difference.field + ": recorded " +
         field_text(difference.recorded, difference.field) + ", decide() says " +
         field_text(difference.recomputed, difference.field);
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
                               {"recorded", decision_to_json(difference.recorded)},
                               {"recomputed", decision_to_json(difference.recomputed)}};
  }
  return json;
}

} // namespace warrant
