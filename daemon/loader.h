// SPDX-License-Identifier: Apache-2.0
// Brings the programs into the kernel: all links or none, and only after the maps are filled.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "artifacts/bytes.h"
#include "artifacts/result.h"
#include "daemon/pins.h"

struct bpf_map;
struct enforcement;

namespace warrant {

// Programs that the verifier accepted and maps that are pinned, but nothing attached yet.
// Destroying it before arm() succeeded takes the pins back, so that a failed start leaves nothing
// behind.
class Loader {
 public:
  // The folders for pins, below `directory` on bpffs. Error: one is somebody else's.
  static Status make_directories(const std::string &directory);

  // Loads the programs and pins the maps below `directory`, which is there, and locked. Leftover
  // map pins of a start that never armed are replaced. Error: what the verifier or the kernel said;
  // while enforcement is on it lets nobody load programs.
  static Result<Loader> load(const std::string &directory);

  Loader(Loader &&) noexcept;
  Loader &operator=(Loader &&) = delete;
  ~Loader();

  // hook_bit() of each hook that arm() attaches: all that this kernel has.
  uint64_t hooks() const { return hooks_; }
  // Attaches every program and pins every link; on any failure detaches what was attached.
  Status arm();

 private:
  struct Close {
    void operator()(::enforcement *skeleton) const;
  };
  Loader(std::unique_ptr<::enforcement, Close> skeleton, std::string directory, uint64_t hooks);

  Status follow_tasks();

  std::unique_ptr<::enforcement, Close> skeleton_;
  std::string directory_;
  uint64_t hooks_ = 0;
  bool armed_ = false;
};

// sha256 of the object that is part of this program, which load() would load from.
Digest embedded_programs();

// Gives every thread that runs a process context. What cannot be done is left to the first request
// of each.
void adopt_running(const ::enforcement &skeleton);

// One of kMapNames; a map of one entry is a variable of the programs, in a section of its name.
// NULL: there is none.
bpf_map *find_map(const ::enforcement &skeleton, std::string_view name);

// Before the programs are loaded: tells them what this kernel has, and leaves out those for hooks
// that it lacks. Returns hook_bit() of each hook that is there.
uint64_t fit_to_kernel(::enforcement &skeleton);

// Removes all pins below `directory`. Links that nobody else holds are thereby detached.
void remove_pins(const std::string &directory);

} // namespace warrant
