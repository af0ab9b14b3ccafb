// SPDX-License-Identifier: Apache-2.0
// warrant artifact verify.
#include <nlohmann/json.hpp>

#include "artifacts/contents.h"
#include "artifacts/json.h"
#include "artifacts/time.h"
#include "artifacts/verify.h"
#include "tools/cli/chain.h"
#include "tools/cli/cmd.h"
#include "tools/cli/describe.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"
#include "tools/cli/trust_files.h"
#include "tools/cli/words.h"

namespace warrant::cli {
namespace {

Answer say_refused(const Arguments &arguments, const std::string &path,
                   const Rejection &rejection) {
  if (arguments.wants_json())
    print_json({{"file", path},
                {"accepted", false},
                {"genuine", false},
                {"rejection", rejection_json(rejection)}});
  else
    print(path + ": " + paint(Colour::kBad, "REFUSED") + ": " + rejection.text() + "\n");
  return ExitCode::kNo;
}

std::string window_text(const Authorization &authorization, Window window, int64_t at) {
  switch (window) {
    case Window::kNotYetValid:
      return paint(Colour::kDoubtful, "NOT YET VALID") + " at " + format_time(at) + ": from " +
             format_time(authorization.not_before);
    case Window::kExpired:
      return paint(Colour::kBad, "EXPIRED") + " at " + format_time(at) + ": since " +
             format_time(authorization.not_after);
    case Window::kOpen:
      break;
  }
  return paint(Colour::kGood, "ACCEPTED") + ", valid at " + format_time(at);
}

/// Contents that are revoked by themselves: the kernel refuses them whoever names them.
std::vector<Digest> revoked_contents(const VerifiedAuthorization &verified,
                                     const TrustState &trust) {
  std::vector<Digest> revoked;
  if (!trust.revocation)
    return revoked;
  const Contents contents{verified.authorization(), verified.records()};
  for (size_t i = 0; i < contents.size(); i++)
    if (revokes_digest(trust.revocation->revocation, contents.sha256(i)) ||
        (contents.verity(i) && revokes_digest(trust.revocation->revocation, *contents.verity(i))))
      revoked.push_back(contents.sha256(i));
  return revoked;
}

/// A genuine artifact, as it stands at one moment.
struct Judgement {
  const VerifiedAuthorization &artifact;
  int64_t at;
  std::vector<Digest> revoked;    ///< contents
  std::optional<Rejection> block; ///< why it authorizes nothing, whatever its window

  /// What speaks against it: the block, else the window.
  std::optional<Rejection> objection() const {
    if (block || window() == Window::kOpen)
      return block;
    const bool expired = window() == Window::kExpired;
    return Rejection{expired ? W_REASON_EXPIRED : W_REASON_NOT_YET_VALID,
                     expired ? "predicate.validity.notAfter" : "predicate.validity.notBefore",
                     "its window is " + format_time(artifact.authorization().not_before) + " to " +
                         format_time(artifact.authorization().not_after),
                     "ask for a new artifact, or another moment with --at"};
  }
  Window window() const { return window_at(artifact.authorization(), at); }
  bool is_good() const { return !objection(); }
};

Judgement judge(const VerifiedAuthorization &artifact, const TrustState &trust, int64_t at) {
  Judgement judgement{artifact, at, revoked_contents(artifact, trust), artifact.blocked()};
  const size_t contents = Contents{artifact.authorization(), artifact.records()}.size();
  const Checked<void> fresh = check_freshness(trust, at);
  if (judgement.block)
    return judgement;
  if (contents > 0 && judgement.revoked.size() == contents)
    judgement.block =
        Rejection{W_REASON_REVOKED, "subject", "all that it names is revoked by digest", {}};
  else if (!fresh.ok() && !artifact.authorization().recovery)
    judgement.block = fresh.error();
  return judgement;
}

Json hex_list(const std::vector<Digest> &digests) {
  Json list = Json::array();
  for (const Digest &digest : digests)
    list.push_back(to_hex(digest));
  return list;
}

Try<Json> judgement_json(const std::string &path, const Judgement &judgement) {
  const VerifiedAuthorization &artifact = judgement.artifact;
  const std::string payload = CLI_TRY(serialize_authorization(artifact.authorization()));
  Json json = {{"file", path},
               {"accepted", judgement.is_good()},
               {"genuine", true},
               {"at", format_time(judgement.at)},
               {"window", window_name(judgement.window())},
               {"sha256", to_hex(artifact.sha256())},
               {"issuers", artifact.issuers()},
               {"ancestors", hex_list(artifact.ancestors())},
               {"revokedContents", hex_list(judgement.revoked)},
               {"manifestRecords", artifact.records().size()},
               {"statement", CLI_TRY(parse_json(view(payload)))}};
  if (const std::optional<Rejection> objection = judgement.objection())
    json["rejection"] = rejection_json(*objection);
  return json;
}

std::string judgement_text(const std::string &path, const Judgement &judgement) {
  const VerifiedAuthorization &artifact = judgement.artifact;
  std::string text = path + ": ";
  if (judgement.block)
    text += paint(Colour::kBad, "BLOCKED") +
            ", genuine but authorizes nothing: " + judgement.block->text();
  else
    text += window_text(artifact.authorization(), judgement.window(), judgement.at);
  text += "\n";
  for (const std::string &issuer : artifact.issuers())
    add_line(text, "signed by", issuer);
  for (const Digest &ancestor : artifact.ancestors())
    add_line(text, "within", to_hex(ancestor));
  for (const Digest &digest : judgement.revoked)
    add_line(text, "REVOKED", "content " + to_hex(digest));
  add_line(text, "sha256", to_hex(artifact.sha256()));
  return text + describe(artifact.authorization());
}

/// A parent that is refused is told, and then missing.
Try<Chains> verify_parents(const Arguments &arguments, const TrustState &trust, int64_t at) {
  std::vector<ArtifactFile> files;
  for (const std::string &path : arguments.all("--parent"))
    files.push_back({path, CLI_TRY(read_document(path))});
  Chains chains = verify_together(files, trust, at);
  for (const RefusedFile &file : chains.refused)
    note("warrant: parent " + file.path + ": " + file.rejection.text() + "\n");
  return chains;
}

} // namespace

Answer artifact_verify(const Arguments &arguments) {
  const TrustState trust = CLI_TRY(load_trust_of(arguments));
  const std::string &path = arguments.operand();
  const int64_t at = arguments.moment("--at", now()).value_or(now());
  const Bytes document = CLI_TRY(read_document(path));
  const Chains parents = CLI_TRY(verify_parents(arguments, trust, at));
  const Checked<VerifiedAuthorization> verified =
      verify_artifact(document, manifests_in(directory_of(path)), parents.lookup(), trust, at);
  if (!verified.ok())
    return say_refused(arguments, path, verified.error());
  const Judgement judgement = judge(verified.value(), trust, at);
  if (arguments.wants_json())
    print_json(CLI_TRY(judgement_json(path, judgement)));
  else
    print(judgement_text(path, judgement));
  return judgement.is_good() ? ExitCode::kOk : ExitCode::kNo;
}

} // namespace warrant::cli
