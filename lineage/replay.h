// SPDX-License-Identifier: Apache-2.0
// Every recorded verdict, decided once more from its recorded facts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/json.h"
#include "artifacts/result.h"
#include "lineage/reader.h"
#include "lineage/record.h"

namespace warrant {

/// A decision that decide() does not confirm.
struct Difference {
  Place place;
  std::string id;
  std::string field; ///< the first that differs: verdict, reason, candidate, enforced
  w_facts facts{};
  w_decision recorded{};
  w_decision recomputed{};
};

struct ReplayResult {
  uint64_t records = 0;
  uint64_t decisions = 0;
  uint64_t equal = 0;
  std::optional<Difference> first_difference;

  bool agrees() const { return equal == decisions; }
};

/// Folds records; those that are no decisions are only counted.
class Replay {
 public:
  void add(const Record &record, const Place &place);
  /// The same from a record's line, which is parsed only where its verdict is not plain to see
  /// (lineage/verdict_line.h). Errors name the place, and are those of parse_record().
  Status add_line(std::string_view line, const Place &place);
  const ReplayResult &result() const { return result_; }

 private:
  void compare(std::string_view id, const w_facts &facts, const w_decision &recorded,
               const Place &place);

  ReplayResult result_;
};

/// All files from end to end. A record that cannot be read is an error: what cannot be replayed
/// does not agree.
Result<ReplayResult> replay_files(const std::vector<std::string> &files);

/// "lineage.jsonl:7: 3f2a9c1d-12: reason: recorded expired, decide() says authorized", and below it
/// the facts, as the record has them.
std::string difference_text(const Difference &difference);
Json replay_to_json(const ReplayResult &result);

} // namespace warrant
