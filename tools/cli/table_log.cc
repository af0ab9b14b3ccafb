// SPDX-License-Identifier: Apache-2.0
// The log of records: what is in it, and that it is what was signed.
#include "tools/cli/cmd_log.h"
#include "tools/cli/table.h"

namespace warrant::cli {
namespace {

constexpr Option kLog = option("--log", "DIR", Value::kDirectory, Count::kMaybe,
                               "The log's folder, or a copy of it.", "/var/lib/warrant/lineage");
constexpr Option kLogKey =
    option("--key", "VKEY", Value::kText, Count::kMaybe,
           "The log's verifier key, or the file that holds it. Without it, log.vkey beside the "
           "log's folder: whoever can change the one can change the other.");
constexpr Option kWitness =
    option("--witness", "VKEY", Value::kText, Count::kAny,
           "Verifier key, or file of it, of a witness that must have cosigned.");

constexpr Option kVerify[] = {
    kLogKey, kWitness,
    option("--old", "FILE", Value::kFile, Count::kMaybe,
           "A checkpoint of this log that was kept elsewhere: the log must have grown from it."),
    kLog};
constexpr Option kProve[] = {
    kOut,
    kForce,
    kLogKey,
    option("--artifacts", "DIR", Value::kDirectory, Count::kMaybe,
           "Where the artifact that the record names may lie, and its parents, to be told with it.",
           "/etc/warrant/artifacts"),
    kTrustRoot,
    kLog};
constexpr Option kVerifyProof[] = {
    option("--key", "VKEY", Value::kText, Count::kOnce,
           "The log's verifier key, or the file that holds it."),
    kWitness,
    option("--trust-root", "FILE", Value::kFile, Count::kMaybe,
           "Check the signatures of the artifacts in the bundle with this trust root."),
    option("--record", "FILE", Value::kFile, Count::kMaybe,
           "The record, of a proof that does not hold it.")};
constexpr Option kConsistency[] = {
    option("--out", "FILE", Value::kFile, Count::kMaybe,
           "Write the proof as a request to a witness, as c2sp.org/tlog-witness wants it."),
    kForce, kLogKey, kLog};
constexpr Option kKey[] = {
    option("--secret", "KEYFILE", Value::kFile, Count::kMaybe,
           "Not of a log: of this key, as `warrant key generate` writes it."),
    option("--name", "NAME", Value::kText, Count::kMaybe, "The name that it signs under."),
    switch_option("--cosigner", "It is that of a witness."), kLogKey, kLog};
constexpr Option kPrune[] = {{"--before",
                              "TIME",
                              Value::kMoment,
                              Count::kOnce,
                              {},
                              "Records of before then: 2026-11-21T10:00:00Z, or -2160h."},
                             switch_option("--dry-run", "Only tell what would be pruned."),
                             kLogKey,
                             kLog};
constexpr Option kWitnessOptions[] = {
    option("--state", "DIR", Value::kDirectory, Count::kOnce,
           "Where it keeps what it cosigned last; made if need be."),
    option("--key", "KEYFILE", Value::kFile, Count::kOnce, "The private key of the witness."),
    option("--name", "NAME", Value::kText, Count::kOnce, "The name of the witness."),
    option("--log-key", "VKEY", Value::kText, Count::kOnce,
           "The log's verifier key, or the file that holds it."),
    option("--log", "DIR", Value::kDirectory, Count::kMaybe,
           "Instead of a request: the log's folder, or a copy of it."),
    option("--out", "FILE", Value::kFile, Count::kMaybe,
           "Where to write the checkpoint with the cosignature."),
    kForce};

constexpr Command kCommands[] = {
    {"lineage",
     "verify",
     "Check that a log is what was signed, all of it.",
     "Hashes every entry, compares every tile, and the root with the signed checkpoint. Works on a "
     "log that is being written, and on a copy. Answers no if anything was flipped, dropped, "
     "exchanged, replaced, or signed by another key.\n\nA log that was cut back to an older "
     "checkpoint of its own looks whole: only somebody who saw a later one can tell, a witness, a "
     "TPM, or --old.",
     kVerify,
     {{}, "LOG", Value::kDirectory, Count::kMaybe, {}, "The log's folder; else that of --log."},
     lineage_verify},
    {"lineage",
     "prove",
     "Write a proof that a record is in the log, for anybody.",
     "c2sp.org/tlog-proof: the inclusion proof and the checkpoint; the record, the artifact that "
     "it "
     "names and the trust root are told with it. Answers no if there is no such record.",
     kProve,
     {{},
      "ID",
      Value::kText,
      Count::kOnce,
      {},
      "Id of a record, as `warrant denials` prints it, or the number of an entry, from 0."},
     lineage_prove},
    {"lineage", "verify-proof", "Check such a proof; needs nothing of the host.",
     "The answer is yes if the log's key signed a checkpoint under which exactly this record is. "
     "That the log is the host's, and who may sign its artifacts, is for whoever gives --key and "
     "--trust-root to know.",
     kVerifyProof, file_operand("What `warrant lineage prove` wrote."), lineage_verify_proof},
    {"lineage",
     "consistency",
     "Check that the log of a new checkpoint begins with that of an old one.",
     {},
     kConsistency,
     {{},
      "CHECKPOINT",
      Value::kFile,
      Count::kSome,
      {},
      "The old one, then the new one; without that, the log's own."},
     lineage_consistency},
    {"lineage",
     "key",
     "Print a verifier key, as others need it to check this log.",
     {},
     kKey,
     kNoOperand,
     lineage_key},
    {"lineage", "prune", "Give up the oldest records of a log.",
     "For good, and provably: a record says so and is signed before anything is removed. The "
     "hashes "
     "stay, so that checkpoints, proofs and witnesses go on as before, and a proof that was "
     "written "
     "earlier still holds. Whole runs of 256 records go, none of the boot that wrote the last one. "
     "The log is verified first, and left as it is if it is not what was signed.\n\nNeeds log.key "
     "beside the log's folder, and that warrantd is stopped; what is enforced stays.",
     kPrune, kNoOperand, lineage_prune},
    {"witness",
     {},
     "Cosign a log's checkpoint, if the log only grew since the last one.",
     "c2sp.org/tlog-witness and tlog-cosignature, without a network: the request is a file, the "
     "answer is a signature line. What was cosigned is durable before it is answered. Answers no, "
     "and why, if it does not follow from what was cosigned last.",
     kWitnessOptions,
     {{},
      "REQUEST",
      Value::kFile,
      Count::kMaybe,
      {},
      "What `warrant lineage consistency --out` wrote, or any log's add-checkpoint request."},
     witness},
};
static_assert(is_complete(kCommands));

} // namespace

std::span<const Command> log_commands() {
  return kCommands;
}

} // namespace warrant::cli
