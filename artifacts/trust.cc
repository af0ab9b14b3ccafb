// SPDX-License-Identifier: Apache-2.0
#include "artifacts/trust.h"

#include <linux/magic.h>

#include <algorithm>
#include <map>

#include "artifacts/envelope.h"
#include "artifacts/json.h"
#include "artifacts/names.h"
#include "artifacts/statement.h"
#include "artifacts/time.h"

namespace warrant {
namespace {

constexpr std::string_view kTrustRootSubject = "trust-root";
constexpr std::string_view kPolicySubject = "policy";
constexpr int64_t kMaxVersion = (int64_t{1} << 53) - 1; // what every JSON reader keeps exact
constexpr size_t kMaxWord = 64;

constexpr Filesystem kFilesystems[] = {
    {"ext4", EXT4_SUPER_MAGIC},      {"xfs", XFS_SUPER_MAGIC},     {"btrfs", BTRFS_SUPER_MAGIC},
    {"erofs", EROFS_SUPER_MAGIC_V1}, {"squashfs", SQUASHFS_MAGIC}, {"tmpfs", TMPFS_MAGIC},
    {"ramfs", RAMFS_MAGIC}};
static_assert(std::size(kFilesystems) <= W_MAX_FILESYSTEMS);

using KeyRing = std::map<std::string, PublicKey>;

/// The frame that trust root and policy share: one subject that names the predicate itself.
Json self_subject(std::string_view name, const Json &predicate) {
  const std::string canonical = predicate.dump(-1, ' ', false, Json::error_handler_t::replace);
  return Json::array({{{"name", name}, {"digest", {{"sha256", to_hex(sha256(view(canonical)))}}}}});
}

Checked<Statement> parse_self_statement(ByteView payload, std::string_view type,
                                        std::string_view name) {
  Statement statement = WARRANT_TRY(parse_statement(payload, type));
  if (statement.subject != self_subject(name, statement.predicate))
    return malformed("subject",
                     "exactly one expected: \"" + std::string(name) +
                         "\" with the sha256 of the predicate in canonical JSON",
                     "let `warrant` write the statement");
  return statement;
}

Checked<KeyRing> read_keys(ObjectReader &reader) {
  const Json *list = WARRANT_TRY(reader.array("keys", 1, kMaxTrustKeys));
  KeyRing ring;
  for (size_t i = 0; i < list->size(); i++) {
    const std::string field = reader.at("keys[" + std::to_string(i) + "]");
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
    const std::string field = reader.at("keys[" + std::to_string(i) + "]");
    const auto key =
        (*list)[i].is_string() ? ring.find((*list)[i].get_ref<const std::string &>()) : ring.end();
    if (key == ring.end())
      return malformed(field, "fingerprint of one of predicate.keys expected");
    if (!chosen.insert(*key).second)
      return malformed(field, "given twice");
  }
  const int64_t threshold =
      WARRANT_TRY(reader.integer("threshold", 1, static_cast<int64_t>(chosen.size())));
  WARRANT_TRY(reader.finish());
  return role_of(chosen, static_cast<uint32_t>(threshold));
}

/// A key that no role uses is a slip of the pen, and nobody should wonder what it may do.
Checked<void> check_all_used(const KeyRing &ring, const TrustRoot &root) {
  for (const auto &[fingerprint, key] : ring) {
    const auto has = [&wanted = key](const Role &role) {
      return std::find(role.keys.begin(), role.keys.end(), wanted) != role.keys.end();
    };
    if (!has(root.root) && !has(root.policy) && !has(root.issuer))
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

Json keys_json(const TrustRoot &root) {
  KeyRing ring;
  for (const Role *role : {&root.root, &root.policy, &root.issuer})
    for (const PublicKey &key : role->keys)
      ring.emplace(key.fingerprint(), key);
  Json keys = Json::array();
  for (const auto &[fingerprint, key] : ring)
    keys.push_back(to_base64(key.bytes()));
  return keys;
}

Checked<w_mode> read_mode(ObjectReader &reader) {
  const std::string word = WARRANT_TRY(reader.string("mode", 0, kMaxWord));
  const std::optional<w_mode> mode = mode_from_name(word);
  if (!mode || (*mode != W_MODE_ENFORCE && *mode != W_MODE_OBSERVE))
    return malformed(reader.at("mode"), "enforce or observe expected");
  return *mode;
}

Checked<w_audit> read_audit(ObjectReader &reader) {
  const std::string word = WARRANT_TRY(reader.string("audit", 0, kMaxWord));
  const std::optional<w_audit> audit = audit_from_name(word);
  if (!audit || (*audit != W_AUDIT_REQUIRED && *audit != W_AUDIT_OPTIONAL))
    return malformed(reader.at("audit"), "required or optional expected");
  return *audit;
}

Checked<std::vector<Filesystem>> read_filesystems(ObjectReader &reader) {
  if (!reader.has("filesystems"))
    return std::vector<Filesystem>(std::begin(kFilesystems), std::end(kFilesystems));
  const Json *list = WARRANT_TRY(reader.array("filesystems", 1, std::size(kFilesystems)));
  std::vector<Filesystem> chosen;
  for (size_t i = 0; i < list->size(); i++) {
    const std::string field = reader.at("filesystems[" + std::to_string(i) + "]");
    const auto *const known =
        std::find_if(std::begin(kFilesystems), std::end(kFilesystems),
                     [&](const Filesystem &candidate) { return (*list)[i] == candidate.name; });
    if (known == std::end(kFilesystems))
      return malformed(field, "ext4, xfs, btrfs, erofs, squashfs, tmpfs or ramfs expected");
    if (std::find(chosen.begin(), chosen.end(), *known) != chosen.end())
      return malformed(field, "given twice");
    chosen.push_back(*known);
  }
  return chosen;
}

/// Says which of the documents a rejection is about.
template <class T>
Checked<T> in_document(std::string_view name, Checked<T> result) {
  if (result.ok())
    return result;
  Rejection rejection = std::move(result).error();
  rejection.field = std::string(name) + (rejection.field.empty() ? "" : ": ") + rejection.field;
  return rejection;
}

struct SignedPolicy {
  Policy policy;
  Digest sha256{};
};

Checked<SignedPolicy> load_policy(ByteView envelope, const Role &role) {
  const VerifiedBytes bytes = WARRANT_TRY(verify_envelope(envelope, role.keys, role.threshold));
  return SignedPolicy{WARRANT_TRY(parse_policy(bytes.payload())), bytes.sha256()};
}

} // namespace

Role make_role(std::vector<PublicKey> keys, uint32_t threshold) {
  KeyRing ring;
  for (PublicKey &key : keys)
    ring.emplace(key.fingerprint(), key);
  return role_of(ring, threshold);
}

std::span<const Filesystem> known_filesystems() {
  return kFilesystems;
}

Checked<TrustRoot> parse_trust_root(ByteView payload) {
  const Statement statement =
      WARRANT_TRY(parse_self_statement(payload, kTrustRootType, kTrustRootSubject));
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(statement.predicate, "predicate"));
  TrustRoot root;
  root.version = WARRANT_TRY(reader.integer("version", 1, kMaxVersion));
  root.expires = WARRANT_TRY(reader.time("expires"));
  const KeyRing ring = WARRANT_TRY(read_keys(reader));
  ObjectReader roles = WARRANT_TRY(reader.object("roles"));
  root.root = WARRANT_TRY(read_role(WARRANT_TRY(roles.object("root")), ring));
  root.policy = WARRANT_TRY(read_role(WARRANT_TRY(roles.object("policy")), ring));
  root.issuer = WARRANT_TRY(read_role(WARRANT_TRY(roles.object("issuer")), ring));
  WARRANT_TRY(roles.finish());
  WARRANT_TRY(reader.finish());
  WARRANT_TRY(check_all_used(ring, root));
  return root;
}

Checked<Policy> parse_policy(ByteView payload) {
  const Statement statement =
      WARRANT_TRY(parse_self_statement(payload, kPolicyType, kPolicySubject));
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(statement.predicate, "predicate"));
  Policy policy;
  policy.mode = WARRANT_TRY(read_mode(reader));
  policy.audit = WARRANT_TRY(read_audit(reader));
  policy.filesystems = WARRANT_TRY(read_filesystems(reader));
  policy.issued_at = WARRANT_TRY(reader.time("issuedAt"));
  if (reader.has("expires"))
    policy.expires = WARRANT_TRY(reader.time("expires"));
  WARRANT_TRY(reader.finish());
  return policy;
}

Checked<std::string> serialize_trust_root(const TrustRoot &root) {
  Json predicate = {{"version", root.version},
                    {"expires", format_time(root.expires)},
                    {"keys", keys_json(root)},
                    {"roles",
                     {{"root", role_json(root.root)},
                      {"policy", role_json(root.policy)},
                      {"issuer", role_json(root.issuer)}}}};
  Json subject = self_subject(kTrustRootSubject, predicate);
  std::string payload =
      serialize_statement(kTrustRootType, std::move(subject), std::move(predicate));
  if (WARRANT_TRY(parse_trust_root(view(payload))) != root)
    return malformed("", "keys not sorted by fingerprint, or a time out of range");
  return payload;
}

Checked<std::string> serialize_policy(const Policy &policy) {
  Json filesystems = Json::array();
  for (const Filesystem &filesystem : policy.filesystems)
    filesystems.push_back(filesystem.name);
  Json predicate = {{"mode", mode_name(policy.mode)},
                    {"audit", audit_name(policy.audit)},
                    {"filesystems", std::move(filesystems)},
                    {"issuedAt", format_time(policy.issued_at)}};
  if (policy.expires)
    predicate["expires"] = format_time(*policy.expires);
  Json subject = self_subject(kPolicySubject, predicate);
  std::string payload = serialize_statement(kPolicyType, std::move(subject), std::move(predicate));
  if (WARRANT_TRY(parse_policy(view(payload))) != policy)
    return malformed("", "a time out of range, or an unknown file system");
  return payload;
}

Checked<TrustRoot> load_trust_root(ByteView envelope) {
  // Unverified, and only to learn which keys the document itself says must have signed it.
  const UnverifiedEnvelope claimed = WARRANT_TRY(peek_envelope(envelope));
  const Role role = WARRANT_TRY(parse_trust_root(claimed.payload)).root;
  const VerifiedBytes bytes = WARRANT_TRY(verify_envelope(envelope, role.keys, role.threshold));
  return parse_trust_root(bytes.payload());
}

Checked<TrustState> load_trust(ByteView root_envelope, ByteView policy_envelope, std::string host) {
  TrustState trust;
  trust.root = WARRANT_TRY(in_document("trust root", load_trust_root(root_envelope)));
  const SignedPolicy loaded =
      WARRANT_TRY(in_document("policy", load_policy(policy_envelope, trust.root.policy)));
  trust.policy = loaded.policy;
  trust.policy_sha256 = loaded.sha256;
  trust.host = std::move(host);
  return trust;
}

Checked<void> check_expiry(const TrustState &trust, int64_t now) {
  if (now >= trust.root.expires)
    return Rejection{W_REASON_EXPIRED, "trust root: predicate.expires",
                     "expired at " + format_time(trust.root.expires), "install a newer trust root"};
  if (trust.policy.expires && now >= *trust.policy.expires)
    return Rejection{W_REASON_EXPIRED, "policy: predicate.expires",
                     "expired at " + format_time(*trust.policy.expires), "install a newer policy"};
  return {};
}

} // namespace warrant
