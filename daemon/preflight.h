// SPDX-License-Identifier: Apache-2.0
// What this kernel and this machine must offer before enforcement may be armed, what lacking it
// costs, and how to get it. Only looks: nothing is loaded, written or changed. Behind `warrantd`'s
// start and `warrant doctor`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/compile.h"
#include "artifacts/json.h"
#include "artifacts/trust.h"

namespace warrant {

/// One thing that was looked at. Texts are sentences without a trailing newline, safe for a
/// terminal.
struct Check {
  enum class Outcome {
    kFailed,  ///< must not be armed like this
    kWarning, ///< can be armed; `cost` says what it is worth less
    kOk,
  };
  std::string name;
  Outcome outcome = Outcome::kFailed;
  std::string found; ///< what is there
  std::string cost;  ///< what lacking it costs; empty when ok
  std::string fix;   ///< how to get it; empty when ok
};

/// "failed", "warning", "ok".
std::string_view outcome_name(Check::Outcome outcome);

/// All checks of kernel and privileges, always in the same order. `root` is put in front of
/// /proc, /sys and /boot, so that tests can describe a machine as files.
std::vector<Check> run_preflight(const std::string &root = {});

/// Whether nothing failed; warnings do not count.
bool may_arm(const std::vector<Check> &checks);

/// What failed, with what to do, for whoever wants to arm.
Error failed_checks(const std::vector<Check> &checks);

/// What can be armed but is worth less, a line each.
std::vector<std::string> warnings_of(const std::vector<Check> &checks);

/// Whether the system that runs now would survive being armed with these entries: PID 1, this
/// program, the shell, and all code that PID 1 and this program have mapped must be authorized for
/// uid 0 at `boot_ns` (CLOCK_BOOTTIME), on file systems that the policy trusts; and the content of
/// this program must have the action `administer`, or no later daemon could take over. Keeps
/// somebody from bricking a machine by arming it without a baseline. Under a policy that only
/// observes nothing can be bricked: what would fail is a warning. So is a daemon that only leases
/// let be started.
std::vector<Check> check_running_system(const Entries &entries, const Policy &policy,
                                        uint64_t boot_ns);

/// [{"name", "outcome", "found", "cost", "fix"}].
Json checks_to_json(const std::vector<Check> &checks);

} // namespace warrant
