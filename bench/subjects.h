// SPDX-License-Identifier: Apache-2.0
// What is measured against what: nothing attached, empty programs, Warrant enforcing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/result.h"
#include "daemon/event_reader.h"
#include "daemon/pins.h"
#include "empty.skel.h"
#include "enforcement.skel.h"

namespace warrant::bench {

enum class Subject : size_t { kNone, kEmpty, kWarrant, kCount };
inline constexpr std::string_view kSubjectNames[] = {"none", "empty", "warrant"};
static_assert(std::size(kSubjectNames) == static_cast<size_t>(Subject::kCount));

// Calls of one program and the time they took, as bpf_stats count: with what counting itself costs.
struct HookCost {
  std::string program;
  uint64_t calls = 0;
  uint64_t nanoseconds = 0;
};

// Both objects loaded once; attaching and detaching is what changes between rounds. Nothing is
// pinned but the maps, below a directory of its own.
class Switch {
 public:
  // Publishes verdicts for `authorized` (files) and `fill` more digests that nothing has.
  static Result<Switch> create(const std::string &pins, const std::vector<std::string> &authorized,
                               size_t fill);

  Switch(Switch &&) = default;
  // Detaches whatever was attached before, and takes what was recorded out of the ring, as a daemon
  // does all the time: an exec pays for waking one up where much is waiting. Error: what the kernel
  // said.
  Status select(Subject subject);
  // What the kernel counted of each of Warrant's programs so far (needs bpf_enable_stats).
  Result<std::vector<HookCost>> costs() const;

 private:
  struct Close {
    void operator()(::empty *skeleton) const { empty__destroy(skeleton); }
    void operator()(::enforcement *skeleton) const { enforcement__destroy(skeleton); }
  };
  Switch() = default;

  std::unique_ptr<::empty, Close> empty_;
  std::unique_ptr<::enforcement, Close> enforcement_;
  std::optional<EventReader> events_;
};

} // namespace warrant::bench
