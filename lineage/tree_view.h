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
  std::optional<std::string> unit; ///< any name of its control group's path
  std::optional<uint64_t> session; ///< see session_of()
  std::optional<uint32_t> login;   ///< see login_of()
  std::optional<int64_t> since_ns; ///< wall time, inclusive
  std::optional<int64_t> until_ns; ///< wall time, exclusive
};

/// One line an exec, with UTF-8 box drawing; ends with a newline unless nothing matches. Safe for a
/// terminal.
std::string tree_to_text(const ExecTree &tree, const TreeFilter &filter = {});
/// {"nodes": [...]}: flat, every parent before its children, because a chain of execs can be longer
/// than any JSON reader likes to nest. `matches` is false for ancestors shown for context.
Json tree_to_json(const ExecTree &tree, const TreeFilter &filter = {});
/// A graph in the language of graphviz, dot(1); what was denied anything is red, ancestors shown
/// for context are dashed.
std::string tree_to_dot(const ExecTree &tree, const TreeFilter &filter = {});

} // namespace warrant
