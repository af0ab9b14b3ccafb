// SPDX-License-Identifier: Apache-2.0
#include "daemon/state.h"

#include <algorithm>
#include <bitset>
#include <nlohmann/json.hpp>

#include "artifacts/envelope.h"
#include "artifacts/json.h"
#include "artifacts/statement.h"
#include "artifacts/time.h"

namespace warrant {
namespace {

constexpr size_t kMaxRootSize = (kMaxEnvelopeSize + 2) / 3 * 4;

std::string record_path(const ArtifactId &id) {
  return "artifacts." + to_hex(id);
}

Checked<void> check_record(const ArtifactId &id, const ArtifactRecord &record) {
  const auto wrong = [&](const char *what) { return malformed(record_path(id), what); };
  if (record.spent > record.granted || record.handed_out > record.granted - record.spent)
    return wrong("more spent and handed out than granted");
  if (record.take_from != ArtifactId{} && record.handed_out == 0)
    return wrong("nothing handed out that another could pay");
  const bool is_opened = record.opened > 0;
  if (is_opened != (record.kind == ArtifactKind::kBreakglass))
    return wrong("break-glass is opened when it is first seen, and nothing else is");
  if (record.closed > 0 && !is_opened)
    return wrong("closed but never opened");
  return {};
}

Checked<void> check_bonds(const std::map<ArtifactId, uint32_t> &bonds) {
  std::bitset<W_MAX_BONDS + 1> taken;
  for (const auto &[id, bond] : bonds) {
    if (bond == 0 || bond > W_MAX_BONDS)
      return malformed("bonds." + to_hex(id), "1 to " + std::to_string(W_MAX_BONDS) + " expected");
    if (taken[bond])
      return malformed("bonds." + to_hex(id), "the number is taken twice");
    taken.set(bond);
  }
  return {};
}

/// What holds between members; that each is within its own bounds is for the reader.
Checked<void> check_state(const State &state) {
  if (state.artifacts.size() > kMaxStateArtifacts)
    return malformed("artifacts", "more than " + std::to_string(kMaxStateArtifacts));
  if (state.tokens.size() > kMaxStateTokens)
    return malformed("tokens", "more than " + std::to_string(kMaxStateTokens));
  WARRANT_TRY(check_bonds(state.bonds));
  if (state.era.empty() && !state.bonds.empty())
    return malformed("bonds", "none can be held while no era is open");
  for (const auto &[id, record] : state.artifacts) {
    WARRANT_TRY(check_record(id, record));
    if (state.era.empty() && record.handed_out > 0)
      return malformed(record_path(id), "nothing can be handed out while no era is open");
  }
  return {};
}

void put(Json &object, const char *name, int64_t number) {
  if (number != 0)
    object[name] = number;
}

Json record_json(const ArtifactRecord &record) {
  Json json = {{"kind", kind_name(record.kind)},
               {"notAfter", record.not_after},
               {"payload", to_hex(record.payload)}};
  put(json, "granted", record.granted);
  put(json, "spent", record.spent);
  put(json, "handedOut", record.handed_out);
  put(json, "opened", record.opened);
  put(json, "closed", record.closed);
  if (record.take_from != ArtifactId{})
    json["takeFrom"] = to_hex(record.take_from);
  return json;
}

Json documents_json(const HighWater &documents) {
  return {{"rootVersion", documents.root_version},
          {"rootSha256", to_hex(documents.root_sha256)},
          {"policyVersion", documents.policy_version},
          {"policySha256", to_hex(documents.policy_sha256)},
          {"revocationEpoch", documents.revocation_epoch},
          {"revocationSha256", to_hex(documents.revocation_sha256)}};
}

Checked<HighWater> read_documents(ObjectReader &&reader) {
  HighWater documents;
  documents.root_version = WARRANT_TRY(reader.integer("rootVersion", 0, kMaxVersion));
  documents.root_sha256 = WARRANT_TRY(reader.digest("rootSha256"));
  documents.policy_version = WARRANT_TRY(reader.integer("policyVersion", 0, kMaxVersion));
  documents.policy_sha256 = WARRANT_TRY(reader.digest("policySha256"));
  documents.revocation_epoch = WARRANT_TRY(reader.integer("revocationEpoch", 0, kMaxVersion));
  documents.revocation_sha256 = WARRANT_TRY(reader.digest("revocationSha256"));
  WARRANT_TRY(reader.finish());
  return documents;
}

Json log_json(const LogHead &log) {
  return {{"key", to_hex(log.key)}, {"root", to_hex(log.root)}, {"size", log.size}};
}

Checked<LogHead> read_log(ObjectReader &&reader) {
  LogHead log;
  log.key = WARRANT_TRY(reader.digest("key"));
  log.root = WARRANT_TRY(reader.digest("root"));
  log.size = static_cast<uint64_t>(WARRANT_TRY(reader.integer("size", 0, kMaxVersion)));
  if (log.key == Digest{})
    return malformed(reader.at("key"), "left out when there is none");
  WARRANT_TRY(reader.finish());
  return log;
}

/// A member that is left out when it is 0.
Checked<int64_t> read_optional(ObjectReader &reader, std::string_view name, int64_t max) {
  return reader.has(name) ? reader.integer(name, 1, max) : Checked<int64_t>(0);
}

Checked<ArtifactId> read_id(const std::string &text, const std::string &path) {
  ArtifactId id{};
  if (!from_hex(text, id))
    return malformed(path, "32 lower-case hex characters expected");
  return id;
}

Checked<ArtifactRecord> read_record(ObjectReader &&reader) {
  ArtifactRecord record;
  const std::string kind = WARRANT_TRY(reader.string("kind", 1, 16));
  const std::optional<ArtifactKind> known = kind_from_name(kind);
  if (!known)
    return malformed(reader.at("kind"), "no such kind: " + printable(kind));
  record.kind = *known;
  record.not_after = WARRANT_TRY(reader.integer("notAfter", 0, kMaxTime));
  record.payload = WARRANT_TRY(reader.digest("payload"));
  record.granted = WARRANT_TRY(read_optional(reader, "granted", kMaxUses));
  record.spent = WARRANT_TRY(read_optional(reader, "spent", kMaxUses));
  record.handed_out = WARRANT_TRY(read_optional(reader, "handedOut", kMaxUses));
  record.opened = WARRANT_TRY(read_optional(reader, "opened", kMaxTime));
  record.closed = WARRANT_TRY(read_optional(reader, "closed", kMaxTime));
  if (reader.has("takeFrom"))
    record.take_from =
        WARRANT_TRY(read_id(WARRANT_TRY(reader.string("takeFrom", 2 * W_ID_SIZE, 2 * W_ID_SIZE)),
                            reader.at("takeFrom")));
  WARRANT_TRY(reader.finish());
  return record;
}

Checked<void> read_artifacts(const ObjectReader &reader, State &state) {
  const Json &members = reader.members();
  if (members.size() > kMaxStateArtifacts)
    return malformed("artifacts", "more than " + std::to_string(kMaxStateArtifacts));
  for (const auto &[name, value] : members.items()) {
    const std::string path = reader.at(printable(name));
    const ArtifactId id = WARRANT_TRY(read_id(name, path));
    state.artifacts.emplace_hint(
        state.artifacts.end(), id,
        WARRANT_TRY(read_record(WARRANT_TRY(ObjectReader::open(value, path)))));
  }
  return {};
}

Checked<void> read_bonds(ObjectReader reader, State &state) {
  for (const auto &[name, value] : reader.members().items()) {
    const ArtifactId id = WARRANT_TRY(read_id(name, reader.at(printable(name))));
    const int64_t bond = WARRANT_TRY(reader.integer(name, 1, W_MAX_BONDS));
    state.bonds.emplace(id, static_cast<uint32_t>(bond));
  }
  return {};
}

Checked<void> read_tokens(ObjectReader reader, State &state) {
  for (const auto &[name, value] : reader.members().items()) {
    const ArtifactId id = WARRANT_TRY(read_id(name, reader.at(printable(name))));
    state.tokens.emplace(id, WARRANT_TRY(reader.integer(name, 1, kMaxTime)));
  }
  return {};
}

Checked<State> read_state(ObjectReader &&reader) {
  WARRANT_TRY(reader.integer("version", kStateVersion, kStateVersion));
  State state;
  state.serial = static_cast<uint64_t>(WARRANT_TRY(reader.integer("serial", 1, kMaxVersion)));
  state.wall = WARRANT_TRY(reader.integer("wall", 0, kMaxTime));
  state.documents = WARRANT_TRY(read_documents(WARRANT_TRY(reader.object("documents"))));
  state.root = WARRANT_TRY(reader.string("root", 0, kMaxRootSize));
  if (!from_base64(state.root).ok())
    return malformed("root", "not base64");
  state.era = WARRANT_TRY(reader.string("era", 0, kMaxEraSize));
  state.epoch = static_cast<uint64_t>(WARRANT_TRY(read_optional(reader, "epoch", kMaxVersion)));
  if (reader.has("log"))
    state.log = WARRANT_TRY(read_log(WARRANT_TRY(reader.object("log"))));
  WARRANT_TRY(read_bonds(WARRANT_TRY(reader.object("bonds")), state));
  WARRANT_TRY(read_artifacts(WARRANT_TRY(reader.object("artifacts")), state));
  if (reader.has("tokens"))
    WARRANT_TRY(read_tokens(WARRANT_TRY(reader.object("tokens")), state));
  WARRANT_TRY(reader.finish());
  return state;
}

std::string canonical(const State &state) {
  Json bonds = Json::object();
  for (const auto &[id, bond] : state.bonds)
    bonds[to_hex(id)] = bond;
  Json artifacts = Json::object();
  for (const auto &[id, record] : state.artifacts)
    artifacts[to_hex(id)] = record_json(record);
  Json json = {{"version", kStateVersion},  {"serial", state.serial},
               {"wall", state.wall},        {"documents", documents_json(state.documents)},
               {"root", state.root},        {"era", state.era},
               {"bonds", std::move(bonds)}, {"artifacts", std::move(artifacts)}};
  if (state.epoch != 0)
    json["epoch"] = state.epoch;
  for (const auto &[id, not_after] : state.tokens)
    json["tokens"][to_hex(id)] = not_after;
  if (state.log.key != Digest{})
    json["log"] = log_json(state.log);
  // Strings that are not UTF-8 come out changed, and no longer parse as canonical.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace

void take_token(State &state, const ArtifactId &token, int64_t not_after, int64_t now) {
  std::erase_if(state.tokens, [&](const auto &taken) { return taken.second <= now; });
  state.tokens.emplace(token, not_after);
}

Result<std::string> serialize_state(const State &state) {
  const Checked<void> sound = check_state(state);
  if (!sound.ok())
    return sound.error().to_error();
  std::string text = canonical(state);
  if (text.size() > kMaxStateSize)
    return Error{"the state has grown to " + std::to_string(text.size()) + " bytes, more than " +
                 std::to_string(kMaxStateSize)};
  return text;
}

Checked<State> parse_state(ByteView text) {
  if (text.size() > kMaxStateSize)
    return malformed("", "larger than " + std::to_string(kMaxStateSize) + " bytes");
  const Json json = WARRANT_TRY(parse_json(text));
  State state = WARRANT_TRY(read_state(WARRANT_TRY(ObjectReader::open(json))));
  WARRANT_TRY(check_state(state));
  if (canonical(state) != text_of(text))
    return malformed("", "not in canonical form");
  return state;
}

} // namespace warrant
