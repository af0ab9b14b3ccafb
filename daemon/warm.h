// SPDX-License-Identifier: Apache-2.0
// Has the kernel measure files ahead of their use. Hooks that cannot sleep, file_open before all,
// judge by what was measured before (docs/kernel-notes.md). The kernel does the measuring; paths
// are hints, and whoever is told a wrong one has measured another file, no more.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/result.h"
#include "daemon/source.h"

namespace warrant {

enum class Warmth {
  kMapped,  // the kernel measured it, or knew it, or could not: it does not say
  kSkipped, // not there, no regular file, too large, or on a file system that no policy may trust
};

// Maps the file at `path` once, for reading, as code (MAP_EXECUTABLE): what the programs take for a
// wish to have it measured. Nothing but a regular file is ever opened. Takes as long as hashing
// does. Error: it is there and cannot be opened or mapped.
Result<Warmth> warm_file(const std::string &path);

// Absolute paths among the names of subjects that may be read or mapped, each once. Manifests have
// no names.
std::vector<std::string> paths_to_warm(const Collection &collection);

// The path of a file that an interpreter was refused only because nobody had measured it before;
// empty for any other event.
std::string unmeasured_read(ByteView event);

// Warms files one after another in a thread of its own, of the lowest priority: hashing one file is
// one call that nobody can interrupt, and the event loop must not wait for it. What is not done
// when it is destroyed is not done any more.
class Warmer {
 public:
  static constexpr size_t kMaxWaiting = 100000;

  Warmer();
  Warmer(const Warmer &) = delete;
  Warmer &operator=(const Warmer &) = delete;
  ~Warmer();

  // Before what waits already, unless it waits itself or too many do.
  void hurry(const std::string &path);
  // In the place of all that waits.
  void follow(std::vector<std::string> paths);
  // Files that were mapped so far.
  uint64_t count() const;
  // Files that wait, with the one that is being measured.
  size_t waiting() const;

 private:
  struct Queue;
  std::shared_ptr<Queue> queue_; // shared with the thread, which may hang on a dead server
};

} // namespace warrant
