// SPDX-License-Identifier: Apache-2.0
// What would have been decided under another policy or other artifacts: recorded facts about the
// task and the content, candidates gathered anew, and the very same decide().
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "artifacts/compile.h"
#include "artifacts/json.h"
#include "artifacts/trust.h"
#include "lineage/record.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

/// Entries compiled with ClockMap{}: their times, and so those of the simulation, are wall time.
struct Premises {
  Entries entries;
  w_mode mode = W_MODE_INVALID;
  w_audit audit = W_AUDIT_INVALID;
  uint64_t lease_until = W_FOREVER; ///< wall time in ns; of artifacts that survive no lost lease
};

/// Requests that would come out otherwise in the same way.
struct ChangedGroup {
  uint64_t count = 0;
  uint8_t request = 0; ///< enum w_request
  Text path;
  w_decision was{};
  w_decision would_be{};
  std::string last_id; ///< of the last one, for explain
};

class Simulation {
 public:
  explicit Simulation(Premises premises);

  void add(const Record &record);

  uint64_t decisions() const { return decisions_; }
  /// Requests to write: no grant answers them, and they are left out.
  uint64_t left_out() const { return left_out_; }
  uint64_t refused_anew() const { return refused_anew_; } ///< went through, would be refused
  uint64_t let_through() const { return let_through_; }   ///< the other way round
  uint64_t changed() const { return changed_; }           ///< with other reasons, too
  std::vector<ChangedGroup> groups() const;

 private:
  using Key = std::tuple<Text, uint8_t, uint8_t, uint8_t, uint8_t, uint8_t, uint8_t, uint8_t>;

  w_facts facts_of(const Record &record, const Decision &decision) const;
  /// Cgroup, uid, host, in the kernel's order; sets the mode of the facts.
  std::vector<uint32_t> scopes_of(const Task &task, w_facts &facts) const;
  void gather(const Decision &decision, uint32_t scope, uint32_t kind, w_facts &facts) const;
  uint32_t demands(const Decision &decision, const w_artifact &artifact) const;
  const w_verdict *find(uint32_t scope, uint32_t kind, const uint8_t *digest) const;

  Premises premises_;
  std::map<std::tuple<uint32_t, uint32_t, Digest>, w_verdict> verdicts_;
  std::map<uint32_t, w_uid_scope> uids_;
  std::map<std::pair<uint32_t, std::string>, w_cgroup_node> cgroups_;
  std::map<Key, ChangedGroup> groups_;
  uint64_t decisions_ = 0;
  uint64_t left_out_ = 0;
  uint64_t refused_anew_ = 0;
  uint64_t let_through_ = 0;
  uint64_t changed_ = 0;
};

/// Of the chosen files under what the options name (kPremises in table_host.cc); prints what came
/// of it.
Try<Simulation> run_simulation(const Arguments &arguments);

} // namespace warrant::cli
