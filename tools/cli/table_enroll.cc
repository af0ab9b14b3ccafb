// SPDX-License-Identifier: Apache-2.0
// Which machine a host is: its TPM's keys, the authority's challenge, the signed enrollment.
#include "tools/cli/table.h"

namespace warrant::cli {
namespace {

constexpr Option kKeep = option("--keep", "FILE", Value::kFile, Count::kOnce,
                                "What the answer must be. It stays with the authority.");

constexpr Option kEnroll[] = {
    kTcti,
    kHandle,
    option("--counter", "INDEX", Value::kText, Count::kMaybe,
           "NV index of the counter that makes rolled-back state detectable, in hex.",
           "0x01810010"),
    option("--host", "NAME", Value::kText, Count::kMaybe,
           "Name to ask for; without it, this host's."),
    option("--machine-id", "FILE", Value::kFile, Count::kMaybe, "Where this machine's id stands.",
           "/etc/machine-id"),
    kOut,
    kForce};
constexpr Option kChallenge[] = {
    option("--ca", "FILE", Value::kFile, Count::kAny,
           "Certificates (PEM) of makers of TPMs who are believed, roots or not."),
    option("--intermediate", "FILE", Value::kFile, Count::kAny,
           "Certificates (PEM) that lead from those of --ca to the TPM's."),
    option("--trust-ek", "SHA256", Value::kText, Count::kMaybe,
           "Believe this endorsement key without a maker's certificate: the digest that `warrant "
           "host enroll` printed on the machine itself."),
    kKeep,
    kOut,
    kForce};
constexpr Option kAnswer[] = {kTcti, kHandle, kOut, kForce};
constexpr Option kApprove[] = {
    option("--answer", "FILE", Value::kFile, Count::kOnce, "What `warrant host answer` wrote."),
    kKeep,
    kKeys,
    option("--host", "NAME", Value::kText, Count::kMaybe,
           "The machine's name; without it, the one that it asks for."),
    option("--group", "NAME", Value::kText, Count::kAny,
           "Group that the machine belongs to: artifacts may name it instead of the host."),
    {"--valid-for",
     "DURATION",
     Value::kDuration,
     Count::kMaybe,
     {},
     "How long the enrollment holds: 90s, 10m, 12h, 30d or 2w; without it, until another one "
     "takes its place."},
    option("--resolves", "N", Value::kNumber, Count::kMaybe,
           "Accept the machine's state as it is at this value of its counter, after it was rolled "
           "back; without it, at the value that the request tells."),
    kOut,
    kForce};
constexpr Option kShow[] = {kVerifyWith};

constexpr Command kCommands[] = {
    {"host", "enroll", "Make this machine's attestation key and counter, and ask to be enrolled.",
     "First of four steps, on the machine, as root. The request holds the public halves of the "
     "attestation key and of the key that the TPM was made with, and its maker's certificate for "
     "that one. Key and counter that are there already stay.",
     kEnroll, kNoOperand, host_enroll},
    {"host", "challenge", "Check who made a machine's TPM, and hide a secret that only it finds.",
     "Second step, by the enrollment authority. The certificate must lead to one of --ca, be for "
     "this TPM's key and name endorsement keys as its use. Where the maker left no certificate, "
     "--trust-ek names the key.",
     kChallenge, file_operand("What `warrant host enroll` wrote."), host_challenge},
    {"host", "answer", "Have this machine's TPM find the secret.",
     "Third step, on the machine, as root. It succeeds only where one TPM holds both keys of the "
     "request.",
     kAnswer, file_operand("What `warrant host challenge` wrote."), host_answer},
    {"host", "approve", "Compare the answer, and sign who the machine is.",
     "Last step, by the enrollment authority, with a key of the role enrollment. The request must "
     "be the one that was challenged, byte for byte.",
     kApprove, file_operand("What `warrant host enroll` wrote."), host_approve},
    {"host", "show", "Print an enrollment.", {}, kShow, file_operand("Enrollment."), host_show},
};
static_assert(is_complete(kCommands));

} // namespace

std::span<const Command> enrollment_commands() {
  return kCommands;
}

} // namespace warrant::cli
