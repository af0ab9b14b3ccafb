// SPDX-License-Identifier: Apache-2.0
// Questions to this host: kernel, daemon, records; and pages.
#include "tools/cli/table.h"

namespace warrant::cli {
namespace {

constexpr Option kStatus[] = {kPinDir, kSocket, kLineageDir};
constexpr Option kReload[] = {kSocket};
constexpr Option kWarm[] = {
    option("--names", "FILE", Value::kFile, Count::kAny,
           "List of names that a baseline was captured with: what may be read or mapped."),
    kPinDir};
constexpr Option kDenials[] = {
    kSince,
    {"--limit", "N", Value::kNumber, Count::kMaybe, "50", "At most so many lines."},
    kLineageDir};
constexpr Option kExplain[] = {kLineageDir};
/// What recorded decisions are decided by anew.
constexpr Option kPremises[] = {
    kTrustRoot,
    option("--policy", "FILE", Value::kFile, Count::kMaybe, "The policy to try, signed or a draft.",
           "/etc/warrant/policy.json"),
    option("--artifacts", "DIR", Value::kDirectory, Count::kMaybe, "The artifacts to try.",
           "/etc/warrant/artifacts"),
    kRevocation,
    kAsHost,
    kLineageDir};

constexpr Command kCommands[] = {
    {"status",
     {},
     "Ask the kernel whether it really enforces.",
     "Reads links, maps and counters from the kernel, not from the daemon, and executes a canary "
     "that nobody authorized, which must be refused. Answers no, and says why, if anything is not "
     "as enforcement needs it. Needs root, and an artifact for this program with the action "
     "administer: without it the kernel shows nothing, and only canary and daemon speak. Where "
     "nothing is pinned the records tell whether it was disarmed.",
     kStatus,
     kNoOperand,
     status},
    {"doctor",
     {},
     "What this machine lacks for enforcement, what that costs, how to get it.",
     {},
     {},
     kNoOperand,
     doctor},
    {"reload",
     {},
     "Let warrantd read its configuration directory anew, now.",
     "It does so by itself when a file changes. Answers no if what was in force stays.",
     kReload,
     kNoOperand,
     reload},
    {"warm",
     {},
     "Have the kernel measure files before anybody is judged by them.",
     "Before Linux 6.12 an interpreter whose reads are restricted is refused what nobody has "
     "measured since boot. Maps each file once; takes as long as hashing all of them. warrantd "
     "does "
     "the same for artifacts that name files by path. Answers no if a file could not be opened.",
     kWarm,
     {{}, "PATH", Value::kFile, Count::kAny, {}, "File, or directory with all below it."},
     warm},
    {"denials", {}, "What was refused, and why, latest first.", {}, kDenials, kNoOperand, denials},
    {"explain",
     {},
     "Why one request was allowed or refused, and what to do.",
     {},
     kExplain,
     {{}, "ID", Value::kText, Count::kOnce, {}, "Id of a record, as `warrant denials` prints it."},
     explain},
    {"replay",
     {},
     "Decide every recorded request once more, and compare.",
     "Answers no at a verdict that the recorded facts do not give, and shows the first with its "
     "facts.\n\nWith --policy or --artifacts, tells instead what would have been decided under "
     "them, by file and reason, as `warrant simulate` does, and answers no if anything would have "
     "been decided otherwise. The other options belong to these two.",
     kPremises,
     {{},
      "FILE",
      Value::kFile,
      Count::kAny,
      {},
      "Logs, or files that `warrant lineage export` wrote; without any, those of --lineage-dir."},
     replay},
    {"simulate",
     {},
     "Which recorded decisions another policy or other artifacts would change.",
     "Decides every recorded request to execute or map once more, with the grants that it would "
     "have had. Answers no if anything that went through would be refused.\n\nWhat no record "
     "holds, "
     "audit sessions and uses that were left, is taken as met; callers as running under the "
     "artifact that they ran under; tasks as in the initial user namespace. Requests to write "
     "are left out.",
     kPremises,
     {{},
      "FILE",
      Value::kFile,
      Count::kAny,
      {},
      "Logs, or files that `warrant lineage export` wrote; without any, those of --lineage-dir."},
     simulate},
    {"completion",
     {},
     "Print the completion script for a shell.",
     {},
     {},
     {{}, "bash|zsh", Value::kWord, Count::kOnce, {}, "The shell."},
     completion},
    {"manual", {}, "Print the manual page, in man(7).", {}, {}, kNoOperand, manual},
};
static_assert(is_complete(kCommands));

} // namespace

std::span<const Command> host_commands() {
  return kCommands;
}

} // namespace warrant::cli
