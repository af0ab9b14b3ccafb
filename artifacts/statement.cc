// SPDX-License-Identifier: Apache-2.0
#include "artifacts/statement.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "artifacts/in_toto.h"
#include "artifacts/predicate.h"
#include "artifacts/random.h"

namespace warrant {
namespace {

constexpr std::string_view kManifestSubject = "manifest";
/// Stands for whatever content; no file has this digest.
constexpr std::string_view kAnySubject = "any";

Checked<Subject> read_subject(const Json &value, std::string path) {
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(value, std::move(path)));
  Subject subject;
  subject.name = WARRANT_TRY(reader.string("name", 1, kMaxSubjectName));
  ObjectReader digest = WARRANT_TRY(reader.object("digest"));
  subject.sha256 = WARRANT_TRY(digest.digest("sha256"));
  if (digest.has("fsverity-sha256"))
    subject.verity = WARRANT_TRY(digest.digest("fsverity-sha256"));
  WARRANT_TRY(digest.finish());
  WARRANT_TRY(reader.finish());
  return subject;
}

/// The one subject that stands there when subjects are not listed.
std::optional<Subject> stand_in(const Authorization &authorization) {
  if (authorization.manifest)
    return Subject{std::string(kManifestSubject), authorization.manifest->sha256, std::nullopt};
  if (authorization.covers == Covers::kAll)
    return Subject{std::string(kAnySubject), Digest{}, std::nullopt};
  return std::nullopt;
}

Json subject_json(const Subject &subject) {
  Json digest = {{"sha256", to_hex(subject.sha256)}};
  if (subject.verity)
    digest["fsverity-sha256"] = to_hex(*subject.verity);
  return {{"name", subject.name}, {"digest", std::move(digest)}};
}

Checked<Statement> read_statement(Json document, std::string_view predicate_type) {
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(document));
  WARRANT_TRY(reader.literal("_type", kStatementType));
  Statement statement;
  statement.predicate_type = WARRANT_TRY(reader.string("predicateType", 1, 256));
  if (!predicate_type.empty())
    WARRANT_TRY(reader.literal("predicateType", predicate_type));
  WARRANT_TRY(reader.array("subject", 1, kMaxSubjects));
  WARRANT_TRY(reader.object("predicate"));
  WARRANT_TRY(reader.finish());
  statement.subject = std::move(document["subject"]);
  statement.predicate = std::move(document["predicate"]);
  return statement;
}

} // namespace

Checked<Authorization> parse_authorization(ByteView payload) {
  return read_authorization(WARRANT_TRY(parse_json(payload)));
}

Checked<Authorization> read_authorization(Json document) {
  const Statement statement = WARRANT_TRY(read_statement(std::move(document), kAuthorizationType));
  Authorization authorization = WARRANT_TRY(
      read_predicate(WARRANT_TRY(ObjectReader::open(statement.predicate, "predicate"))));
  authorization.subjects.reserve(statement.subject.size());
  for (size_t i = 0; i < statement.subject.size(); i++)
    authorization.subjects.push_back(
        WARRANT_TRY(read_subject(statement.subject[i], "subject[" + std::to_string(i) + "]")));
  if (const std::optional<Subject> expected = stand_in(authorization)) {
    if (authorization.subjects.size() != 1 || authorization.subjects[0] != *expected)
      return malformed("subject", "exactly one expected: \"" + expected->name + "\" with sha256 " +
                                      to_hex(expected->sha256));
    authorization.subjects.clear();
  }
  return authorization;
}

Checked<std::string> serialize_authorization(const Authorization &authorization) {
  const std::optional<Subject> instead = stand_in(authorization);
  if (instead && !authorization.subjects.empty())
    return malformed("subject", "listed although there is a manifest, or all is covered");
  Json subjects = Json::array();
  for (const Subject &subject : authorization.subjects)
    subjects.push_back(subject_json(subject));
  if (instead)
    subjects.push_back(subject_json(*instead));
  std::string payload =
      serialize_statement(kAuthorizationType, std::move(subjects), predicate_json(authorization));
  // The parser is the one place that knows the rules; asking it also catches what JSON cannot
  // carry.
  if (WARRANT_TRY(parse_authorization(view(payload))) != authorization)
    return malformed("", "text that is not UTF-8, a value out of range, or an unknown action");
  return payload;
}

ArtifactId new_artifact_id() {
  ArtifactId id;
  fill_random(id);
  return id;
}

Checked<Statement> parse_statement(ByteView payload, std::string_view predicate_type) {
  return read_statement(WARRANT_TRY(parse_json(payload)), predicate_type);
}

Checked<Statement> parse_any_statement(ByteView payload) {
  return read_statement(WARRANT_TRY(parse_json(payload)), {});
}

std::string serialize_statement(std::string_view predicate_type, Json subject, Json predicate) {
  const Json document = {{"_type", kStatementType},
                         {"predicateType", predicate_type},
                         {"subject", std::move(subject)},
                         {"predicate", std::move(predicate)}};
  // Text that is no UTF-8 must not throw: the replacement is caught by parsing back.
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace warrant
