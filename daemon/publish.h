// SPDX-License-Identifier: Apache-2.0
// The only writer of the maps that decide: config, environments and the generation maps.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "artifacts/compile.h"
#include "artifacts/result.h"
#include "daemon/pins.h"

namespace warrant {

// What the signed policy says that the kernel must know.
struct KernelPolicy {
  w_mode mode = W_MODE_INVALID;
  w_audit audit = W_AUDIT_INVALID;
  std::vector<uint32_t> filesystems; // super-block magics, at most W_MAX_FILESYSTEMS
  // Until when (boot time, ns) artifacts that ask nothing of the machine hold: as long as what they
  // were verified with is fresh.
  uint64_t open_until = W_FOREVER;
  uint64_t state_serial = 0; // of the durable state that goes with the generation
};

struct Published {
  uint64_t generation = 0;
  uint64_t verdicts = 0;
  uint32_t artifacts = 0;  // without the unused index 0
  int64_t nanoseconds = 0; // from the first map made to the switch
};

// What the kernel has left of counted artifacts.
using UsesLeft = std::map<ArtifactId, int64_t>;
Result<UsesLeft> read_uses(const MapSet &maps);
// Gives the kernel uses for artifacts that it knows nothing of; an entry that is there is left
// alone. They must be in the durable state already.
Status hand_out_uses(const MapSet &maps, const UsesLeft &uses);
// Takes all uses back: what the kernel had left of them at that moment.
Result<UsesLeft> take_back_uses(const MapSet &maps);
// The configuration in force.
Result<w_config> read_config(const MapSet &maps);

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
