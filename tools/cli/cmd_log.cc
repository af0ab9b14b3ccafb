// SPDX-License-Identifier: Apache-2.0
// warrant lineage verify, consistency, key: the log as a whole.
#include "tools/cli/cmd_log.h"

#include <nlohmann/json.hpp>

#include "lineage/log_check.h"
#include "lineage/log_snapshot.h"
#include "lineage/proof_bundle.h"
#include "lineage/tile_reader.h"
#include "lineage/witness.h"
#include "tools/cli/files.h"
#include "tools/cli/log_options.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

Try<std::string> folder_of(const Arguments &arguments) {
  if (arguments.operands().empty())
    return arguments.text("--log");
  if (arguments.has("--log"))
    return usage("LOG and --log: which of them?");
  return arguments.operand();
}

/// What is found out about a log. `problem`: why it is not what was signed; empty: it is.
struct Verdict {
  std::string problem;
  std::optional<SignedCheckpoint> checkpoint;
  uint64_t unsigned_entries = 0;
  uint64_t pruned = 0;
  std::optional<uint64_t> old_size;
};

// Entries that only the write-ahead file has count too.
uint64_t behind(const std::string &folder, const Checkpoint &checkpoint) {
  const Result<LogSnapshot> now = LogSnapshot::open(folder);
  return now.ok() && now.value().size() > checkpoint.size ? now.value().size() - checkpoint.size
                                                          : 0;
}

/// That what an old checkpoint was signed for is still there.
std::string growth_problem(LogFiles &files, const Checkpoint &old, const Checkpoint &last,
                           const NoteKey &key) {
  if (old.size > last.size)
    return "it was cut: the checkpoint that you have is of " + std::to_string(old.size) +
           " entries, and its own last one of " + std::to_string(last.size);
  if (old.size == 0)
    return {};
  const Result<std::vector<Hash>> proof = prove_growth(files, old.size, key);
  if (!proof.ok())
    return proof.error().message;
  const Status holds = verify_consistency(old.size, last.size, old.root, last.root, proof.value());
  return holds.ok() ? std::string()
                    : "its first " + std::to_string(old.size) +
                          " entries are not those that the checkpoint that you have was signed "
                          "for: it was rewritten";
}

Try<Verdict> judge(const Arguments &arguments, const std::string &folder, const LogTrust &trust) {
  const std::unique_ptr<FolderFiles> files = CLI_TRY(open_log_folder(folder));
  Verdict verdict;
  std::optional<SignedCheckpoint> old;
  if (arguments.has("--old")) {
    old = CLI_TRY(read_signed_checkpoint(arguments.text("--old"), trust));
    verdict.old_size = old->checkpoint.size;
  }
  const Result<LogReport> report = verify_log(*files, trust.key, trust.witnesses, progress_notes());
  if (!report.ok()) {
    verdict.problem = report.error().message;
    return verdict;
  }
  verdict.checkpoint = report.value().checkpoint;
  verdict.pruned = report.value().pruned;
  verdict.unsigned_entries = behind(folder, verdict.checkpoint->checkpoint);
  if (old)
    verdict.problem =
        growth_problem(*files, old->checkpoint, verdict.checkpoint->checkpoint, trust.key);
  if (verdict.problem.empty())
    verdict.problem = missing_witness(*verdict.checkpoint, trust);
  return verdict;
}

std::string limits_text(const Verdict &verdict, const LogTrust &trust) {
  std::string text;
  if (verdict.unsigned_entries > 0)
    text += "  not signed yet: " + std::to_string(verdict.unsigned_entries) +
            " entries behind the checkpoint\n";
  if (trust.is_beside)
    text +=
        "  not proven: that the key is the host's. It lies beside the log; --key names one "
        "that you kept\n";
  if (!verdict.old_size && trust.witnesses.empty())
    text +=
        "  not proven: that nothing was cut off behind an older checkpoint. Only who saw a "
        "later one can tell: --old, a witness (--witness), or a TPM (`warrant attest`)\n";
  return text;
}

} // namespace

Answer lineage_verify(const Arguments &arguments) {
  const std::string folder = CLI_TRY(folder_of(arguments));
  const LogTrust trust = CLI_TRY(log_trust_of(arguments, folder));
  const Verdict verdict = CLI_TRY(judge(arguments, folder, trust));
  const bool holds = verdict.problem.empty();
  if (arguments.wants_json()) {
    Json json = {{"log", folder},
                 {"verified", holds},
                 {"problem", holds ? Json(nullptr) : Json(verdict.problem)},
                 {"key", trust.key.vkey()},
                 {"keyIsBeside", trust.is_beside},
                 {"unsignedEntries", verdict.unsigned_entries},
                 {"pruned", verdict.pruned}};
    json["checkpoint"] = verdict.checkpoint ? checkpoint_json(*verdict.checkpoint) : Json(nullptr);
    json["growsFrom"] = verdict.old_size ? Json(*verdict.old_size) : Json(nullptr);
    print_json(json);
  } else if (holds) {
    std::string text = folder + ": " + paint(Colour::kGood, "VERIFIED") + ": " +
                       checkpoint_text(*verdict.checkpoint) + "\n";
    if (verdict.old_size)
      text += "  grew from the " + std::to_string(*verdict.old_size) +
              " entries of the checkpoint that you have\n";
    if (verdict.pruned > 0)
      text += "  pruned: the first " + std::to_string(verdict.pruned) +
              " entries, as a record of the log says; their hashes are there\n";
    print(text + limits_text(verdict, trust));
  } else {
    print(folder + ": " + paint(Colour::kBad, "NOT VERIFIED") + ": " + verdict.problem + "\n");
  }
  return holds ? ExitCode::kOk : ExitCode::kNo;
}

Answer lineage_consistency(const Arguments &arguments) {
  const std::string folder = arguments.text("--log");
  const LogTrust trust = CLI_TRY(log_trust_of(arguments, folder));
  const std::unique_ptr<FolderFiles> files = CLI_TRY(open_log_folder(folder));
  if (arguments.operands().size() > 2)
    return usage("OLD and at most one NEW expected, but found " +
                 printable(arguments.operands()[2]));
  const SignedCheckpoint old = CLI_TRY(read_signed_checkpoint(arguments.operand(), trust));
  const std::string new_path =
      arguments.operands().size() == 2 ? arguments.operands()[1] : folder + "/checkpoint";
  // Once: a daemon that signs anew would make the request another one than what was judged.
  const std::string new_note = CLI_TRY(read_note(new_path));
  const SignedCheckpoint next = CLI_TRY(open_note(new_path, new_note, trust));
  const uint64_t from = old.checkpoint.size;
  const uint64_t to = next.checkpoint.size;
  std::string problem;
  std::vector<Hash> proof;
  if (from > to) {
    problem = "the old checkpoint is of " + std::to_string(from) + " entries, the new one of " +
              std::to_string(to) + ": the log was cut, or they are the wrong way round";
  } else if (from > 0) {
    TileReader tiles(*files, to);
    Result<std::vector<Hash>> made = prove_consistency(from, to, tiles.hashes());
    if (!made.ok())
      return trouble(folder + ": " + made.error().message);
    proof = std::move(made).value();
    const Status holds =
        verify_consistency(from, to, old.checkpoint.root, next.checkpoint.root, proof);
    problem = holds.ok() ? "" : holds.error().message;
  }
  if (problem.empty() && arguments.has("--out"))
    CLI_TRY(write_output(arguments, arguments.text("--out"),
                         serialize_witness_request({from, proof, new_note})));
  if (arguments.wants_json()) {
    Json hashes = Json::array();
    for (const Hash &hash : proof)
      hashes.push_back(to_base64(hash));
    print_json({{"consistent", problem.empty()},
                {"problem", problem.empty() ? Json(nullptr) : Json(problem)},
                {"old", checkpoint_json(old)},
                {"new", checkpoint_json(next)},
                {"proof", std::move(hashes)}});
  } else if (problem.empty()) {
    print(paint(Colour::kGood, "CONSISTENT") + ": the log of " + std::to_string(to) +
          " entries begins with that of " + std::to_string(from) + "\n");
  } else {
    print(paint(Colour::kBad, "NOT CONSISTENT") + ": " + problem + "\n");
  }
  return problem.empty() ? ExitCode::kOk : ExitCode::kNo;
}

Answer lineage_key(const Arguments &arguments) {
  if (!arguments.has("--secret"))
    for (const char *option : {"--name", "--cosigner"})
      if (arguments.has(option))
        return usage(std::string(option) + " goes with --secret: a log has its name already");
  const NoteKey key = CLI_TRY([&]() -> Try<NoteKey> {
    if (!arguments.has("--secret")) {
      const LogTrust trust = CLI_TRY(log_trust_of(arguments, arguments.text("--log")));
      return trust.key;
    }
    if (!arguments.has("--name"))
      return usage("--secret: under which name? --name is missing");
    const PublicKey point = CLI_TRY(load_any_public_key(arguments.text("--secret")));
    const auto type =
        arguments.has("--cosigner") ? SignatureType::kCosignature : SignatureType::kEd25519;
    return CLI_TRY(NoteKey::make(arguments.text("--name"), type, point));
  }());
  if (arguments.wants_json())
    print_json({{"vkey", key.vkey()},
                {"name", key.name()},
                {"cosigner", key.type() == SignatureType::kCosignature},
                {"fingerprint", key.key().fingerprint()}});
  else
    print(key.vkey() + "\n");
  return ExitCode::kOk;
}

} // namespace warrant::cli
