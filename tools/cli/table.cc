// SPDX-License-Identifier: Apache-2.0
// The whole command line of warrant: dispatcher, help, manual page and completion read this table.
#include "tools/cli/cmd.h"

namespace warrant::cli {
namespace {

// ---- options that several commands have

constexpr Option kForce = {"--force",     {}, Value::kSwitch,
                           Count::kMaybe, {}, "Replace existing files."};
constexpr Option kKeys = {
    "--key",      "KEYFILE",
    Value::kFile, Count::kSome,
    {},           "Private key to sign with. Give it again for every further signature."};
constexpr Option kOut = {"--out", "FILE", Value::kFile, Count::kOnce, {}, "Where to write it."};
constexpr Option kTrustRoot = {"--trust-root",
                               "FILE",
                               Value::kFile,
                               Count::kMaybe,
                               "/etc/warrant/trust-root.json",
                               "The trust root to verify with."};
constexpr Option kTrustPolicy = {"--policy",
                                 "FILE",
                                 Value::kFile,
                                 Count::kMaybe,
                                 "/etc/warrant/policy.json",
                                 "The policy in force."};
constexpr Option kIssuedUnder = {"--policy",
                                 "FILE",
                                 Value::kFile,
                                 Count::kMaybe,
                                 "/etc/warrant/policy.json",
                                 "The policy that it is issued under: only while this one is in "
                                 "force it authorizes anything."};
constexpr Option kForHost = {"--host",
                             "NAME",
                             Value::kText,
                             Count::kMaybe,
                             {},
                             "Only on the host of this name; without it, on every host that trusts "
                             "the issuer."};
constexpr Option kAsHost = {
    "--host",      "NAME", Value::kText,
    Count::kMaybe, {},     "Name of the host to judge for; without it, this host's."};
constexpr Option initiator(Count count) {
  return {"--initiator",
          "WHO",
          Value::kText,
          count,
          {},
          "Who may use it: any, uid=N, gid=N, cgroup=/PATH (and all below) or unit=NAME.service. "
          "Given several times, all must hold."};
}
constexpr Option kNotBefore = {
    "--not-before", "TIME", Value::kMoment,
    Count::kMaybe,  "now",  "Begin of the window: 2026-11-21T10:00:00Z, now, +2h or -2h."};
constexpr Option kNotAfter = {
    "--not-after", "TIME", Value::kMoment,
    Count::kMaybe, {},     "End of the window, exclusive, instead of --valid-for."};
constexpr Option kGovernance = {
    "--governance", "NAME=VALUE", Value::kText,
    Count::kAny,    {},           "Ticket, approver, purpose: carried into every record."};
constexpr Option kJit = {
    "--jit",       {}, Value::kSwitch,
    Count::kMaybe, {}, "The code may make code at run time (writable and executable memory)."};
constexpr Option kRecovery = {
    "--recovery",  {}, Value::kSwitch,
    Count::kMaybe, {}, "It survives a lost lease: for shells and tools that repair a host."};
constexpr Option kPinDir = {"--pin-dir",           "DIR",
                            Value::kDirectory,     Count::kMaybe,
                            "/sys/fs/bpf/warrant", "Where links and maps are pinned."};
constexpr Option kSocket = {"--socket",
                            "SOCKET",
                            Value::kFile,
                            Count::kMaybe,
                            "/run/warrant/control.sock",
                            "Where warrantd listens."};
constexpr Option kLineageDir = {
    "--lineage-dir",         "DIR", Value::kDirectory, Count::kMaybe, "/var/lib/warrant/lineage",
    "Where the records lie."};
constexpr Option kSince = {
    "--since",     "TIME", Value::kSince,
    Count::kMaybe, {},     "Only from then on: 10m (ago) or 2026-11-21T10:00:00Z."};

constexpr Option lifetime(std::string_view fallback) {
  return {"--valid-for", "DURATION", Value::kDuration,
          Count::kMaybe, fallback,   "Length of the window: 90s, 10m, 12h, 30d or 2w."};
}

constexpr Option file_operand(std::string_view help) {
  return {{}, "FILE", Value::kFile, Count::kOnce, {}, help};
}

// ---- the options of each command

constexpr Option kKeyGenerate[] = {
    {"--out",
     "NAME",
     Value::kFile,
     Count::kOnce,
     {},
     "Writes NAME.key, which only its owner may read, and NAME.pub."},
    kForce};

constexpr Option kTrustInit[] = {
    {"--root-key",
     "KEYFILE",
     Value::kFile,
     Count::kSome,
     {},
     "Private key that signs trust roots; this one too."},
    {"--policy-key",
     "KEYFILE",
     Value::kFile,
     Count::kSome,
     {},
     "Key that signs policies. The public file is enough."},
    {"--issuer-key",
     "KEYFILE",
     Value::kFile,
     Count::kSome,
     {},
     "Key that signs artifacts. The public file is enough."},
    {"--root-threshold", "N", Value::kNumber, Count::kMaybe, "1", "Root keys that must sign."},
    {"--policy-threshold", "N", Value::kNumber, Count::kMaybe, "1", "Policy keys that must sign."},
    {"--issuer-threshold", "N", Value::kNumber, Count::kMaybe, "1", "Issuer keys that must sign."},
    {"--root-version", "N", Value::kNumber, Count::kMaybe, "1",
     "Number of this trust root; it grows with every change."},
    {"--expires", "DURATION", Value::kDuration, Count::kMaybe, "365d", "How long it is good for."},
    kOut,
    kForce};

constexpr Option kPolicySign[] = {
    kKeys,
    {"--mode",
     "enforce|observe",
     Value::kWord,
     Count::kOnce,
     {},
     "Whether denials are enforced or only recorded."},
    {"--audit", "required|optional", Value::kWord, Count::kMaybe, "optional",
     "With required, what cannot be recorded is refused."},
    {"--filesystem",
     "NAME",
     Value::kText,
     Count::kAny,
     {},
     "File system that may hold code, because only this kernel changes its content: ext4, xfs, "
     "btrfs, erofs, squashfs, tmpfs, ramfs. Without any, all of these."},
    {"--expires",
     "DURATION",
     Value::kDuration,
     Count::kMaybe,
     {},
     "How long it is good for; without it, until another takes its place."},
    kOut,
    kForce};

constexpr Option kPolicyShow[] = {{"--trust-root",
                                   "FILE",
                                   Value::kFile,
                                   Count::kMaybe,
                                   {},
                                   "Verify the signatures with this trust root."}};

constexpr Option kArtifactDraft[] = {
    {"--subject", "FILE", Value::kFile, Count::kSome, {}, "File whose content is authorized."},
    {"--action", "ACTIONS", Value::kText, Count::kAny, "exec,map",
     "What may be done with it: exec, map, interpret, update, load."},
    initiator(Count::kSome),
    lifetime("30d"),
    kNotBefore,
    kNotAfter,
    {"--kind", "task|baseline|breakglass", Value::kWord, Count::kMaybe, "task", "What it is for."},
    kIssuedUnder,
    kForHost,
    kGovernance,
    kJit,
    kRecovery,
    kOut,
    kForce};

constexpr Option kArtifactSign[] = {kKeys, kOut, kForce};

constexpr Option kArtifactVerify[] = {
    kTrustRoot,
    kTrustPolicy,
    {"--at", "TIME", Value::kMoment, Count::kMaybe, "now", "The moment to judge for."},
    kAsHost};

constexpr Option kArtifactCompile[] = {kTrustRoot, kTrustPolicy, kAsHost};

constexpr Option kBaselineCapture[] = {
    {"--root", "DIR", Value::kDirectory, Count::kOnce, {}, "Root of the file system to look at."},
    kOut,
    {"--exclude",
     "PATTERN",
     Value::kText,
     Count::kAny,
     {},
     "Paths below the root to leave out, as for the shell; * matches slashes too."},
    {"--cross",
     {},
     Value::kSwitch,
     Count::kMaybe,
     {},
     "Enter other file systems too, of those that a policy may trust."},
    {"--modules", {}, Value::kSwitch, Count::kMaybe, {}, "Take in kernel modules (action load)."},
    kForce};

constexpr Option kBaselineSign[] = {kKeys,      kIssuedUnder, lifetime("365d"),
                                    kNotBefore, kNotAfter,    initiator(Count::kAny),
                                    kForHost,   kGovernance,  kJit,
                                    kRecovery,  kOut,         kForce};

constexpr Option kStatus[] = {kPinDir, kSocket};
constexpr Option kReload[] = {kSocket};
constexpr Option kDenials[] = {
    kSince,
    {"--limit", "N", Value::kNumber, Count::kMaybe, "50", "At most so many lines."},
    kLineageDir};
constexpr Option kExplain[] = {kLineageDir};
constexpr Option kLineageShow[] = {
    {"--pid",
     "PID",
     Value::kNumber,
     Count::kMaybe,
     {},
     "The last exec of this process and all that came from it."},
    {"--lineage", "ID", Value::kNumber, Count::kMaybe, {}, "This exec and all that came from it."},
    {"--uid", "UID", Value::kNumber, Count::kMaybe, {}, "Execs of this user."},
    {"--artifact", "ID", Value::kText, Count::kMaybe, {}, "Execs under this artifact."},
    kSince,
    {"--all-boots", {}, Value::kSwitch, Count::kMaybe, {}, "Not only the latest boot."},
    kLineageDir};
constexpr Option kReplay[] = {kLineageDir};

constexpr Option kCommon[] = {
    {"--json", {}, Value::kSwitch, Count::kMaybe, {}, "One JSON value instead of text."},
    {"--help", {}, Value::kSwitch, Count::kMaybe, {}, "What this command does, and its options."}};

// ---- the table

constexpr Command kCommands[] = {
    {"key", "generate", "Make an Ed25519 key.", {}, kKeyGenerate, kNoOperand, key_generate},
    {"key",
     "show",
     "Print a key's fingerprint.",
     "Takes a public or a private key file; never prints a secret.",
     {},
     file_operand("Key file."),
     key_show},
    {"trust", "init", "Make and sign a trust root.",
     "The trust root names the keys of three roles: root keys sign trust roots, policy keys sign "
     "policies, issuer keys sign artifacts. Thresholds count different keys.",
     kTrustInit, kNoOperand, trust_init},
    {"trust",
     "show",
     "Check a trust root's own signatures and print it.",
     {},
     {},
     file_operand("Trust root."),
     trust_show},
    {"policy", "sign", "Make and sign a policy.",
     "Artifacts are issued under one policy: with another one in force they authorize nothing.",
     kPolicySign, kNoOperand, policy_sign},
    {"policy", "show", "Print a policy.", {}, kPolicyShow, file_operand("Policy."), policy_show},
    {"artifact", "draft", "Describe an authorization, unsigned.",
     "The draft is JSON that may be edited before it is signed.", kArtifactDraft, kNoOperand,
     artifact_draft},
    {"artifact", "sign", "Sign a draft, or add a signature to an artifact.",
     "Says on standard error, in plain words, what is about to be signed. A manifest that the "
     "draft names is checked, and put beside the artifact.",
     kArtifactSign, file_operand("Draft or artifact."), artifact_sign},
    {"artifact", "verify", "Judge an artifact as warrantd would.",
     "Answers yes only if the artifact is accepted and its window is open at the moment in "
     "question. A manifest is looked for beside the artifact.",
     kArtifactVerify, file_operand("Artifact."), artifact_verify},
    {"artifact",
     "inspect",
     "Print what an artifact or draft claims, UNVERIFIED.",
     {},
     {},
     file_operand("Artifact, draft, trust root or policy."),
     artifact_inspect},
    {"artifact",
     "compile",
     "Try what warrantd would make of a directory of artifacts.",
     "Nothing is put in force. Answers no if any artifact is refused.",
     kArtifactCompile,
     {{}, "DIR", Value::kDirectory, Count::kOnce, {}, "Directory of artifacts."},
     artifact_compile},
    {"baseline", "capture", "List all code below a root, as a draft.",
     "Every ELF program and shared object, every script and every other file with an x bit. "
     "Symbolic links are not followed. Writes the draft, its manifest beside it, and the names of "
     "all files for people.\n\nIf any file cannot be read, nothing is written: a baseline that "
     "lacks files would refuse them.",
     kBaselineCapture, kNoOperand, baseline_capture},
    {"baseline", "sign", "Sign a captured baseline.",
     "The manifest must lie beside the draft; it is checked, and put beside the artifact.",
     kBaselineSign, file_operand("Draft of a baseline."), baseline_sign},
    {"status",
     {},
     "Ask the kernel whether it really enforces.",
     "Reads links, maps and counters from the kernel, not from the daemon, and executes a canary "
     "that nobody authorized, which must be refused. Answers no, and says why, if anything is not "
     "as enforcement needs it. Needs root.",
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
    {"denials", {}, "What was refused, and why, latest first.", {}, kDenials, kNoOperand, denials},
    {"explain",
     {},
     "Why one request was allowed or refused, and what to do.",
     {},
     kExplain,
     {{}, "ID", Value::kText, Count::kOnce, {}, "Id of a record, as `warrant denials` prints it."},
     explain},
    {"lineage",
     "show",
     "Who ran what, begotten by which exec, under which artifact.",
     {},
     kLineageShow,
     kNoOperand,
     lineage_show},
    {"replay",
     {},
     "Decide every recorded request once more, and compare.",
     "Answers no at a verdict that the recorded facts do not give.",
     kReplay,
     {{},
      "FILE",
      Value::kFile,
      Count::kAny,
      {},
      "Lineage files or transcripts; without any, those of --lineage-dir."},
     replay},
    {"completion",
     {},
     "Print the completion script for a shell.",
     {},
     {},
     {{}, "bash|zsh", Value::kWord, Count::kOnce, {}, "The shell."},
     completion},
    {"manual", {}, "Print the manual page, in man(7).", {}, {}, kNoOperand, manual},
};

// A command without a function does not compile (-Wmissing-field-initializers).
constexpr bool is_complete() {
  for (const Command &command : kCommands)
    if (command.noun.empty() || command.summary.empty())
      return false;
  return true;
}
static_assert(is_complete());

} // namespace

std::span<const Command> commands() {
  return kCommands;
}
std::span<const Option> common_options() {
  return kCommon;
}

} // namespace warrant::cli
