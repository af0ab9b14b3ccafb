// SPDX-License-Identifier: Apache-2.0
// What compiled entries let uid 0 do at one moment, told without the kernel.
#pragma once

#include <cstdint>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/compile.h"

namespace warrant {

/// Counts only what can be relied on: neither counted grants nor those that depend on the
/// caller keep a system going.
class Grants {
 public:
  /// `entries` must outlive it. `boot_ns`: CLOCK_BOOTTIME.
  Grants(const Entries &entries, uint64_t boot_ns);

  /// Whether one grant has all of these actions (W_ACTION_*).
  bool allow(const Digest &sha256, uint32_t actions) const {
    return !artifacts(sha256, actions).empty();
  }
  /// allow(), also once every lease has ended.
  bool allow_without_leases(const Digest &sha256, uint32_t actions) const;
  /// Places in Entries::artifacts of those that grant all of these actions for the content.
  std::vector<uint32_t> artifacts(const Digest &sha256, uint32_t actions) const;
  /// Actions of the first open grant that has `action`, dependent on the caller or not: the kernel
  /// may take it before all others, and gives the process what it says. 0: there is none.
  uint32_t leading(const Digest &sha256, uint32_t action) const;

 private:
  const w_verdict *find(uint32_t scope, const Digest &sha256) const;
  std::vector<uint32_t> grants(const Digest &sha256) const;
  bool is_open(uint32_t index) const;
  bool is_sure(uint32_t index) const;

  const Entries &entries_;
  uint64_t boot_ns_;
  uint32_t root_scope_ = W_SCOPE_INVALID;
};

} // namespace warrant
