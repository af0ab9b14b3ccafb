// SPDX-License-Identifier: Apache-2.0
// warrant witness: cosigns checkpoints of logs that only grow.
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <nlohmann/json.hpp>

#include "lineage/log_check.h"
#include "lineage/proof_bundle.h"
#include "lineage/tile_reader.h"
#include "lineage/witness.h"
#include "tools/cli/cmd_log.h"
#include "tools/cli/files.h"
#include "tools/cli/log_options.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

std::string refusal_name(WitnessRefusal::Kind kind) {
  switch (kind) {
    case WitnessRefusal::Kind::kUnsigned:
      return "unsigned";
    case WitnessRefusal::Kind::kConflict:
      return "conflict";
    case WitnessRefusal::Kind::kBad:
      return "bad";
    case WitnessRefusal::Kind::kInconsistent:
      return "inconsistent";
    case WitnessRefusal::Kind::kFailed:
      return "failed";
  }
  return "bad";
}

Try<NoteSigner> signer_of(const Arguments &arguments) {
  SecretKey secret = CLI_TRY(SecretKey::load(arguments.text("--key")));
  Result<NoteSigner> signer =
      NoteSigner::make(arguments.text("--name"), SignatureType::kCosignature, std::move(secret));
  if (!signer.ok())
    return usage("--name: " + signer.error().message);
  return std::move(signer).value();
}

/// Of a log whose folder is at hand: from where this witness knows it to where it is.
Try<WitnessRequest> request_from(const std::string &folder, Witness &witness, const NoteKey &log) {
  const std::unique_ptr<FolderFiles> files = CLI_TRY(open_log_folder(folder));
  WitnessRequest request;
  request.checkpoint = CLI_TRY(read_note(folder + "/checkpoint"));
  request.old_size = CLI_TRY(witness.last(log.name())).size;
  const Result<SignedCheckpoint> next = open_checkpoint(request.checkpoint, log);
  // Whatever cannot be proven is refused below, by the witness, with its own reason.
  if (!next.ok() || request.old_size == 0 || request.old_size > next.value().checkpoint.size)
    return request;
  TileReader tiles(*files, next.value().checkpoint.size);
  request.proof =
      CLI_TRY(prove_consistency(request.old_size, next.value().checkpoint.size, tiles.hashes()));
  return request;
}

Try<WitnessRequest> request_of(const Arguments &arguments, Witness &witness, const NoteKey &log) {
  if (arguments.operands().empty() != arguments.has("--log"))
    return usage("either REQUEST or --log is needed");
  if (arguments.has("--log"))
    return request_from(arguments.text("--log"), witness, log);
  const Bytes text = CLI_TRY(read_file(arguments.operand(), kMaxWitnessRequest));
  Result<WitnessRequest> request = parse_witness_request(text_of(text));
  if (!request.ok())
    return trouble(arguments.operand() + ": " + request.error().message);
  return std::move(request).value();
}

/// The checkpoint with this signature under it, in place of an older one of the same witness.
Try<std::string> with_signature(const std::string &checkpoint, const NoteSignature &signature) {
  Note note = CLI_TRY(parse_note(checkpoint));
  std::erase_if(note.signatures, [&](const NoteSignature &one) {
    return one.name == signature.name && one.key_id == signature.key_id;
  });
  note.signatures.push_back(signature);
  return serialize_note(note);
}

} // namespace

Answer witness(const Arguments &arguments) {
  const NoteKey log = CLI_TRY(verifier_key_of(arguments.text("--log-key")));
  NoteSigner signer = CLI_TRY(signer_of(arguments));
  const std::string state = arguments.text("--state");
  if (::mkdir(state.c_str(), 0700) != 0 && errno != EEXIST)
    return trouble("cannot make " + state + ": " + std::strerror(errno));
  const std::unique_ptr<FolderFiles> files = CLI_TRY(FolderFiles::open(state));
  Witness witness = CLI_TRY(Witness::open(*files, std::move(signer)));
  const WitnessRequest request = CLI_TRY(request_of(arguments, witness, log));
  const std::string out = arguments.text("--out");
  if (!out.empty())
    CLI_TRY(check_target(arguments, out));
  const auto answer = witness.cosign(request, log, static_cast<uint64_t>(now()));
  if (!answer.ok()) {
    const WitnessRefusal &refusal = answer.error();
    if (refusal.kind == WitnessRefusal::Kind::kFailed)
      return trouble(refusal.message);
    if (arguments.wants_json())
      print_json({{"cosigned", false},
                  {"refusal", refusal_name(refusal.kind)},
                  {"problem", refusal.message},
                  {"lastSize", refusal.size}});
    else
      print(paint(Colour::kBad, "NOT COSIGNED") + ": " + refusal.message + "\n");
    return ExitCode::kNo;
  }
  const std::string cosigned = CLI_TRY(with_signature(request.checkpoint, answer.value()));
  if (!out.empty())
    CLI_TRY(write_output(arguments, out, cosigned));
  const Checkpoint last = CLI_TRY(witness.last(log.name()));
  const Note note = CLI_TRY(parse_note(cosigned));
  // As the specification answers: signature lines, without the text.
  const std::string line = serialize_note({"\n", {note.signatures.back()}}).substr(2);
  if (arguments.wants_json())
    print_json({{"cosigned", true},
                {"origin", last.origin},
                {"size", last.size},
                {"root", to_base64(last.root)},
                {"signature", line.substr(0, line.size() - 1)},
                {"vkey", witness.key().vkey()}});
  else
    print(line);
  return ExitCode::kOk;
}

} // namespace warrant::cli
