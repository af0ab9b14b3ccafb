// SPDX-License-Identifier: Apache-2.0
// What the kernel itself says of enforcement, read through the pins: needs root, but no daemon.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/json.h"
#include "bpf/abi.h"
#include "daemon/pins.h"

namespace warrant {

/// One of kLinks, in that order; hooks that this kernel lacks are left out.
struct LinkStatus {
  std::string_view name;
  uint32_t link_id = 0;    ///< 0: not there
  uint32_t program_id = 0; ///< 0: the link runs no program that can be asked for
  std::string program;     ///< name as the kernel keeps it: 15 characters at most
  std::string tag;         ///< of the program's instructions, hex
  std::string hook;        ///< kernel function that it hangs on: "bpf_lsm_file_open"
  uint64_t skipped = 0;    ///< calls that the kernel left out: the program was running on that CPU
  std::string problem;     ///< empty: pinned, and runs an LSM program of this name on its own hook
};

/// One of kMapNames, in that order.
struct MapStatus {
  std::string_view name;
  uint32_t id = 0; ///< 0: not there
  uint32_t max_entries = 0;
  /// Room of the inner map of the generation in force; the publisher makes it as large as its
  /// entries. Only for generation maps.
  std::optional<uint32_t> in_force;
  std::string problem; ///< empty: pinned and readable
};

struct KernelStatus {
  std::string directory; ///< of the pins
  std::vector<LinkStatus> links;
  std::vector<MapStatus> maps;
  std::optional<w_config> config;                   ///< nothing: cannot be read
  std::array<uint64_t, W_COUNTER_COUNT> counters{}; ///< summed over all processors
  std::optional<uint64_t> open_until;               ///< of W_ENVIRONMENT_OPEN, boot-time ns
  std::optional<bool> ftrace_enabled; ///< false: the kernel calls no BPF LSM program at all
  /// The kernel refuses this program every look: something is in force, and guards itself.
  bool is_hidden = false;
  /// Why enforcement is not what it claims to be, for a person; empty: every part is in place and
  /// the mode is enforce. Says nothing about a live refusal: that is the canary's.
  std::vector<std::string> problems;

  /// Of the generation in force; nullptr: none.
  const w_generation *generation() const;
};

/// Never fails as a whole: what cannot be read is a problem of its part.
KernelStatus read_kernel_status(const std::string &directory = std::string(kDefaultPinDirectory));

/// The words of enum w_counter: "allowed", "denied", "measured", ...
std::string_view counter_name(w_counter counter);

Json kernel_status_to_json(const KernelStatus &status);

} // namespace warrant
