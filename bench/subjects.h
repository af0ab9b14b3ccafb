// SPDX-License-Identifier: Apache-2.0
// What is measured of this project's own programs: nothing attached, empty programs, Warrant.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/result.h"
#include "daemon/event_reader.h"
#include "daemon/pins.h"
#include "daemon/publish.h"
#include "empty.skel.h"
#include "enforcement.skel.h"

namespace warrant::bench {

enum class Subject {
  kNone,
  kEmpty,
  kObserve,    // Warrant, which refuses nothing
  kEnforce,    // Warrant with verdicts for the whole host
  kEverything, // with scopes for users and cgroups, rules for interpreters, and records required
};

// What a name in kSubjectNames says; nothing: another enforcer's name.
std::optional<Subject> subject_called(std::string_view name);

// Calls of one program and the time they took, as bpf_stats count: with what counting itself costs.
struct HookCost {
  std::string program;
  uint64_t calls = 0;
  uint64_t nanoseconds = 0;
};

// What is published besides what the works need, and concerns none of them.
struct Fill {
  size_t digests = 10000;
  size_t artifacts = 1; // that those digests are granted by, in turn
  size_t users = 0;     // with scopes of their own
};

// Both objects loaded once; attaching and detaching, and what is published, is what changes between
// rounds. Nothing is pinned but the maps, below a directory of its own.
class Switch {
 public:
  // Verdicts will be published for `authorized` digests (for `uid`, too), for `verity` digests, and
  // for what `fill` says, which nothing has.
  static Result<Switch> create(const std::string &pins, std::vector<Digest> authorized,
                               std::vector<Digest> verity, uid_t uid, const Fill &fill);

  Switch(Switch &&) = default;
  // Detaches whatever was attached before, and takes what was recorded out of the ring, as a daemon
  // does all the time: an exec pays for waking one up where much is waiting. Publishes what the
  // subject decides by. Error: what the kernel said.
  Status select(Subject subject);
  // What the kernel counted of each of Warrant's programs so far (needs bpf_enable_stats).
  Result<std::vector<HookCost>> costs() const;
  // The last publication.
  const Published &last() const { return last_; }
  // Bytes that less memory is free for it, by what the kernel says of the whole machine.
  int64_t last_bytes() const { return last_bytes_; }

 private:
  struct Close {
    void operator()(::empty *skeleton) const { empty__destroy(skeleton); }
    void operator()(::enforcement *skeleton) const { enforcement__destroy(skeleton); }
  };
  Switch() = default;
  Status publish(Subject subject);

  std::unique_ptr<::empty, Close> empty_;
  std::unique_ptr<::enforcement, Close> enforcement_;
  std::optional<EventReader> events_;
  std::unique_ptr<MapSet> maps_; // the publisher points to it
  std::optional<Publisher> publisher_;
  std::vector<Digest> authorized_;
  std::vector<Digest> verity_;
  Fill fill_;
  std::vector<Digest> others_; // digests that nothing has
  uid_t uid_ = 0;
  std::optional<Subject> published_;
  Published last_;
  int64_t last_bytes_ = 0;
};

} // namespace warrant::bench
