// SPDX-License-Identifier: Apache-2.0
// Ends the processes that ran under an artifact which is no longer in force, and their governed
// descendants: all whose context carries its bond.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/result.h"
#include "bpf/abi.h"
#include "daemon/unique_fd.h"

namespace warrant {

/// The context of the process that a pidfd refers to; nothing: it has none (a kernel thread, or it
/// is gone).
using ContextLookup = std::function<Result<std::optional<w_process>>(int pidfd)>;

struct ReapedProcess {
  pid_t pid = 0; ///< for people: by now it may be another's
  w_process context{};
};

struct ReapReport {
  std::vector<ReapedProcess> killed; ///< each once, in the order of the first signal
  /// Carry a bond but are not to be killed: pid 1 and this process.
  std::vector<ReapedProcess> spared;
  /// Of single processes, the first 64: could not be opened, looked up or signalled.
  std::vector<std::string> errors;
  uint32_t passes = 0;
  /// The last two passes found nobody to kill, and could look at everybody.
  bool is_complete = false;
};

struct ReapLimits {
  uint32_t passes = 64;
  /// Milliseconds to wait, after each pass, for those that it killed to be gone.
  int settle_ms = 50;
  /// Where the kernel lists processes.
  std::string proc = "/proc";
};

/// Who was killed and has not exited yet, by number, of at most 256.
using Dying = std::map<pid_t, UniqueFd>;

/// SIGKILL, by pidfd, to every process that carries one of `bonds` (1 to W_MAX_BONDS); again until
/// two whole passes over /proc in a row find nobody else, because what is killed may just have
/// forked. One that forks and exits faster than it can be looked at may slip through: call again
/// while the bond is held. Processes that have exited and only wait for their parent do not count,
/// nor those in `dying`, which is brought up to date. Error: /proc cannot be read, or is something
/// else.
Result<ReapReport> reap(const std::vector<uint32_t> &bonds, const ContextLookup &lookup,
                        Dying &dying, const ReapLimits &limits = {});

/// Whether a context carries one of the bonds.
bool carries_bond(const w_process &context, const std::vector<uint32_t> &bonds);

} // namespace warrant
