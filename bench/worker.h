// SPDX-License-Identifier: Apache-2.0
// The process whose execs and opens are measured.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/result.h"
#include "daemon/unique_fd.h"

namespace warrant::bench {

enum class Work : uint32_t {
  kStatic,
  kDynamic,
  kScript,
  kFork,
  kOpen,
  kMap,
  kFirst64K, // one for each of kFirstBytes
  kFirst1M,
  kFirst16M,
  kHash64K, // the same
  kHash1M,
  kHash16M,
  kBuild,
  kInstall, // as root
  kStorm,
  kUnlisted, // not measured: 1 where it ran, 0 where it was refused
};

struct WorkName {
  std::string_view option;
  std::string_view says;
};
inline constexpr std::array<WorkName, 16> kWorkNames = {{
    {"static", "vfork+exec+wait static"},
    {"dynamic", "vfork+exec+wait dynamic"},
    {"script", "vfork+exec+wait script"},
    {"fork", "fork+exec+wait static"},
    {"open", "open+read+close"},
    {"map", "open+mmap+munmap+close"},
    {"first-64k", "first exec of 64 KiB"},
    {"first-1m", "first exec of 1 MiB"},
    {"first-16m", "first exec of 16 MiB"},
    {"hash-64k", "kernel's SHA-256 of 64 KiB"},
    {"hash-1m", "kernel's SHA-256 of 1 MiB"},
    {"hash-16m", "kernel's SHA-256 of 16 MiB"},
    {"build", "cmake and g++ of a small project"},
    {"install", "apt-get install of a package"},
    {"storm", "2 x 10 execs at once"},
    {"unlisted", "a program that nobody authorized"},
}};

inline constexpr std::array<size_t, 3> kFirstBytes = {64 << 10, 1 << 20, 16 << 20};

/// What the works run, open and map.
struct Files {
  std::string static_program;
  std::string dynamic_program;
  std::string script;
  std::string small;
  std::string library;
  std::string build;                                 ///< a script that builds something
  std::string install;                               ///< one that installs something
  std::string unlisted;                              ///< what nobody authorized
  std::array<std::string, kFirstBytes.size()> first; ///< each made anew before each first exec
};

/// What a work is measured by.
enum class Clock : uint32_t {
  kTime, ///< CLOCK_MONOTONIC
  /// How long the processors ran tasks, whosesoever: without what was waited for a disk, and
  /// without interrupts that came while nothing ran.
  kBusy,
};

/// A process of its own, because every vfork copies the descriptors and every exec closes those
/// that are marked so: whoever holds a link to each hook pays for that, and nothing else on a host
/// does. It runs as another user: fapolicyd trusts root with everything.
class Worker {
 public:
  /// To be called before anything of the product is opened. `uid` is its gid, too. Error: what the
  /// kernel said.
  static Result<Worker> start(const Files &files, uid_t uid);

  Worker(Worker &&) = default;
  /// Does the work `count` times, after `warmups`: nanoseconds of each (with -icount instructions).
  /// Error: the worker ended, having said why.
  Result<std::vector<int64_t>> measure(Work work, size_t count, size_t warmups,
                                       Clock clock = Clock::kTime);

 private:
  explicit Worker(UniqueFd channel) : channel_(std::move(channel)) {}

  UniqueFd channel_; // the worker ends when this is closed
};

} // namespace warrant::bench
