// SPDX-License-Identifier: Apache-2.0
// The only writer of the maps that decide: config, environments and the generation maps.
#pragma once

#include <cstdint>
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
};

struct Published {
  uint64_t generation = 0;
  uint64_t verdicts = 0;
  uint32_t artifacts = 0;  // without the unused index 0
  int64_t nanoseconds = 0; // from the first map made to the switch
};

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
