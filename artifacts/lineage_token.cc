// SPDX-License-Identifier: Apache-2.0
#include "artifacts/lineage_token.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "artifacts/envelope.h"
#include "artifacts/json.h"
#include "artifacts/self_statement.h"
#include "artifacts/statement.h"
#include "artifacts/time.h"

namespace warrant {
namespace {

constexpr std::string_view kSubject = "lineage-token";
constexpr size_t kBootIdSize = 36;
constexpr size_t kMaxDigits = 20; // of 2^64 - 1
constexpr size_t kMaxOrigin = 256;

bool is_boot_id_text(std::string_view text) {
  for (size_t i = 0; i < text.size(); i++) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool is_hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (is_dash ? text[i] != '-' : !is_hex)
      return false;
  }
  return text.size() == kBootIdSize;
}

/// 64-bit numbers are strings: many readers of JSON round beyond 2^53.
Checked<uint64_t> read_wide(ObjectReader &reader, std::string_view name) {
  const std::string text = WARRANT_TRY(reader.string(name, 1, kMaxDigits));
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || std::to_string(value) != text)
    return malformed(reader.at(name), "a 64-bit number in decimal digits expected");
  return value;
}

Checked<ArtifactId> read_id(ObjectReader &reader, std::string_view name) {
  ArtifactId id{};
  if (!from_hex(WARRANT_TRY(reader.string(name, 2 * W_ID_SIZE, 2 * W_ID_SIZE)), id) ||
      id == ArtifactId{})
    return malformed(reader.at(name), "32 lower-case hex characters, not all 0, expected");
  return id;
}

Checked<LogPlace> read_log(ObjectReader &&reader) {
  LogPlace place;
  place.origin = WARRANT_TRY(reader.string("origin", 1, kMaxOrigin));
  place.index = WARRANT_TRY(read_wide(reader, "index"));
  place.size = WARRANT_TRY(read_wide(reader, "size"));
  place.root = WARRANT_TRY(reader.digest("root"));
  if (place.index >= place.size)
    return malformed(reader.at("index"), "not below the size of the tree");
  WARRANT_TRY(reader.finish());
  return place;
}

Checked<RemoteParent> read_parent(ObjectReader &&reader) {
  RemoteParent parent;
  parent.host = WARRANT_TRY(reader.string("host", 1, kMaxHostName));
  parent.boot = WARRANT_TRY(reader.string("boot", kBootIdSize, kBootIdSize));
  if (!is_boot_id_text(parent.boot))
    return malformed(reader.at("boot"), "not a boot id");
  parent.lineage = WARRANT_TRY(read_wide(reader, "lineage"));
  if (parent.lineage == 0)
    return malformed(reader.at("lineage"), "0 is no exec");
  if (reader.has("artifact"))
    parent.artifact = WARRANT_TRY(read_id(reader, "artifact"));
  if (reader.has("log"))
    parent.log = WARRANT_TRY(read_log(WARRANT_TRY(reader.object("log"))));
  WARRANT_TRY(reader.finish());
  return parent;
}

Checked<void> read_window(ObjectReader &&reader, LineageToken &token) {
  token.not_before = WARRANT_TRY(reader.time("notBefore"));
  token.not_after = WARRANT_TRY(reader.time("notAfter"));
  if (token.not_after <= token.not_before)
    return malformed(reader.at("notAfter"), "not later than notBefore");
  if (token.not_after - token.not_before > kMaxTokenWindow)
    return malformed(reader.at("notAfter"),
                     "more than " + std::to_string(kMaxTokenWindow) + " s after notBefore",
                     "issue it when it is needed");
  return reader.finish();
}

Json parent_json(const RemoteParent &parent) {
  Json json = {
      {"host", parent.host}, {"boot", parent.boot}, {"lineage", std::to_string(parent.lineage)}};
  if (parent.artifact)
    json["artifact"] = to_hex(*parent.artifact);
  if (parent.log)
    json["log"] = {{"origin", parent.log->origin},
                   {"index", std::to_string(parent.log->index)},
                   {"size", std::to_string(parent.log->size)},
                   {"root", to_hex(parent.log->root)}};
  return json;
}

Rejection refused(w_reason reason, std::string field, std::string detail, std::string fix = {}) {
  return {reason, std::move(field), std::move(detail), std::move(fix)};
}

Checked<void> check_window(const LineageToken &token, int64_t now) {
  if (now < token.not_before)
    return refused(W_REASON_NOT_YET_VALID, "predicate.validity.notBefore",
                   "valid from " + format_time(token.not_before) + " on");
  if (now >= token.not_after)
    return refused(W_REASON_EXPIRED, "predicate.validity.notAfter",
                   "expired at " + format_time(token.not_after), "have another one issued");
  return {};
}

} // namespace

Checked<LineageToken> parse_lineage_token(ByteView payload) {
  const Json predicate = WARRANT_TRY(parse_self_statement(payload, kLineageTokenType, kSubject));
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(predicate, "predicate"));
  LineageToken token;
  token.id = WARRANT_TRY(read_id(reader, "id"));
  token.parent = WARRANT_TRY(read_parent(WARRANT_TRY(reader.object("parent"))));
  token.audience = WARRANT_TRY(reader.string("audience", 1, kMaxHostName));
  WARRANT_TRY(read_window(WARRANT_TRY(reader.object("validity")), token));
  WARRANT_TRY(reader.finish());
  return token;
}

Checked<std::string> serialize_lineage_token(const LineageToken &token) {
  Json predicate = {
      {"id", to_hex(token.id)},
      {"parent", parent_json(token.parent)},
      {"audience", token.audience},
      {"validity",
       {{"notBefore", format_time(token.not_before)}, {"notAfter", format_time(token.not_after)}}}};
  std::string payload = serialize_self_statement(kLineageTokenType, kSubject, std::move(predicate));
  if (WARRANT_TRY(parse_lineage_token(view(payload))) != token)
    return malformed("", "a time out of range, or text that is not UTF-8");
  return payload;
}

Checked<LineageToken> verify_lineage_token(ByteView envelope, const TrustState &trust,
                                           int64_t now) {
  if (envelope.size() > kMaxTokenSize)
    return malformed("", "larger than " + std::to_string(kMaxTokenSize) + " bytes");
  UnverifiedEnvelope claimed = WARRANT_TRY(peek_envelope(envelope));
  WARRANT_TRY(check_expiry(trust, now));
  const Role &authority = trust.root.role(RoleName::kLineage);
  if (authority.keys.empty())
    return refused(W_REASON_INVALID_SIGNATURE, "signatures",
                   "nobody may sign lineage tokens: the trust root has no role lineage",
                   "give a key that role (warrant trust rotate --add lineage=KEYFILE)");
  const VerifiedBytes bytes =
      WARRANT_TRY(verify_envelope(std::move(claimed), authority.keys, authority.threshold));
  LineageToken token = WARRANT_TRY(parse_lineage_token(bytes.payload()));
  if (trust.revocation)
    for (const std::string &signer : bytes.signers())
      if (revokes_issuer(trust.revocation->revocation, signer))
        return refused(W_REASON_REVOKED, "signatures",
                       "signed by " + signer + ", which is revoked");
  if (token.audience != trust.host)
    return refused(
        W_REASON_IDENTITY_MISMATCH, "predicate.audience",
        "meant for host " + printable(token.audience) + ", this is " + printable(trust.host));
  WARRANT_TRY(check_window(token, now));
  return token;
}

} // namespace warrant
