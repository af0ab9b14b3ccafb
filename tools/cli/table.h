// SPDX-License-Identifier: Apache-2.0
// Options that several commands have, and the parts that the table consists of.
#pragma once

#include <span>

#include "tools/cli/cmd.h"

namespace warrant::cli {

/// Commands that make keys and say whom to believe and what to do: key, trust, policy, revocation.
std::span<const Command> trust_commands();
/// Commands that make and judge artifacts and baselines.
std::span<const Command> artifact_commands();
/// Commands that tell which machine a host is.
std::span<const Command> enrollment_commands();
/// Commands that prove a host's state to others.
std::span<const Command> attestation_commands();
/// Commands that ask the lineage.
std::span<const Command> lineage_commands();
/// Commands that ask the kernel, the daemon and the records, and pages.
std::span<const Command> host_commands();

/// A command without a function does not compile (-Wmissing-field-initializers).
constexpr bool is_complete(std::span<const Command> commands) {
  for (const Command &command : commands)
    if (command.noun.empty() || command.summary.empty())
      return false;
  return true;
}

/// In the order in which help lines name them; `fallback` last, since few have one.
constexpr Option option(std::string_view name, std::string_view value, Value type, Count count,
                        std::string_view help, std::string_view fallback = {}) {
  return {name, value, type, count, fallback, help};
}
constexpr Option switch_option(std::string_view name, std::string_view help) {
  return {name, {}, Value::kSwitch, Count::kMaybe, {}, help};
}

inline constexpr Option kForce = {"--force",     {}, Value::kSwitch,
                                  Count::kMaybe, {}, "Replace existing files."};
inline constexpr Option kKeys = {
    "--key",      "KEYFILE",
    Value::kFile, Count::kSome,
    {},           "Private key to sign with. Give it again for every further signature."};
inline constexpr Option kOut = {"--out",      "FILE", Value::kFile,
                                Count::kOnce, {},     "Where to write it."};
inline constexpr Option kTrustRoot = {"--trust-root",
                                      "FILE",
                                      Value::kFile,
                                      Count::kMaybe,
                                      "/etc/warrant/trust-root.json",
                                      "The trust root to verify with."};
inline constexpr Option kTrustPolicy = {"--policy",
                                        "FILE",
                                        Value::kFile,
                                        Count::kMaybe,
                                        "/etc/warrant/policy.json",
                                        "The policy in force."};
inline constexpr Option kRevocation =
    option("--revocation", "FILE", Value::kFile, Count::kMaybe,
           "The revocation list in force. Without it /etc/warrant/revocation.json, if it is there "
           "and --policy is not given; else none.");
/// Of documents that are shown: without it nobody vouches for them.
inline constexpr Option kVerifyWith = option("--trust-root", "FILE", Value::kFile, Count::kMaybe,
                                             "Verify the signatures with this trust root.");
inline constexpr Option kStrict =
    switch_option("--strict", "Answer no if there is anything to warn of.");
inline constexpr Option kIssuedUnder = {
    "--policy",
    "FILE",
    Value::kFile,
    Count::kMaybe,
    "/etc/warrant/policy.json",
    "The policy that it is issued under: only while this one is in "
    "force it authorizes anything."};
inline constexpr Option kForHost = {
    "--host",
    "NAME",
    Value::kText,
    Count::kMaybe,
    {},
    "Only on the host of this name; without it, on every host that trusts "
    "the issuer."};
inline constexpr Option kDemand = {"--environment",
                                   "WHAT",
                                   Value::kText,
                                   Count::kAny,
                                   {},
                                   "Only on a machine that proves it: profile=NAME (of the "
                                   "policy), group=NAME or key=HEX (as it is "
                                   "enrolled), pcr=N:SHA256. Given several times, all must hold."};
inline constexpr Option kAsHost = {
    "--host",      "NAME", Value::kText,
    Count::kMaybe, {},     "Name of the host to judge for; without it, this host's."};
constexpr Option initiator(Count count) {
  return {"--initiator",
          "WHO",
          Value::kText,
          count,
          {},
          "Who may use it: any, uid=N, gid=N, cgroup=/PATH (and all below), unit=NAME.service, "
          "session=N (audit session), code=SHA256 (of the binary that the caller runs) or "
          "code-of=FILE. Given several times, all must hold."};
}
inline constexpr Option kNotBefore = {
    "--not-before", "TIME", Value::kMoment,
    Count::kMaybe,  "now",  "Begin of the window: 2026-11-21T10:00:00Z, now, +2h or -2h."};
inline constexpr Option kNotAfter = {
    "--not-after", "TIME", Value::kMoment,
    Count::kMaybe, {},     "End of the window, exclusive, instead of --valid-for."};
inline constexpr Option kGovernance = {
    "--governance", "NAME=VALUE", Value::kText,
    Count::kAny,    {},           "Ticket, approver, purpose: carried into every record."};
inline constexpr Option kJit = {
    "--jit",       {}, Value::kSwitch,
    Count::kMaybe, {}, "The code may make code at run time (writable and executable memory)."};
inline constexpr Option kRecovery = {
    "--recovery",  {}, Value::kSwitch,
    Count::kMaybe, {}, "It survives a lost lease: for shells and tools that repair a host."};
inline constexpr Option kPinDir = {"--pin-dir",           "DIR",
                                   Value::kDirectory,     Count::kMaybe,
                                   "/sys/fs/bpf/warrant", "Where links and maps are pinned."};
inline constexpr Option kSocket = {"--socket",
                                   "SOCKET",
                                   Value::kFile,
                                   Count::kMaybe,
                                   "/run/warrant/control.sock",
                                   "Where warrantd listens."};
inline constexpr Option kLineageDir = {
    "--lineage-dir",         "DIR", Value::kDirectory, Count::kMaybe, "/var/lib/warrant/lineage",
    "Where the records lie."};
inline constexpr Option kSince = {
    "--since",     "TIME", Value::kSince,
    Count::kMaybe, {},     "Only from then on: 10m (ago) or 2026-11-21T10:00:00Z."};
inline constexpr Option kUntil = {
    "--until",     "TIME", Value::kSince,
    Count::kMaybe, {},     "Only before then: 10m (ago) or 2026-11-21T10:00:00Z."};

inline constexpr Option kTcti = option(
    "--tcti", "TCTI", Value::kText, Count::kMaybe,
    "Where the TPM is, as the TSS names it: device:PATH, swtpm:path=PATH.", "device:/dev/tpmrm0");
inline constexpr Option kHandle =
    option("--handle", "HANDLE", Value::kText, Count::kMaybe,
           "Persistent handle of the attestation key, in hex.", "0x81010010");

constexpr Option lifetime(std::string_view fallback) {
  return {"--valid-for", "DURATION", Value::kDuration,
          Count::kMaybe, fallback,   "Length of the window: 90s, 10m, 12h, 30d or 2w."};
}

constexpr Option file_operand(std::string_view help) {
  return {{}, "FILE", Value::kFile, Count::kOnce, {}, help};
}

} // namespace warrant::cli
