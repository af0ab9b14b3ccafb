// SPDX-License-Identifier: Apache-2.0
#include "lineage/index_authority.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "lineage/index_rows.h"
#include "lineage/words.h"

namespace warrant {
namespace {

// What we wrote parses; anything else is nothing.
std::vector<std::string> issuers_of(const SqlStatement &row, int column) {
  std::vector<std::string> issuers;
  const Json json = Json::parse(row.text(column), nullptr, false);
  if (json.is_array())
    for (const Json &issuer : json)
      if (issuer.is_string())
        issuers.push_back(issuer.get<std::string>());
  return issuers;
}

std::map<Text, Text> governance_of(const SqlStatement &row, int column) {
  std::map<Text, Text> governance;
  const Json json = Json::parse(row.text(column), nullptr, false);
  if (json.is_object())
    for (const auto &[name, value] : json.items())
      if (value.is_string())
        governance.emplace(
            Text::from_escaped(name).value_or(Text(name)),
            Text::from_escaped(value.get_ref<const std::string &>()).value_or(Text()));
  return governance;
}

Result<std::vector<ArtifactLife>> lives_of(Database &database, const ArtifactId &id) {
  SqlStatement rows = WARRANT_TRY(database.prepare(
      "SELECT record, kind, wall, reason, subjects, origin.text, detail.text FROM life "
      "JOIN word AS origin ON origin.id = origin JOIN word AS detail ON detail.id = detail "
      "WHERE artifact = (SELECT id FROM bytes WHERE bytes = ?) ORDER BY life.id"));
  rows.bind(1, ByteView(id));
  std::vector<ArtifactLife> lives;
  while (WARRANT_TRY(rows.step()))
    lives.push_back({text_of(rows, 0).escaped(), text_of(rows, 1).escaped(), rows.signed_number(2),
                     static_cast<uint8_t>(rows.number(3)), rows.number(4), text_of(rows, 5),
                     text_of(rows, 6)});
  return lives;
}

Status add_uses(Database &database, uint64_t number, ArtifactPayload &payload) {
  SqlStatement rows = WARRANT_TRY(database.prepare(
      "SELECT policy.bytes, min(wall), max(wall), count(*), sum(verdict = 1) FROM event "
      "LEFT JOIN bytes AS policy ON policy.id = policy "
      "WHERE grant = ? AND kind = 0 GROUP BY policy ORDER BY max(event.id) DESC"));
  rows.bind(1, number);
  while (WARRANT_TRY(rows.step())) {
    PolicyInForce policy{{}, rows.signed_number(1), rows.signed_number(2), rows.number(3)};
    (void)rows.bytes(0, policy.sha256);
    payload.policies.push_back(policy);
    payload.allowed += rows.number(4);
    payload.denied += rows.number(3) - rows.number(4);
  }
  return {};
}

} // namespace

Result<std::optional<Authority>> authority_of(LineageIndex &index, const ArtifactId &id) {
  Database &database = index.database();
  Authority authority{id, {}, WARRANT_TRY(lives_of(database, id))};
  SqlStatement rows = WARRANT_TRY(database.prepare(
      "SELECT artifact.id, payload.bytes, issuers, governance FROM artifact "
      "LEFT JOIN bytes AS payload ON payload.id = sha256 "
      "WHERE artifact = (SELECT id FROM bytes WHERE bytes = ?) ORDER BY artifact.id DESC"));
  rows.bind(1, ByteView(id));
  while (WARRANT_TRY(rows.step())) {
    ArtifactPayload payload;
    (void)rows.bytes(1, payload.sha256);
    payload.issuers = issuers_of(rows, 2);
    payload.governance = governance_of(rows, 3);
    WARRANT_TRY(add_uses(database, rows.number(0), payload));
    authority.payloads.push_back(std::move(payload));
  }
  if (authority.payloads.empty() && authority.lives.empty())
    return std::optional<Authority>();
  return std::optional<Authority>(std::move(authority));
}

Result<std::optional<ArtifactId>> artifact_of_record(LineageIndex &index, const std::string &id) {
  const size_t dash = id.find('-');
  uint64_t sequence = 0;
  const char *const end = id.data() + id.size();
  const bool is_event = dash != std::string::npos &&
                        std::from_chars(id.data() + dash + 1, end, sequence).ptr == end &&
                        dash + 1 < id.size();
  SqlStatement row = WARRANT_TRY(index.database().prepare(
      is_event ? "SELECT bytes.bytes FROM event JOIN boot ON boot.id = event.boot "
                 "JOIN artifact ON artifact.id = grant JOIN bytes ON bytes.id = artifact.artifact "
                 "WHERE sequence = ?2 AND substr(boot.boot, 1, 8) = ?1"
               : "SELECT bytes.bytes FROM life JOIN bytes ON bytes.id = artifact "
                 "WHERE record = ?1"));
  row.bind(1, std::string_view(id).substr(0, is_event ? dash : id.size()));
  if (is_event)
    row.bind(2, sequence);
  ArtifactId found{};
  if (!WARRANT_TRY(row.step()) || !row.bytes(0, found))
    return std::optional<ArtifactId>();
  return std::optional<ArtifactId>(found);
}

Result<std::optional<ArtifactId>> artifact_of_payload(LineageIndex &index, const Digest &sha256) {
  SqlStatement row = WARRANT_TRY(
      index.database().prepare("SELECT id.bytes FROM artifact JOIN bytes AS id ON id.id = artifact "
                               "WHERE sha256 = (SELECT id FROM bytes WHERE bytes = ?)"));
  row.bind(1, ByteView(sha256));
  ArtifactId found{};
  if (!WARRANT_TRY(row.step()) || !row.bytes(0, found))
    return std::optional<ArtifactId>();
  return std::optional<ArtifactId>(found);
}

Json authority_to_json(const Authority &authority) {
  Json payloads = Json::array();
  for (const ArtifactPayload &payload : authority.payloads) {
    Json governance = Json::object();
    for (const auto &[name, value] : payload.governance)
      governance[name.escaped()] = value.escaped();
    Json policies = Json::array();
    for (const PolicyInForce &policy : payload.policies)
      policies.push_back({{"decisions", policy.decisions},
                          {"first", format_wall_time(policy.first_ns)},
                          {"last", format_wall_time(policy.last_ns)},
                          {"sha256", to_hex(policy.sha256)}});
    payloads.push_back({{"allowed", payload.allowed},
                        {"denied", payload.denied},
                        {"governance", std::move(governance)},
                        {"issuers", payload.issuers},
                        {"policies", std::move(policies)},
                        {"sha256", to_hex(payload.sha256)}});
  }
  Json lives = Json::array();
  for (const ArtifactLife &life : authority.lives)
    lives.push_back({{"detail", life.detail.escaped()},
                     {"id", life.id},
                     {"kind", life.kind},
                     {"reason", kReasonWords.text(life.reason)},
                     {"source", life.source.escaped()},
                     {"subjects", life.subjects},
                     {"time", format_wall_time(life.wall_ns)}});
  return {{"artifact", to_hex(authority.id)},
          {"lives", std::move(lives)},
          {"payloads", std::move(payloads)}};
}

} // namespace warrant
