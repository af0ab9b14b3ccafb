// SPDX-License-Identifier: Apache-2.0
// The process whose execs and opens are measured.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "artifacts/result.h"
#include "daemon/unique_fd.h"

namespace warrant::bench {

enum class Work : uint32_t { kStatic, kDynamic, kOpen, kCount };
inline constexpr std::array<const char *, 3> kWorkNames = {
    "vfork+exec+wait static", "vfork+exec+wait dynamic", "open+read+close"};
inline constexpr size_t kWorks = static_cast<size_t>(Work::kCount);

// What is not measured before each round.
inline constexpr size_t kWarmups = 5;

struct Files {
  std::string static_program;
  std::string dynamic_program;
  std::string small;
};

// A process of its own, because every vfork copies the descriptors and every exec closes those that
// are marked so: whoever holds a link to each hook pays for that, and nothing else on a host does.
class Worker {
 public:
  // To be called before anything of the product is opened. Error: what the kernel said.
  static Result<Worker> start(const Files &files);

  Worker(Worker &&) = default;
  // Does the work `count` times, after kWarmups: nanoseconds of each, CLOCK_MONOTONIC (with
  // -icount instructions). Error: the worker ended, having said why.
  Result<std::vector<int64_t>> measure(Work work, size_t count);

 private:
  explicit Worker(UniqueFd channel) : channel_(std::move(channel)) {}

  UniqueFd channel_; // the worker ends when this is closed
};

} // namespace warrant::bench
