// SPDX-License-Identifier: Apache-2.0
// How many of a log's first entries are kept no longer. Their hashes are: every root and proof is
// as before. See docs/adr/0023-pruning.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "artifacts/result.h"
#include "lineage/log_files.h"
#include "lineage/merkle.h"
#include "lineage/record.h"

namespace warrant {

/// Part of the log, not of its writer's state: a copy needs it.
inline constexpr const char *kPrunedFile = "pruned";
inline constexpr size_t kMaxPrunedSize = 128;

/// Unsigned: what vouches for it is the record that it names, which is in the tree.
struct Pruned {
  uint64_t entries = 0; ///< so many are gone, whole bundles; 0: none
  uint64_t record = 0;  ///< index of the entry that says so; behind them

  friend bool operator==(const Pruned &, const Pruned &) = default;
};

/// Three lines.
std::string serialize_pruned(const Pruned &pruned);
/// Exactly what serialize_pruned() writes for at least one bundle.
Result<Pruned> parse_pruned(std::string_view text);
/// Of a log on disk; nothing pruned if there is no such file.
Result<Pruned> read_pruned(LogFiles &files);

/// That this entry, number `pruned.record`, says that so many entries were given up, whose tree has
/// this root.
Status check_prune_record(const Pruned &pruned, ByteView entry, const Hash &root);

/// Removes the bundles of entries that are given up, whatever of them is there. An error leaves
/// some of them, and harms nothing.
Status remove_pruned_bundles(LogFiles &files, const Pruned &pruned);

} // namespace warrant
