// SPDX-License-Identifier: Apache-2.0
// Ends the processes of artifacts that are over, and puts on record whom and why.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/endings.h"
#include "daemon/pins.h"
#include "daemon/reaper.h"
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
  static constexpr int kMaxLines = 4; // on stderr, of one look
  void say(const std::vector<std::string> &problems);

  Endings endings_;
  Dying dying_;
  std::set<std::string> told_; // why processes that should end go on, at the last look
};

} // namespace warrant
