// SPDX-License-Identifier: Apache-2.0
// Questions to the records: which denials, which record.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/json.h"
#include "artifacts/result.h"
#include "lineage/reader.h"
#include "lineage/record.h"
#include "lineage/text.h"

namespace warrant {

/// Denials that differ only in when they happened and to which process.
struct DenialGroup {
  uint64_t count = 0;
  int64_t first_ns = 0; ///< wall time
  int64_t last_ns = 0;
  std::string last_id; ///< of the last one, for explain
  uint8_t reason = 0;  ///< enum w_reason
  uint8_t request = 0; ///< enum w_request
  uint8_t measure = 0; ///< enum w_measure
  bool enforced = true;
  uint32_t uid = 0;
  Digest digest{};
  Text path;
  Text comm;
};

/// Folds records into groups of denials.
class DenialQuery {
 public:
  /// Only denials at or after this wall time.
  explicit DenialQuery(std::optional<int64_t> since_ns = std::nullopt) : since_ns_(since_ns) {}

  void add(const Record &record);
  /// The `limit` groups that were seen last, the latest first.
  std::vector<DenialGroup> latest(size_t limit) const;
  /// Denials, not groups.
  uint64_t total() const { return total_; }

 private:
  using Key = std::tuple<uint8_t, uint8_t, uint8_t, bool, uint32_t, Digest, Text, Text>;

  std::optional<int64_t> since_ns_;
  std::map<Key, DenialGroup> groups_;
  uint64_t total_ = 0;
};

Json denial_to_json(const DenialGroup &group);

/// The record of this id, or nothing; the last one if the files hold several. Lines that do not
/// contain the id are not parsed, so damage elsewhere in the files does not matter.
Result<std::optional<Record>> find_record(const std::vector<std::string> &files,
                                          const std::string &id);

} // namespace warrant
