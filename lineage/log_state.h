// SPDX-License-Identifier: Apache-2.0
// How far a log's bundles and tiles are durable. Unsigned: the tiles must agree with it, and it
// with the checkpoint.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lineage/merkle.h"

namespace warrant {

inline constexpr const char *kLogStateFile = ".state/tree";
inline constexpr const char *kCheckpointFile = "checkpoint";
inline constexpr size_t kMaxLogStateSize = 1024;

struct LogState {
  std::string origin;
  uint64_t size = 0;
  Hash root = empty_root();
  /// Of a checkpoint that is durable: the one on disk is not smaller. Nothing: there was none.
  std::optional<uint64_t> signed_size;

  friend bool operator==(const LogState &, const LogState &) = default;
};

/// Five lines.
std::string serialize_log_state(const LogState &state);
/// Exactly what serialize_log_state() writes.
Result<LogState> parse_log_state(std::string_view text);

} // namespace warrant
