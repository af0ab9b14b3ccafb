// SPDX-License-Identifier: Apache-2.0
// The tree of execs as people and programs see it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "artifacts/json.h"
#include "lineage/tree.h"

namespace warrant {

/// All that is given must hold. What matches is shown with its ancestors, so that it can be placed.
struct TreeFilter {
  std::optional<uint64_t> lineage; ///< this exec and all that came from it
  std::optional<ArtifactId> artifact;
  std::optional<uint32_t> uid;
  std::optional<int64_t> since_ns; ///< wall time, inclusive
};

/// One line an exec, with UTF-8 box drawing; ends with a newline unless nothing matches. Safe for a
/// terminal.
std::string tree_to_text(const ExecTree &tree, const TreeFilter &filter = {});
/// {"nodes": [...]}: flat, every parent before its children, because a chain of execs can be longer
/// than any JSON reader likes to nest. `matches` is false for ancestors shown for context.
Json tree_to_json(const ExecTree &tree, const TreeFilter &filter = {});

} // namespace warrant
