// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace warrant::cli {

/// How every subcommand ends. Scripts rely on these numbers.
enum class ExitCode {
  kOk = 0,    ///< done; the answer is yes
  kNo = 1,    ///< done; the answer is no
  kUsage = 2, ///< the command line makes no sense; nothing was done
  kError = 3, ///< a file, the kernel or the machine is not as it must be
};

struct ExitCodeHelp {
  ExitCode code;
  std::string_view meaning;
};

inline constexpr ExitCodeHelp kExitCodes[] = {
    {ExitCode::kOk, "Done, and the answer is yes."},
    {ExitCode::kNo,
     "Done, and the answer is no: an artifact is refused, blocked or outside its window, there is "
     "something to warn of and --strict was given, the kernel does not enforce or the machine "
     "cannot, a bundle does not prove a machine's state, what was in force stays, a replay "
     "disagrees, a simulation refuses what went through, "
     "there is no such record."},
    {ExitCode::kUsage, "The command line makes no sense; nothing was done."},
    {ExitCode::kError,
     "There is no answer: a file, the kernel or the machine is not as it must be; the message says "
     "what to do. The file that --out names is as it was, unless only the report of it on standard "
     "output failed."},
};

} // namespace warrant::cli
