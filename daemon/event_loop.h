// SPDX-License-Identifier: Apache-2.0
// Everything that warrantd waits for, in one place: signals, changed files, the clock being set,
// the next tick, and descriptors of others.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "artifacts/result.h"
#include "daemon/unique_fd.h"

namespace warrant {

struct Wakeup {
  bool stop = false;    // SIGTERM or SIGINT
  bool changed = false; // SIGHUP, a file of a watched directory, or the wall clock was set
};

class EventLoop {
 public:
  // Records are committed at least this often.
  static constexpr long kTickNanoseconds = 100'000'000;

  // Blocks the signals in this process and watches the directories.
  static Result<EventLoop> create(const std::vector<std::string> &directories);

  Status watch(int fd);
  // Wakes up when something new comes, not as long as there is something.
  Status watch_edges(int fd);
  Result<Wakeup> wait();
  // Watches the directories of these names, which may be others than before; says whether one was
  // new. To be asked for now and then: a watch stays on a directory that was moved away.
  Result<bool> watch_directories();

 private:
  Status add(int fd, uint32_t events);
  EventLoop(UniqueFd poll, UniqueFd signals, UniqueFd files, UniqueFd ticks, UniqueFd clock);

  std::vector<std::string> directories_;
  std::set<int> watches_;

  UniqueFd poll_;
  UniqueFd signals_;
  UniqueFd files_;
  UniqueFd ticks_;
  UniqueFd clock_;
};

} // namespace warrant
