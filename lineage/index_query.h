// SPDX-License-Identifier: Apache-2.0
// Questions that the index answers: who ran this, what ran most, the tree of execs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/json.h"
#include "artifacts/result.h"
#include "lineage/index.h"
#include "lineage/text.h"
#include "lineage/tree.h"

namespace warrant {

/// Wall time, ns.
struct TimeSpan {
  std::optional<int64_t> since; ///< inclusive
  std::optional<int64_t> until; ///< exclusive
};

/// The tree of all boots, or of the last one of the last log.
Result<ExecTree> exec_tree(LineageIndex &index, bool all_boots);

/// Code, by what it is or by where it was.
struct Wanted {
  std::optional<Digest> digest;
  Text path; ///< whole, or without any slash: the last name of paths
};

/// Requests for the same code by the same user, program and control group under one grant, with one
/// outcome.
struct Run {
  uint64_t count = 0;
  int64_t first_ns = 0;
  int64_t last_ns = 0;
  std::string last_id;       ///< record of the last
  uint64_t last_lineage = 0; ///< that the exec got, or who asked for what was no exec
  uint32_t last_pid = 0;
  uint32_t uid = 0;
  uint8_t request = 0; ///< enum w_request
  uint8_t verdict = 0; ///< enum w_verdict_kind
  uint8_t reason = 0;  ///< enum w_reason
  bool enforced = true;
  Digest digest{};
  ArtifactId artifact{}; ///< zero: none
  Text path;
  Text comm;   ///< of who asked
  Text parent; ///< path of the exec that asked, as of the last; empty: unknown
  Text cgroup;
};

/// Who had this code executed, mapped, read by an interpreter or loaded, the latest first. What was
/// denied and enforced did not run: it is there only `with_denied`.
Result<std::vector<Run>> who_ran(LineageIndex &index, const Wanted &wanted, const TimeSpan &span,
                                 bool with_denied, uint64_t limit);
Json run_to_json(const Run &run);

enum class TopBy { kPath, kDigest, kArtifact, kReason, kUser, kUnit };
enum class TopOf { kRun, kDenied };
/// "path", "digest", "artifact", "reason", "user", "unit".
std::optional<TopBy> top_by(std::string_view word);

struct TopLine {
  uint64_t count = 0;
  int64_t last_ns = 0;
  std::string last_id;
  std::string value; ///< escaped; empty: nothing of the kind
};
/// What was executed most, or denied most (any request), the most first.
Result<std::vector<TopLine>> top(LineageIndex &index, TopOf what, TopBy by, const TimeSpan &span,
                                 uint64_t limit);

} // namespace warrant
