// SPDX-License-Identifier: Apache-2.0
// Which initiators have a scope of their own in the kernel, its number, and how a task finds it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "artifacts/initiator.h"
#include "artifacts/policy.h"
#include "bpf/abi.h"

namespace warrant {

/// All initiators and modes are added first, then number() is called once.
class Scopes {
 public:
  void add(const Initiator &initiator);
  /// Binds a place to a mode, whether or not an artifact is bound there. Of two words on one place
  /// the stricter counts.
  void add(const ScopeMode &mode);
  void number();

  /// Scopes that the grants of an initiator go to: its own, and those of the bound cgroups below
  /// it.
  std::vector<uint32_t> of(const Initiator &initiator) const;
  /// For people: "uid 1000".
  std::string name(uint32_t scope) const;

  /// By uid.
  std::vector<std::pair<uint32_t, w_uid_scope>> uids() const;
  /// By parent node and name. The same places give the same node ids.
  std::vector<std::pair<w_cgroup_key, w_cgroup_node>> cgroups() const;

 private:
  struct Place {
    bool bound = false; ///< has a scope
    uint32_t scope = 0;
    uint32_t mode = 0; ///< enum w_mode; 0: none of its own
  };

  std::map<uint32_t, Place> uids_;
  std::map<std::string, Place> cgroups_;
};

} // namespace warrant
