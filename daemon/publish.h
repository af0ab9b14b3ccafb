// SPDX-License-Identifier: Apache-2.0
// The only writer of the maps that decide: config, environments and the generation maps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <vector>

#include "artifacts/compile.h"
#include "artifacts/result.h"
#include "daemon/leases.h"
#include "daemon/ledger.h"
#include "daemon/pins.h"
#include "daemon/root_chain.h"
#include "daemon/state_store.h"

namespace warrant {

// What the signed policy says that the kernel must know.
struct KernelPolicy {
  w_mode mode = W_MODE_INVALID;
  w_audit audit = W_AUDIT_INVALID;
  std::vector<uint32_t> filesystems; // super-block magics, at most W_MAX_FILESYSTEMS
  uint32_t permits = 0;              // W_OBJECT_BIT of what everybody may touch or load
  // Until when (boot time, ns) artifacts that ask nothing of the machine hold: as long as what they
  // were verified with is fresh.
  uint64_t open_until = W_FOREVER;
  uint64_t state_serial = 0;    // of the durable state that goes with the generation
  uint64_t enforcing_since = 0; // boot time, ns; counts only the first time
  ClockMap clock;               // that the generation was compiled by
  // What a first generation tells of the programs; later ones leave it as it is.
  struct Programs {
    uint64_t hooks = 0; // hook_bit() of what will be attached
    Digest object{};    // sha256 of what they were loaded from
  };
  std::optional<Programs> programs;
};

struct Published {
  uint64_t generation = 0;
  uint64_t verdicts = 0;
  uint32_t artifacts = 0;  // without the unused index 0
  int64_t nanoseconds = 0; // from the first map made to the switch
};

// What the kernel has left of counted artifacts.
Result<Counters> read_uses(const MapSet &maps);
// Makes entries, in this order; one that is there is left alone, one whose payer has too little
// left is not made. The durable state must know of them already.
Status hand_out_uses(const MapSet &maps, const std::vector<Handout> &hand_out);
Status forget_uses(const MapSet &maps, const std::vector<ArtifactId> &ids);
// The configuration in force.
Result<w_config> read_config(const MapSet &maps);
// The number of what is published next.
Result<uint64_t> next_generation(const MapSet &maps);
RootMark root_of(const w_config &config);
// The trust root that entries are about to be verified under; nobody takes over under an older one
// or another. Before anything else of a generation, so that the kernel is never behind the state.
Status write_root(const MapSet &maps, const RootMark &root);

// The lineage of the one process that, administering, may remove pins: only from when it has found
// an order to end enforcement until that is done. 0: nobody, as whoever takes hold of what is
// pinned begins. W_ENDING_ANYBODY: whoever administers, where arming is given up.
Status let_pins_go(int config_map, uint64_t lineage);

// Whether the kernel knows that digest as one of the daemon's state; zeros: that there was none.
inline bool is_left(const w_config &config, const Digest &state) {
  return std::any_of(std::begin(config.states), std::end(config.states), [&](const auto &left) {
    return std::equal(state.begin(), state.end(), std::begin(left));
  });
}

// Keeps in the kernel which state of the daemon's is the one that it left; `maps` must live as
// long, but may be moved.
StateWitness keeper_of_states(const MapSet &maps);

// The environment table, and what changes an entry of it; `maps` must outlive that.
Result<Leases::Table> read_environments(const MapSet &maps);
Leases::Write writer_of_environments(const MapSet &maps);

class Publisher {
 public:
  // `maps` must outlive the publisher. Error: the object's BTF cannot be read back from the kernel.
  static Result<Publisher> create(const MapSet &maps);

  Publisher(Publisher &&) noexcept;
  ~Publisher();

  // Builds the new generation in the slot that is not in force, then switches with one store. On
  // any error the generation in force stays in force, untouched.
  Result<Published> publish(const Entries &entries, const KernelPolicy &policy);

 private:
  struct Types;
  Publisher(const MapSet &maps, std::unique_ptr<Types> types);

  Result<UniqueFd> build_verdicts(const Entries &entries) const;
  Result<UniqueFd> build_artifacts(const Entries &entries) const;
  Result<UniqueFd> build_uids(const Entries &entries) const;
  Result<UniqueFd> build_cgroups(const Entries &entries) const;
  Status fill_slot(uint32_t slot, const Entries &entries) const;

  const MapSet *maps_;
  std::unique_ptr<Types> types_;
};

} // namespace warrant
