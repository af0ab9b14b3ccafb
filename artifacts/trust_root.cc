// SPDX-License-Identifier: Apache-2.0
#include "artifacts/trust_root.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "artifacts/envelope.h"
#include "artifacts/json.h"
#include "artifacts/lists.h"
#include "artifacts/self_statement.h"
#include "artifacts/time.h"

namespace warrant {
namespace {

constexpr std::string_view kSubject = "trust-root";

constexpr std::array<std::string_view, kRoleCount> kRoles = {
    "root", "policy", "baseline", "task", "revocation", "enrollment", "breakglass", "lineage"};
static_assert(static_cast<size_t>(RoleName::kLineage) + 1 == kRoleCount);

using KeyRing = std::map<std::string, PublicKey>;

Checked<KeyRing> read_keys(ObjectReader &reader) {
  const Json *list = WARRANT_TRY(reader.array("keys", 1, kMaxTrustKeys));
  KeyRing ring;
  for (size_t i = 0; i < list->size(); i++) {
    const std::string field = reader.at(element("keys", i));
    if (!(*list)[i].is_string())
      return malformed(field, "string expected");
    const Result<PublicKey> key = PublicKey::from_base64((*list)[i].get_ref<const std::string &>());
    if (!key.ok())
      return malformed(field, key.error().message);
    if (!ring.emplace(key.value().fingerprint(), key.value()).second)
      return malformed(field, "given twice");
  }
  return ring;
}

Role role_of(const KeyRing &ring, uint32_t threshold) {
  Role role;
  for (const auto &[fingerprint, key] : ring)
    role.keys.push_back(key);
  role.threshold = threshold;
  return role;
}

Checked<Role> read_role(ObjectReader &&reader, const KeyRing &ring) {
  const Json *list = WARRANT_TRY(reader.array("keys", 1, kMaxTrustKeys));
  KeyRing chosen;
  for (size_t i = 0; i < list->size(); i++) {
    const std::string field = reader.at(element("keys", i));
    const auto key =
        (*list)[i].is_string() ? ring.find((*list)[i].get_ref<const std::string &>()) : ring.end();
    if (key == ring.end())
      return malformed(field, "fingerprint of one of predicate.keys expected");
    if (!chosen.insert(*key).second)
      return malformed(field, "given twice");
  }
  // More signatures than an envelope holds could never be given.
  const auto most = static_cast<int64_t>(std::min(chosen.size(), kMaxSignatures));
  const int64_t threshold = WARRANT_TRY(reader.integer("threshold", 1, most));
  WARRANT_TRY(reader.finish());
  return role_of(chosen, static_cast<uint32_t>(threshold));
}

Checked<void> read_roles(ObjectReader &&reader, const KeyRing &ring, TrustRoot &root) {
  for (size_t i = 0; i < kRoleCount; i++) {
    const bool required =
        i == static_cast<size_t>(RoleName::kRoot) || i == static_cast<size_t>(RoleName::kPolicy);
    if (required || reader.has(kRoles[i]))
      root.roles[i] = WARRANT_TRY(read_role(WARRANT_TRY(reader.object(kRoles[i])), ring));
  }
  return reader.finish();
}

/// A key that no role uses is a slip of the pen, and nobody should wonder what it may do.
Checked<void> check_all_used(const KeyRing &ring, const TrustRoot &root) {
  for (const auto &[fingerprint, key] : ring) {
    const auto has = [&wanted = key](const Role &role) {
      return std::find(role.keys.begin(), role.keys.end(), wanted) != role.keys.end();
    };
    if (std::none_of(root.roles.begin(), root.roles.end(), has))
      return malformed("predicate.keys", "no role uses key " + fingerprint, "remove it");
  }
  return {};
}

Json role_json(const Role &role) {
  Json keys = Json::array();
  for (const PublicKey &key : role.keys)
    keys.push_back(key.fingerprint());
  return {{"keys", std::move(keys)}, {"threshold", role.threshold}};
}

Json roles_json(const TrustRoot &root) {
  Json roles = Json::object();
  for (size_t i = 0; i < kRoleCount; i++)
    if (root.roles[i] != Role{})
      roles[std::string(kRoles[i])] = role_json(root.roles[i]);
  return roles;
}

Json keys_json(const TrustRoot &root) {
  KeyRing ring;
  for (const Role &role : root.roles)
    for (const PublicKey &key : role.keys)
      ring.emplace(key.fingerprint(), key);
  Json keys = Json::array();
  for (const auto &[fingerprint, key] : ring)
    keys.push_back(to_base64(key.bytes()));
  return keys;
}

/// What could be said of the step without knowing who signed: an older root need not be signed by
/// today's keys, nor a root from far ahead.
Checked<void> check_step(int64_t current, int64_t next) {
  if (next < current)
    return Rejection{W_REASON_REPLAY, "predicate.version",
                     "version " + std::to_string(next) + " is older than version " +
                         std::to_string(current) + ", which is in force",
                     "install the newest trust root"};
  if (next > current + 1)
    return malformed(
        "predicate.version",
        "version " + std::to_string(next) + " does not follow version " + std::to_string(current),
        "install the versions in between first, one after the other");
  return {};
}

} // namespace

std::string_view role_name(RoleName role) {
  return kRoles.at(static_cast<size_t>(role));
}

std::optional<RoleName> role_from_name(std::string_view name) {
  const auto *const found = std::find(kRoles.begin(), kRoles.end(), name);
  if (found == kRoles.end())
    return std::nullopt;
  return static_cast<RoleName>(found - kRoles.begin());
}

Role make_role(std::vector<PublicKey> keys, uint32_t threshold) {
  KeyRing ring;
  for (PublicKey &key : keys)
    ring.emplace(key.fingerprint(), key);
  return role_of(ring, threshold);
}

Checked<TrustRoot> parse_trust_root(ByteView payload) {
  const Json predicate = WARRANT_TRY(parse_self_statement(payload, kTrustRootType, kSubject));
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(predicate, "predicate"));
  TrustRoot root;
  root.version = WARRANT_TRY(reader.integer("version", 1, kMaxVersion));
  root.expires = WARRANT_TRY(reader.time("expires"));
  const KeyRing ring = WARRANT_TRY(read_keys(reader));
  WARRANT_TRY(read_roles(WARRANT_TRY(reader.object("roles")), ring, root));
  WARRANT_TRY(reader.finish());
  WARRANT_TRY(check_all_used(ring, root));
  return root;
}

Checked<std::string> serialize_trust_root(const TrustRoot &root) {
  Json predicate = {{"version", root.version},
                    {"expires", format_time(root.expires)},
                    {"keys", keys_json(root)},
                    {"roles", roles_json(root)}};
  std::string payload = serialize_self_statement(kTrustRootType, kSubject, std::move(predicate));
  if (WARRANT_TRY(parse_trust_root(view(payload))) != root)
    return malformed("", "keys not sorted by fingerprint, or a time out of range");
  return payload;
}

Checked<SignedTrustRoot> load_trust_root(ByteView envelope) {
  // Unverified, and only to learn which keys the document itself says must have signed it.
  const UnverifiedEnvelope claimed = WARRANT_TRY(peek_envelope(envelope));
  const TrustRoot unverified = WARRANT_TRY(parse_trust_root(claimed.payload));
  const Role &role = unverified.role(RoleName::kRoot);
  const VerifiedBytes bytes = WARRANT_TRY(verify_envelope(envelope, role.keys, role.threshold));
  return SignedTrustRoot{WARRANT_TRY(parse_trust_root(bytes.payload())), bytes.sha256()};
}

Checked<SignedTrustRoot> update_trust_root(const SignedTrustRoot &current, ByteView envelope) {
  SignedTrustRoot next = WARRANT_TRY(load_trust_root(envelope));
  if (next.sha256 == current.sha256)
    return next;
  WARRANT_TRY(check_step(current.root.version, next.root.version));
  const Role &role = current.root.role(RoleName::kRoot);
  Checked<VerifiedBytes> bytes = verify_envelope(envelope, role.keys, role.threshold);
  if (!bytes.ok()) {
    Rejection rejection = std::move(bytes).error();
    rejection.detail = "root role of version " + std::to_string(current.root.version) +
                       ", which is in force: " + rejection.detail;
    rejection.fix = "sign with the root keys of both versions";
    return rejection;
  }
  if (next.root.version == current.root.version)
    return Rejection{W_REASON_REPLAY, "predicate.version",
                     "another document than the one in force has the same version " +
                         std::to_string(current.root.version),
                     "give the new trust root the next version"};
  return next;
}

} // namespace warrant
