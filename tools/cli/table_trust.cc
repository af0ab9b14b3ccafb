// SPDX-License-Identifier: Apache-2.0
// Whom to believe, and what to do.
#include "tools/cli/table.h"

namespace warrant::cli {
namespace {

constexpr Option kKeyGenerate[] = {
    {"--out",
     "NAME",
     Value::kFile,
     Count::kOnce,
     {},
     "Writes NAME.key, which only its owner may read, and NAME.pub."},
    kForce};
constexpr Option kKeyShow[] = {
    switch_option("--pem", "Instead: the public key in PEM, as cosign and openssl read it.")};

constexpr Option role_key(std::string_view name, Count count, std::string_view help) {
  return option(name, "KEYFILE", Value::kFile, count, help);
}
constexpr Option threshold(std::string_view name, std::string_view help) {
  return option(name, "N", Value::kNumber, Count::kMaybe, help, "1");
}
constexpr Option kThreshold =
    option("--threshold", "ROLE=N", Value::kText, Count::kAny,
           "How many keys of a role must sign: root, policy, baseline, task, revocation, "
           "enrollment, breakglass, lineage, or issuer for baseline and task.");

constexpr Option kTrustInit[] = {
    role_key("--root-key", Count::kSome, "Private key that signs trust roots; this one too."),
    role_key("--policy-key", Count::kSome,
             "Key that signs policies. Of this and the following the public file is enough."),
    role_key("--issuer-key", Count::kAny, "Key that signs artifacts: baselines and tasks."),
    role_key("--baseline-key", Count::kAny, "Key that signs baselines."),
    role_key("--task-key", Count::kAny, "Key that signs tasks."),
    role_key("--revocation-key", Count::kAny, "Key that signs revocation lists."),
    role_key("--enrollment-key", Count::kAny, "Key that enrols hosts."),
    role_key("--breakglass-key", Count::kAny, "Key that signs break-glass artifacts."),
    role_key("--lineage-key", Count::kAny, "Key that signs lineage tokens."),
    kThreshold,
    threshold("--root-threshold", "Root keys that must sign."),
    threshold("--policy-threshold", "Policy keys that must sign."),
    threshold("--issuer-threshold", "Issuer keys that must sign."),
    threshold("--root-version", "Number of this trust root; it grows with every change."),
    option("--expires", "DURATION", Value::kDuration, Count::kMaybe, "How long it is good for.",
           "365d"),
    kOut,
    kForce};

constexpr Option kTrustRotate[] = {
    option("--trust-root", "OLD", Value::kFile, Count::kOnce, "The trust root that it follows."),
    kKeys,
    option("--add", "ROLE=KEYFILE", Value::kText, Count::kAny,
           "Gives a key a role; the public file is enough."),
    option("--remove", "ROLE=KEY", Value::kText, Count::kAny,
           "Takes a role from a key: fingerprint, or key file."),
    kThreshold,
    option("--valid-for", "DURATION", Value::kDuration, Count::kMaybe, "How long it is good for.",
           "365d"),
    kOut,
    kForce};

constexpr Option kAudit = option("--audit", "required|optional", Value::kWord, Count::kMaybe,
                                 "With required, what cannot be recorded is refused.", "optional");
constexpr Option kVersion =
    option("--version", "N", Value::kNumber, Count::kMaybe,
           "Number of this policy; machines refuse a lower one than they have seen.", "1");
constexpr Option kFilesystem =
    option("--filesystem", "NAME", Value::kText, Count::kAny,
           "File system that may hold code, because only this kernel changes its content: ext4, "
           "xfs, btrfs, erofs, squashfs, tmpfs, ramfs. Without any, all of these.");
constexpr Option kPermit = option(
    "--permit", "WORD", Value::kText, Count::kAny,
    "What everybody may touch or load unasked: processMemory, userfaultfd, readImpliesExec, "
    "ptrace, bpf, tracing, kernelMemory, blockDevices, binfmt, ownBinfmt, modules, firmware, "
    "kexec. "
    "Without any, nothing of it.");
constexpr Option kHonour =
    option("--honour", "POLICY", Value::kText, Count::kAny,
           "Earlier policy (file, or sha256 of its payload) whose artifacts stay good.");
constexpr Option kRevocationAge =
    option("--revocation-max-age", "DURATION", Value::kDuration, Count::kMaybe,
           "Demand a revocation list that is no older.");
constexpr Option kBreakglassWindow =
    option("--breakglass-max-window", "DURATION", Value::kDuration, Count::kMaybe,
           "Accept break-glass artifacts for at most so long; without it, none.");
constexpr Option kProfile = option(
    "--environment", "NAME=FILE", Value::kText, Count::kAny,
    "A state of the machine that artifacts may ask for: a JSON file of what is to be proven.");
constexpr Option kAttestation = option(
    "--attestation", "TERM", Value::kText, Count::kAny,
    "How machines prove their state: lease=60s, renewal=20s, profile=NAME (asked of everything), "
    "measure=PCR (which is extended by what is enforced).");
constexpr Option kPolicyLifetime =
    option("--valid-for", "DURATION", Value::kDuration, Count::kMaybe,
           "How long it is good for; without it, until another takes its place.");
constexpr Option kExpires =
    option("--expires", "DURATION", Value::kDuration, Count::kMaybe, "The same as --valid-for.");
constexpr Option mode(Count count) {
  return option("--mode", "enforce|observe", Value::kWord, count,
                "Whether denials are enforced or only recorded.");
}

constexpr Option kPolicyDraft[] = {mode(Count::kOnce),
                                   kAudit,
                                   kVersion,
                                   kFilesystem,
                                   kPermit,
                                   kHonour,
                                   kRevocationAge,
                                   kProfile,
                                   kAttestation,
                                   kBreakglassWindow,
                                   kPolicyLifetime,
                                   kExpires,
                                   kOut,
                                   kForce};
constexpr Option kPolicySign[] = {kKeys,
                                  mode(Count::kMaybe),
                                  kAudit,
                                  kVersion,
                                  kFilesystem,
                                  kPermit,
                                  kHonour,
                                  kRevocationAge,
                                  kProfile,
                                  kAttestation,
                                  kBreakglassWindow,
                                  kPolicyLifetime,
                                  kExpires,
                                  kOut,
                                  kForce};
constexpr Option kPolicyShow[] = {kVerifyWith};
constexpr Option kPolicyLint[] = {
    option("--previous", "FILE", Value::kFile, Count::kMaybe, "The policy that it is to replace."),
    kStrict};

constexpr Option kRevoke[] = {
    kKeys,
    option("--epoch", "N", Value::kNumber, Count::kMaybe,
           "Number of this list, 1 unless given; machines refuse a lower one than they have seen."),
    option("--from", "FILE", Value::kFile, Count::kMaybe,
           "Start from this list: all its entries, and the epoch after it."),
    option("--artifact", "ARTIFACT", Value::kText, Count::kAny,
           "Artifact (file, or sha256 of its payload): it and all derived from it."),
    option("--issuer", "KEY", Value::kText, Count::kAny,
           "Key (fingerprint or file) whose signatures count no more."),
    option("--digest", "CONTENT", Value::kText, Count::kAny,
           "Content (file, or its sha256 or fs-verity digest), whoever names it."),
    option("--host", "NAME", Value::kText, Count::kAny,
           "Host on which nothing is granted any more but recovery."),
    kOut,
    kForce};
constexpr Option kRevocationShow[] = {kVerifyWith};

constexpr Command kCommands[] = {
    {"key", "generate", "Make an Ed25519 key.", {}, kKeyGenerate, kNoOperand, key_generate},
    {"key", "show", "Print a key's fingerprint.",
     "Takes a public or a private key file; never prints a secret.", kKeyShow,
     file_operand("Key file."), key_show},
    {"trust", "init", "Make and sign a trust root.",
     "The trust root names the keys of each role: root keys sign trust roots, policy keys "
     "policies, issuer keys artifacts, and so on. A role without keys is nobody's. Thresholds "
     "count different keys.",
     kTrustInit, kNoOperand, trust_init},
    {"trust", "rotate", "Make the trust root that follows another.",
     "It has the next version, and machines take it in the place of the old one when the root keys "
     "of both, to the threshold of each, have signed it. Says what changes before it signs.",
     kTrustRotate, kNoOperand, trust_rotate},
    {"trust",
     "show",
     "Check a trust root's own signatures and print it.",
     {},
     {},
     file_operand("Trust root."),
     trust_show},
    {"policy", "draft", "Write a policy that can be edited, unsigned.",
     "What issuers may grant, and modes of single scopes, are added by hand.", kPolicyDraft,
     kNoOperand, policy_draft},
    {"policy",
     "sign",
     "Sign a policy.",
     "From a draft, from options, or one that others have signed already. Artifacts are issued "
     "under one policy: with another one in force that does not honour it they authorize nothing.",
     kPolicySign,
     {{},
      "DRAFT",
      Value::kFile,
      Count::kMaybe,
      {},
      "Draft or policy; without it, options say all."},
     policy_sign},
    {"policy", "show", "Print a policy.", {}, kPolicyShow, file_operand("Policy."), policy_show},
    {"policy",
     "lint",
     "Warn of what a policy leaves open.",
     {},
     kPolicyLint,
     file_operand("Policy or draft."),
     policy_lint},
    {"revoke",
     {},
     "Make and sign a revocation list.",
     "A list replaces the one before wholly: --from keeps its entries. A list without entries says "
     "that nothing is revoked, and is as fresh as its date.",
     kRevoke,
     kNoOperand,
     revoke},
    {"revocation",
     "show",
     "Print a revocation list.",
     {},
     kRevocationShow,
     file_operand("Revocation list."),
     revocation_show},
};
static_assert(is_complete(kCommands));

} // namespace

std::span<const Command> trust_commands() {
  return kCommands;
}

} // namespace warrant::cli
