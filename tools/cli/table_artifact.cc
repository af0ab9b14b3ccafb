// SPDX-License-Identifier: Apache-2.0
// Artifacts and baselines.
#include "tools/cli/table.h"

namespace warrant::cli {
namespace {

constexpr Option kSubjects =
    option("--subject", "FILE", Value::kFile, Count::kAny, "File whose content is authorized.");
constexpr Option action(std::string_view fallback) {
  return option("--action", "ACTIONS", Value::kText, Count::kAny,
                "What may be done with it: exec, map, interpret, update, load, administer.",
                fallback);
}
constexpr Option kMaxUsesOption = option("--max-uses", "N", Value::kNumber, Count::kMaybe,
                                         "How many execs it authorizes; without it, any number.");
constexpr Option kOnExpiry =
    option("--on-expiry", "keep|kill", Value::kWord, Count::kMaybe,
           "Whether its end ends its processes, and all that came from them.");
constexpr Option kOnRevoke =
    option("--on-revoke", "keep|kill", Value::kWord, Count::kMaybe,
           "Whether revoking it ends its processes, and all that came from them.");
constexpr Option kInterpreterEntry =
    option("--interpreter-entry", "any|scriptOnly", Value::kWord, Count::kMaybe,
           "Whether it may be executed only as the interpreter of an authorized script.");
constexpr Option kInterpreterReads =
    option("--interpreter-reads", "any|suffixes|listed", Value::kWord, Count::kMaybe,
           "What its processes may read without an interpret grant: all, all but what looks like "
           "code, or no file.");
constexpr Option kDelegateKey =
    option("--delegate-key", "KEYFILE", Value::kFile, Count::kAny,
           "Key that may issue artifacts within this one. The public file is enough.");
constexpr Option kDelegateThreshold = option("--delegate-threshold", "N", Value::kNumber,
                                             Count::kMaybe, "Delegate keys that must sign.", "1");
constexpr Option kDelegateDepth = option("--delegate-depth", "N", Value::kNumber, Count::kMaybe,
                                         "Longest chain of artifacts below this one.", "1");
constexpr Option kRequiresParent =
    switch_option("--requires-parent", "Only for callers that run under the parent artifact.");
constexpr Option kOnHost =
    option("--host", "NAME", Value::kText, Count::kMaybe, "Only on the host of this name.");

constexpr Option kArtifactDraft[] = {
    kSubjects,
    switch_option("--covers-all", "Instead of subjects: any content. For break-glass only."),
    action("exec,map"),
    initiator(Count::kSome),
    lifetime("30d"),
    kNotBefore,
    kNotAfter,
    option("--kind", "task|baseline|breakglass", Value::kWord, Count::kMaybe, "What it is for.",
           "task"),
    kIssuedUnder,
    kForHost,
    kDemand,
    kGovernance,
    kMaxUsesOption,
    kOnExpiry,
    kOnRevoke,
    kInterpreterEntry,
    kInterpreterReads,
    kDelegateKey,
    kDelegateThreshold,
    kDelegateDepth,
    option("--parent", "FILE", Value::kFile, Count::kMaybe,
           "Artifact that it is derived from; a delegate of that one signs it."),
    kRequiresParent,
    kJit,
    kRecovery,
    kOut,
    kForce};

constexpr Option kArtifactDelegate[] = {
    option("--parent", "FILE", Value::kFile, Count::kOnce,
           "Artifact that names the key as delegate. A manifest is looked for beside it."),
    kKeys,
    option("--subject", "FILE", Value::kFile, Count::kSome, "File whose content is authorized."),
    action({}),
    initiator(Count::kAny),
    lifetime({}),
    option("--not-before", "TIME", Value::kMoment, Count::kMaybe,
           "Begin of the window; without it, the parent's, or now if that is later."),
    kNotAfter,
    kOnHost,
    kDemand,
    kGovernance,
    kMaxUsesOption,
    kOnExpiry,
    kOnRevoke,
    kInterpreterEntry,
    kInterpreterReads,
    kDelegateKey,
    kDelegateThreshold,
    kDelegateDepth,
    kRequiresParent,
    kJit,
    kRecovery,
    kOut,
    kForce};

constexpr Option kArtifactSign[] = {kKeys, kOut, kForce};

constexpr Option kArtifactVerify[] = {
    kTrustRoot,
    kTrustPolicy,
    kRevocation,
    option("--parent", "FILE", Value::kFile, Count::kAny,
           "Artifact that it is derived from, and that one's parent, in any order."),
    option("--at", "TIME", Value::kMoment, Count::kMaybe, "The moment to judge for.", "now"),
    kAsHost};

constexpr Option kArtifactCompile[] = {kTrustRoot, kTrustPolicy, kRevocation, kAsHost};
constexpr Option kArtifactLint[] = {kStrict};
constexpr Option kArtifactExport[] = {
    {"--sigstore-bundle",
     {},
     Value::kSwitch,
     Count::kOnce,
     {},
     "As a Sigstore bundle, version 0.3, for cosign verify-blob-attestation."},
    option("--key-hint", "TEXT", Value::kText, Count::kMaybe,
           "Name of the key for whoever verifies it; without it, the fingerprint that the "
           "signature claims."),
    kOut,
    kForce};

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
    option("--restrict-interpreters", "languages|all", Value::kWord, Count::kMaybe,
           "Put interpreters into a draft of their own beside this one (FILE.interpreters), for "
           "scripts only and with reads by suffixes: those of languages, or shells and awk too."),
    kForce};

constexpr Option kBaselineSign[] = {kKeys,
                                    kIssuedUnder,
                                    lifetime("365d"),
                                    kNotBefore,
                                    kNotAfter,
                                    initiator(Count::kSome),
                                    kForHost,
                                    kDemand,
                                    kGovernance,
                                    kInterpreterEntry,
                                    kInterpreterReads,
                                    kJit,
                                    kRecovery,
                                    kOut,
                                    kForce};

constexpr Command kCommands[] = {
    {"artifact", "draft", "Describe an authorization, unsigned.",
     "The draft is JSON that may be edited before it is signed.", kArtifactDraft, kNoOperand,
     artifact_draft},
    {"artifact", "sign", "Sign a draft, or add a signature to an artifact.",
     "Says on standard error, in plain words, what is about to be signed. A manifest that the "
     "draft names is checked, and put beside the artifact.",
     kArtifactSign, file_operand("Draft or artifact."), artifact_sign},
    {"artifact", "delegate", "Issue an artifact within another one, as its delegate.",
     "It grants what the parent grants, to whom and until when, except what is narrowed here; jit "
     "and recovery only if asked for. What is wider than the parent is refused, and named. The "
     "parent's signatures are not checked here.",
     kArtifactDelegate, kNoOperand, artifact_delegate},
    {"artifact", "verify", "Judge an artifact as warrantd would.",
     "Answers yes only if the artifact is accepted, nothing blocks it and its window is open at "
     "the "
     "moment in question. A manifest is looked for beside the artifact.",
     kArtifactVerify, file_operand("Artifact."), artifact_verify},
    {"artifact",
     "lint",
     "Warn of what widens a grant.",
     {},
     kArtifactLint,
     {{}, "FILE", Value::kFile, Count::kSome, {}, "Artifact or draft."},
     artifact_lint},
    {"artifact", "export", "Write an artifact in a form that other tools read.",
     "The signed bytes stay the same.", kArtifactExport, file_operand("Artifact."),
     artifact_export},
    {"artifact",
     "inspect",
     "Print what an artifact, or another document, claims, UNVERIFIED.",
     {},
     {},
     file_operand("Artifact, draft, trust root, policy or revocation list."),
     artifact_inspect},
    {"artifact",
     "compile",
     "Try what warrantd would make of a directory of artifacts.",
     "Nothing is put in force. Answers no if any artifact is refused.",
     kArtifactCompile,
     {{}, "DIR", Value::kDirectory, Count::kOnce, {}, "Directory of artifacts."},
     artifact_compile},
    {"baseline", "capture", "List all code below a root, as a draft.",
     "Every ELF program and shared object, every script and every other file with an x bit, and "
     "what "
     "interpreters read: files that begin with #! or are named like code. "
     "Symbolic links are not followed. Writes the draft, its manifest beside it, and the names of "
     "all files for people.\n\nIf any file cannot be read, nothing is written: a baseline that "
     "lacks files would refuse them.",
     kBaselineCapture, kNoOperand, baseline_capture},
    {"baseline", "sign", "Sign a captured baseline.",
     "The manifest must lie beside the draft; it is checked, and put beside the artifact, as are "
     "the "
     "names. Who may use it must be said, since it takes in all code of a machine: --initiator any "
     "for everybody.",
     kBaselineSign, file_operand("Draft of a baseline."), baseline_sign},
};
static_assert(is_complete(kCommands));

} // namespace

std::span<const Command> artifact_commands() {
  return kCommands;
}

} // namespace warrant::cli
