// SPDX-License-Identifier: Apache-2.0
// Which artifacts want their processes ended, and from when on.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "bpf/abi.h"
#include "daemon/source.h"
#include "lineage/attribution.h"

namespace warrant {

struct Ending {
  int64_t at = 0;                     ///< unix seconds; 0: at once
  w_reason reason = W_REASON_INVALID; ///< REVOKED or EXPIRED
  Attribution artifact;
};

class Endings {
 public:
  /// What a generation in force demands; `bonds` are those of its artifacts. What one demanded that
  /// is no longer among them goes on: its processes may still run.
  void follow(const std::vector<AcceptedArtifact> &accepted,
              const std::map<ArtifactId, uint32_t> &bonds);

  /// Bonds whose processes are to be ended at `now` (unix seconds).
  std::vector<uint32_t> due(int64_t now) const;
  /// Why a process is among them; nullptr: it is not.
  const Ending *why(const w_process &process, int64_t now) const;

 private:
  std::map<uint32_t, Ending> by_bond_;
};

} // namespace warrant
