// SPDX-License-Identifier: Apache-2.0
// Ends the processes of artifacts that are over, and puts on record whom and why.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/endings.h"
#include "daemon/pins.h"
#include "daemon/recorder.h"

namespace warrant {

class Ender {
 public:
  /// As Endings::follow.
  void follow(const std::vector<AcceptedArtifact> &accepted,
              const std::map<ArtifactId, uint32_t> &bonds);

  /// Whatever is due at `now` (unix seconds). Says on stderr whom it ended, and once why one that
  /// should end goes on.
  void end_due(const MapSet &maps, Recorder &recorder, int64_t now);

 private:
  Endings endings_;
  std::string error_; // why processes that should end go on
  // Whom the last look found to be ended: (process id, lineage). Who is among them again takes long
  // to go, and is on record already.
  std::set<std::pair<pid_t, uint64_t>> ended_;
};

} // namespace warrant
