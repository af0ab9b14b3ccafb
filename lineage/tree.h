// SPDX-License-Identifier: Apache-2.0
// Who begot whom: records folded into the tree of execs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "artifacts/bytes.h"
#include "lineage/record.h"
#include "lineage/text.h"

namespace warrant {

/// How an exec is known.
enum class Knowledge {
  kUnrecorded, ///< only by what came from it: its own record is lost, or older than the log
  kAdopted,    ///< the task is older than enforcement
  kRecorded,   ///< it was recorded when it went through
};

/// "unrecorded", "adopted", "recorded".
std::string_view knowledge_name(Knowledge knowledge);

/// One exec, from then until the next exec of the same task.
struct ExecNode {
  Knowledge knowledge = Knowledge::kUnrecorded;
  uint64_t lineage = 0;
  uint64_t parent = 0; ///< 0: a root
  uint64_t root = 0;
  uint64_t denials = 0; ///< requests of this exec that were denied
  int64_t wall_ns = 0;  ///< of the exec; of the first sign of it if that was not recorded
  uint32_t uid = 0;
  uint32_t pid = 0;      ///< 0: nothing is known but the id
  ArtifactId artifact{}; ///< zero: none
  Text path;             ///< empty: unknown
  Text comm;
  Text cgroup;
  /// It goes on from an exec elsewhere, by a lineage token.
  std::optional<RemoteParent> remote;
};

class ExecTree {
 public:
  /// Which boot, in the order in which boots came, and the lineage id within it.
  using Key = std::pair<size_t, uint64_t>;

  void add(const Record &record);

  /// Sorted: every parent stands before its children.
  const std::map<Key, ExecNode> &nodes() const { return nodes_; }
  const std::vector<std::string> &boots() const { return boots_; }

 private:
  size_t boot_index(const std::string &boot);
  ExecNode &touch(size_t boot, const w_process &process, const Task &task, int64_t wall_ns);
  void add_decision(size_t boot, const Decision &decision, int64_t wall_ns);
  void add_commit(size_t boot, const Commit &commit, int64_t wall_ns);
  void add_handover(size_t boot, const Handover &handover, int64_t wall_ns);

  std::vector<std::string> boots_;
  std::map<Key, ExecNode> nodes_;
  std::map<Key, Text>
      asked_; // path of the file asked for, by the lineage id that the exec will have
};

} // namespace warrant
