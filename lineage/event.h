// SPDX-License-Identifier: Apache-2.0
// Bytes from the kernel's ring buffer -> event -> record.
#pragma once

#include <functional>

#include "artifacts/bytes.h"
#include "artifacts/result.h"
#include "bpf/abi.h"
#include "lineage/attribution.h"
#include "lineage/record.h"

namespace warrant {

/// One event whose shape has been checked: this ABI version, a known type, exactly the size that
/// its candidates need, terminated strings. Values are not judged: an enum value that nobody knows
/// is recorded as the number it is.
class Event {
 public:
  /// Errors say what is wrong with the bytes; nothing is read beyond them.
  static Result<Event> parse(ByteView bytes);

  /// Candidates beyond the count are zero.
  const w_event &raw() const { return raw_; }
  uint64_t sequence() const { return raw_.sequence; }
  Text comm() const;
  Text path() const;

 private:
  Event() = default;
  w_event raw_{};
};

/// Path of a cgroup by its id, or empty if the cgroup is gone.
using CgroupLookup = std::function<std::string(uint64_t id)>;

/// What the daemon knows and the kernel does not. Lookups may be empty.
struct Surroundings {
  Origin origin;
  Digest policy{}; ///< in force
  AttributionLookup attribution;
  CgroupLookup cgroup;
};

/// The record of an event. `now` is any recent reading of both clocks: the event's own boot time
/// gives the wall time.
Record enrich(const Event &event, const Surroundings &surroundings, const Moment &now);

} // namespace warrant
