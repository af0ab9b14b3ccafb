// SPDX-License-Identifier: Apache-2.0
// Which slot of the kernel's environment table stands for which requirement, and until when each is
// open. A slot keeps its meaning as long as any generation in the kernel may refer to it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "artifacts/bytes.h"
#include "artifacts/result.h"
#include "bpf/abi.h"

namespace warrant {

class Leases {
 public:
  using Table = std::array<w_environment, W_MAX_ENVIRONMENTS>;
  // Makes one entry of the kernel's table what is given.
  using Write = std::function<Status(uint32_t slot, const w_environment &)>;

  // Until connect(), nothing is written: the table is only planned.
  explicit Leases(const Table &table = {}) : table_(table) {}

  // The kernel's table becomes what this one is.
  Status connect(Write write);

  // The slot of a requirement; one that no generation refers to is given to a new one, closed. 0
  // when there is none left, which never opens.
  uint32_t slot_of(const Digest &requirement);

  // Open up to here (boot time, ns; exclusive); 0: closed. A lease in force may be cut short.
  Status set(uint32_t slot, uint64_t until);

  uint64_t until(uint32_t slot) const { return table_.at(slot).valid_until; }

  // What the open slot stands for, which whoever comes after this daemon must know; written with
  // its next set().
  void dedicate_open(const Digest &requirement);
  // 0: it stands for something else.
  uint64_t open_until(const Digest &requirement) const;

  // A generation in force refers to these slots alone: all others are closed and may be given away.
  Status retain(const std::set<uint32_t> &slots);

 private:
  Status put(uint32_t slot, const w_environment &entry);

  Table table_;
  Write write_;
};

} // namespace warrant
