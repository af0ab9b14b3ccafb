// SPDX-License-Identifier: Apache-2.0
// A host's state, proven to somebody far away.
#include "tools/cli/table.h"

namespace warrant::cli {
namespace {

constexpr Option kChallenge =
    option("--challenge", "HEX", Value::kText, Count::kOnce,
           "What the verifier gave, 16 to 64 bytes, fresh for every quote.");

constexpr Option kQuote[] = {
    kChallenge,
    kTcti,
    kHandle,
    option("--pcr", "N", Value::kNumber, Count::kAny,
           "PCR to quote, of the SHA-256 bank; without it, 0 to 15."),
    option("--enrollment", "FILE", Value::kFile, Count::kMaybe, "Which machine this is.",
           "/etc/warrant/enrollment.json"),
    option("--state", "DIR", Value::kDirectory, Count::kMaybe,
           "Where warrantd keeps its state: which policies it measured.", "/var/lib/warrant"),
    option("--boot-log", "FILE", Value::kFile, Count::kMaybe,
           "What firmware and boot loader measured. Left out where there is none and the option is "
           "not given.",
           "/sys/kernel/security/tpm0/binary_bios_measurements"),
    option("--ima-log", "FILE", Value::kFile, Count::kMaybe,
           "What Linux measured since, too: /sys/kernel/security/ima/binary_runtime_measurements, "
           "at most 16 MiB. It names programs that ran."),
    option("--checkpoint", "FILE", Value::kFile, Count::kMaybe,
           "Checkpoint of this host's log of records, to be told with the quote. Left out where "
           "there is none and the option is not given.",
           "/var/lib/warrant/lineage/checkpoint"),
    kOut,
    kForce};
constexpr Option kVerify[] = {
    kChallenge,
    kTrustRoot,
    option("--policy", "FILE", Value::kFile, Count::kMaybe,
           "The policy that the host should be under: where a policy was measured, this one was "
           "the last."),
    option("--profile", "NAME", Value::kText, Count::kMaybe,
           "Environment of that policy that the host should meet."),
    option("--log-key", "VKEY", Value::kText, Count::kMaybe,
           "Verifier key, or file of it, of the host's log of records: the quote must have been "
           "bound to a checkpoint that this key signed."),
    option("--checkpoint-out", "FILE", Value::kFile, Count::kMaybe,
           "Write that checkpoint there: `warrant lineage verify --old` tells whether the log "
           "still grows from it."),
    kForce};

constexpr Command kCommands[] = {
    {"attest",
     "challenge",
     "Make a challenge for a host.",
     "For whoever wants to know its state. What is printed goes to the host and into `warrant "
     "attest verify`; it is good for one quote.",
     {},
     kNoOperand,
     attest_challenge},
    {"attest", "quote", "Have this host's TPM sign its state, for others.",
     "On the host, as root. The bundle holds the quote, its PCRs, the logs that lead to them, the "
     "policies that warrantd measured and the host's enrollment. It is not secret, and tells what "
     "the host booted and which programs it measured.",
     kQuote, kNoOperand, attest_quote},
    {"attest", "verify", "Check what a bundle proves, and say what it does not.",
     "Needs no TPM, no network and no daemon. The answer is yes if the host is enrolled, its TPM "
     "signed exactly this after the challenge was given, nothing that the bundle tells is refuted "
     "by what the TPM quotes, and what --policy and --profile ask holds. What is said to be not "
     "proven makes no difference to the answer: --profile asks for it.",
     kVerify, file_operand("What `warrant attest quote` wrote."), attest_verify},
    {"attest",
     "show",
     "Print what a bundle tells, unverified.",
     {},
     {},
     file_operand("What `warrant attest quote` wrote."),
     attest_show},
};
static_assert(is_complete(kCommands));

} // namespace

std::span<const Command> attestation_commands() {
  return kCommands;
}

} // namespace warrant::cli
