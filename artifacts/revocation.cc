// SPDX-License-Identifier: Apache-2.0
#include "artifacts/revocation.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/envelope.h"
#include "artifacts/json.h"
#include "artifacts/lists.h"
#include "artifacts/self_statement.h"
#include "artifacts/statement.h"
#include "artifacts/time.h"

namespace warrant {
namespace {

constexpr std::string_view kSubject = "revocation";

template <class T>
bool contains(const std::vector<T> &sorted, const T &value) {
  return std::binary_search(sorted.begin(), sorted.end(), value);
}

} // namespace

Checked<Revocation> parse_revocation(ByteView payload) {
  const Json predicate = WARRANT_TRY(parse_self_statement(payload, kRevocationType, kSubject));
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(predicate, "predicate"));
  Revocation revocation;
  revocation.epoch = WARRANT_TRY(reader.integer("epoch", 1, kMaxVersion));
  revocation.issued_at = WARRANT_TRY(reader.time("issuedAt"));
  if (reader.has("artifacts"))
    revocation.artifacts = WARRANT_TRY(read_digests(reader, "artifacts", 1, kMaxRevoked));
  if (reader.has("issuers"))
    revocation.issuers = WARRANT_TRY(read_fingerprints(reader, "issuers", 1, kMaxRevoked));
  if (reader.has("digests"))
    revocation.digests = WARRANT_TRY(read_digests(reader, "digests", 1, kMaxRevoked));
  if (reader.has("hosts"))
    revocation.hosts = WARRANT_TRY(read_texts(reader, "hosts", 1, kMaxRevoked, kMaxHostName));
  WARRANT_TRY(reader.finish());
  return revocation;
}

Checked<std::string> serialize_revocation(const Revocation &revocation) {
  Json predicate = {{"epoch", revocation.epoch}, {"issuedAt", format_time(revocation.issued_at)}};
  if (!revocation.artifacts.empty())
    predicate["artifacts"] = digests_json(revocation.artifacts);
  if (!revocation.issuers.empty())
    predicate["issuers"] = revocation.issuers;
  if (!revocation.digests.empty())
    predicate["digests"] = digests_json(revocation.digests);
  if (!revocation.hosts.empty())
    predicate["hosts"] = revocation.hosts;
  std::string payload = serialize_self_statement(kRevocationType, kSubject, std::move(predicate));
  if (WARRANT_TRY(parse_revocation(view(payload))) != revocation)
    return malformed("", "a list not sorted, a time out of range, or text that is not UTF-8");
  return payload;
}

Checked<SignedRevocation> load_revocation(ByteView envelope, const Role &authority) {
  const VerifiedBytes bytes =
      WARRANT_TRY(verify_envelope(envelope, authority.keys, authority.threshold));
  return SignedRevocation{WARRANT_TRY(parse_revocation(bytes.payload())), bytes.sha256()};
}

bool revokes_artifact(const Revocation &revocation, const Digest &payload) {
  return contains(revocation.artifacts, payload);
}

bool revokes_issuer(const Revocation &revocation, const std::string &fingerprint) {
  return contains(revocation.issuers, fingerprint);
}

bool revokes_digest(const Revocation &revocation, const Digest &content) {
  return contains(revocation.digests, content);
}

bool revokes_host(const Revocation &revocation, const std::string &host) {
  return contains(revocation.hosts, host);
}

} // namespace warrant
