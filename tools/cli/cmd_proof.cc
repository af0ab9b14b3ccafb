// SPDX-License-Identifier: Apache-2.0
// warrant lineage prove, verify-proof: one record, provable to anybody.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/trust_root.h"
#include "daemon/source.h"
#include "lineage/log_check.h"
#include "lineage/log_snapshot.h"
#include "lineage/proof_bundle.h"
#include "lineage/proof_chain.h"
#include "lineage/proof_extra.h"
#include "lineage/record.h"
#include "tools/cli/cmd_log.h"
#include "tools/cli/files.h"
#include "tools/cli/log_options.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

const Attribution *attribution_in(const Record &record) {
  return std::visit(
      [](const auto &body) -> const Attribution * {
        using Body = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<Body, Decision> || std::is_same_v<Body, Commit> ||
                      std::is_same_v<Body, Disarm>)
          return body.artifact ? &*body.artifact : nullptr;
        else if constexpr (std::is_same_v<Body, Accepted> || std::is_same_v<Body, Withdrawn> ||
                           std::is_same_v<Body, Ended>)
          return &body.artifact;
        else
          return nullptr;
      },
      record.body);
}

/// A number, or the id of a record; the last one that has it. Nothing: none has.
Try<std::optional<uint64_t>> index_of(const std::string &word, const std::string &folder) {
  if (const Result<uint64_t> index = parse_decimal(word); index.ok())
    return std::optional(index.value());
  LogSnapshot log = CLI_TRY(LogSnapshot::open(folder));
  const std::string member = "\"id\":\"" + word + "\"";
  for (uint64_t index = log.size(); index-- > log.first();) {
    const std::string_view line = text_of(CLI_TRY(log.entry(index)));
    if (line.find(member) == std::string_view::npos)
      continue;
    const Result<Record> record = parse_record(line);
    if (record.ok() && record.value().id == word)
      return std::optional(index);
  }
  return std::optional<uint64_t>();
}

/// The envelope of this payload, and those of its parents, as far as they lie in the directory.
Try<std::vector<std::string>> envelopes_of(const Digest &payload, const std::string &directory) {
  const Result<EnvelopeSource::Listing> listing = DirectorySource(directory).list();
  std::vector<std::string> found;
  if (!listing.ok())
    return found;
  std::optional<Digest> wanted = payload;
  while (wanted && found.size() < kMaxProofArtifacts) {
    std::optional<Digest> parent;
    bool is_found = false;
    for (const NamedEnvelope &file : listing.value().envelopes) {
      const std::optional<ClaimedArtifact> claim = claimed_artifact(file.bytes);
      if (!claim || claim->sha256 != *wanted)
        continue;
      found.emplace_back(text_of(file.bytes));
      parent = claim->parent;
      is_found = true;
      break;
    }
    wanted = is_found ? parent : std::nullopt;
  }
  return found;
}

Try<ProofExtra> extra_of(const Arguments &arguments, const Bytes &entry) {
  ProofExtra extra;
  extra.record = std::string(text_of(entry));
  const Result<Record> record = parse_record(extra.record);
  const Attribution *artifact = record.ok() ? attribution_in(record.value()) : nullptr;
  if (artifact && artifact->sha256 != Digest{})
    extra.artifacts = CLI_TRY(envelopes_of(artifact->sha256, arguments.text("--artifacts")));
  if (arguments.has("--trust-root") || check_fallback(arguments, "--trust-root").ok()) {
    const Bytes root = CLI_TRY(read_document(arguments.text("--trust-root")));
    extra.trust_root = std::string(text_of(root));
  }
  // What does not fit is left out, the least needed first: whoever verifies may have it elsewhere.
  while (serialize_proof_extra(extra).size() > kMaxProofExtra && !extra.artifacts.empty()) {
    extra.artifacts.pop_back();
    note("warrant: an artifact is too large for the proof, and left out\n");
  }
  if (serialize_proof_extra(extra).size() > kMaxProofExtra)
    extra.trust_root.reset();
  return extra;
}

/// Everything about a bundle. `problem`: what does not hold; empty: all does.
struct ProofVerdict {
  std::string problem;
  std::optional<SignedCheckpoint> checkpoint;
  uint64_t index = 0;
  std::string entry;
  bool lacks_artifact = false;      ///< the record names one, and the bundle has none
  std::vector<ProofLink> artifacts; ///< the one that the record names, then those above it
};

Try<ProofVerdict> judge(const Arguments &arguments, const LogTrust &trust) {
  const Bytes text = CLI_TRY(read_file(arguments.operand(), kMaxProofSize));
  ProofVerdict verdict;
  const Result<ProofBundle> proof = parse_proof(text_of(text));
  if (!proof.ok()) {
    verdict.problem = "the bundle: " + proof.error().message;
    return verdict;
  }
  ProofExtra extra;
  if (arguments.has("--record")) {
    const Bytes record = CLI_TRY(read_file(arguments.text("--record"), kMaxRecordSize + 1));
    extra.record = std::string(text_of(record));
    if (extra.record.ends_with('\n'))
      extra.record.pop_back();
  } else if (proof.value().extra) {
    Checked<ProofExtra> parsed = parse_proof_extra(*proof.value().extra);
    if (!parsed.ok()) {
      verdict.problem = "the bundle's extra data: " + parsed.error().text();
      return verdict;
    }
    extra = std::move(parsed).value();
  } else {
    return trouble(arguments.operand() + ": no record in it (fix: give it, by --record)");
  }
  verdict.index = proof.value().index;
  verdict.entry = extra.record;
  Result<SignedCheckpoint> holds =
      verify_proof(proof.value(), view(extra.record), trust.key, trust.witnesses);
  if (!holds.ok()) {
    verdict.problem = holds.error().message;
    return verdict;
  }
  verdict.checkpoint = std::move(holds).value();
  verdict.problem = missing_witness(*verdict.checkpoint, trust);
  std::optional<SignedTrustRoot> root;
  if (arguments.has("--trust-root")) {
    const std::string path = arguments.text("--trust-root");
    root = CLI_TRY(in_file(path, load_trust_root(CLI_TRY(read_document(path)))));
  }
  const Result<Record> record = parse_record(extra.record);
  const Attribution *named = record.ok() ? attribution_in(record.value()) : nullptr;
  const std::optional<Digest> wanted = named ? std::optional(named->sha256) : std::nullopt;
  ProofChain chain = judge_chain(extra.artifacts, wanted, root ? &root->root : nullptr);
  verdict.artifacts = std::move(chain.links);
  verdict.lacks_artifact = wanted && *wanted != Digest{} && extra.artifacts.empty();
  if (verdict.problem.empty())
    verdict.problem = std::move(chain.problem);
  return verdict;
}

Json verdict_json(const std::string &path, const ProofVerdict &verdict) {
  const bool holds = verdict.problem.empty();
  Json artifacts = Json::array();
  for (size_t i = 0; i < verdict.artifacts.size(); i++)
    artifacts.push_back({{"sha256", to_hex(verdict.artifacts[i].sha256)},
                         {"namedByRecord", i == 0},
                         {"delegated", verdict.artifacts[i].is_delegated},
                         {"signers", verdict.artifacts[i].signers}});
  Json json = {{"bundle", path},
               {"proven", holds},
               {"problem", holds ? Json(nullptr) : Json(verdict.problem)},
               {"index", verdict.index},
               {"lacksArtifact", verdict.lacks_artifact},
               {"artifacts", std::move(artifacts)}};
  json["checkpoint"] = verdict.checkpoint ? checkpoint_json(*verdict.checkpoint) : Json(nullptr);
  const Result<Record> record = parse_record(verdict.entry);
  json["record"] = record.ok() ? record_to_json(record.value()) : Json(verdict.entry);
  return json;
}

std::string verdict_text(const std::string &path, const ProofVerdict &verdict) {
  if (!verdict.problem.empty())
    return path + ": " + paint(Colour::kBad, "NOT PROVEN") + ": " + verdict.problem + "\n";
  std::string text = path + ": " + paint(Colour::kGood, "PROVEN") + ": entry " +
                     std::to_string(verdict.index) + " of " + checkpoint_text(*verdict.checkpoint) +
                     "\n  " + Text(verdict.entry).escaped() + "\n";
  for (size_t i = 0; i < verdict.artifacts.size(); i++) {
    const ProofLink &link = verdict.artifacts[i];
    text += "  artifact sha256 " + to_hex(link.sha256) +
            (i == 0 ? ", which the record names" : ", from which the one before it comes");
    if (link.signers.empty())
      text += "; its signatures were not checked: --trust-root";
    for (const std::string &signer : link.signers)
      text += (link.is_delegated ? "; signed by its delegate " : "; signed by ") + signer;
    text += "\n";
  }
  if (verdict.lacks_artifact)
    text += "  not proven: by whose authority; the artifact that the record names is not in it\n";
  return text;
}

} // namespace

Answer lineage_prove(const Arguments &arguments) {
  const std::string folder = arguments.text("--log");
  const LogTrust trust = CLI_TRY(log_trust_of(arguments, folder));
  const std::unique_ptr<FolderFiles> files = CLI_TRY(open_log_folder(folder));
  const std::optional<uint64_t> index = CLI_TRY(index_of(arguments.operand(), folder));
  if (!index) {
    if (arguments.wants_json())
      print_json(nullptr);
    note("warrant: no record has the id " + printable(arguments.operand()) + "\n");
    return ExitCode::kNo;
  }
  const SignedCheckpoint last = CLI_TRY(read_checkpoint(*files, trust.key));
  if (*index >= last.checkpoint.size)
    return trouble("entry " + std::to_string(*index) +
                   " is not signed yet: the last checkpoint is "
                   "of " +
                   std::to_string(last.checkpoint.size) +
                   " entries (fix: warrantd signs every few seconds; try again)");
  if (const uint64_t first = CLI_TRY(LogSnapshot::open(folder)).first(); *index < first)
    return trouble("entry " + std::to_string(*index) + " was pruned: the log begins with entry " +
                   std::to_string(first));
  ProvenEntry proven = CLI_TRY(prove_entry(*files, *index, trust.key));
  const std::string extra = serialize_proof_extra(CLI_TRY(extra_of(arguments, proven.entry)));
  proven.proof.extra = Bytes(extra.begin(), extra.end());
  const std::string path = arguments.text("--out");
  CLI_TRY(write_output(arguments, path, serialize_proof(proven.proof)));
  if (arguments.wants_json())
    print_json({{"bundle", path}, {"index", *index}, {"checkpoint", checkpoint_json(last)}});
  else
    print(path + ": entry " + std::to_string(*index) + " of " + checkpoint_text(last) + "\n");
  return ExitCode::kOk;
}

Answer lineage_verify_proof(const Arguments &arguments) {
  LogTrust trust{CLI_TRY(verifier_key_of(arguments.text("--key"))), false, {}};
  for (const std::string &word : arguments.all("--witness"))
    trust.witnesses.push_back(CLI_TRY(verifier_key_of(word)));
  const ProofVerdict verdict = CLI_TRY(judge(arguments, trust));
  if (arguments.wants_json())
    print_json(verdict_json(arguments.operand(), verdict));
  else
    print(verdict_text(arguments.operand(), verdict));
  return verdict.problem.empty() ? ExitCode::kOk : ExitCode::kNo;
}

} // namespace warrant::cli
