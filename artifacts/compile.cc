// SPDX-License-Identifier: Apache-2.0
#include "artifacts/compile.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "artifacts/contents.h"
#include "artifacts/revoked_content.h"
#include "artifacts/scopes.h"

namespace warrant {
namespace {

constexpr size_t kMaxNamed = 16; // artifacts that an error message lists

/// One grant on its way into a verdict.
struct Grant {
  w_verdict_key key;
  uint32_t artifact;
  uint32_t actions;
};

int compare(const w_verdict_key &a, const w_verdict_key &b) {
  if (a.scope != b.scope)
    return a.scope < b.scope ? -1 : 1;
  if (a.digest_kind != b.digest_kind)
    return a.digest_kind < b.digest_kind ? -1 : 1;
  return std::memcmp(a.digest, b.digest, W_DIGEST_SIZE);
}

bool key_less(const w_verdict_key &a, const w_verdict_key &b) {
  return compare(a, b) < 0;
}

bool grant_less(const Grant &a, const Grant &b) {
  const int order = compare(a.key, b.key);
  return order != 0 ? order < 0 : a.artifact < b.artifact;
}

w_verdict_key make_key(uint32_t scope, w_digest_kind kind, const Digest &digest) {
  w_verdict_key key{};
  key.scope = scope;
  key.digest_kind = kind;
  std::memcpy(key.digest, digest.data(), digest.size());
  return key;
}

using Chosen = std::vector<const VerifiedAuthorization *>;

/// Sorted by payload, each payload once: of several copies, one that stands.
Chosen choose(const std::vector<VerifiedAuthorization> &authorizations) {
  Chosen chosen;
  for (const VerifiedAuthorization &verified : authorizations)
    chosen.push_back(&verified);
  std::sort(chosen.begin(), chosen.end(), [](const auto *a, const auto *b) {
    return std::pair(a->sha256(), a->blocked().has_value()) <
           std::pair(b->sha256(), b->blocked().has_value());
  });
  const auto end = std::unique(chosen.begin(), chosen.end(), [](const auto *a, const auto *b) {
    return a->sha256() == b->sha256();
  });
  chosen.erase(end, chosen.end());
  return chosen;
}

std::string describe(const VerifiedAuthorization &verified) {
  return to_hex(verified.authorization().id) + " (payload " + to_hex(verified.sha256()) + ")";
}

CompileError clash(std::string message, const Chosen &artifacts) {
  CompileError error{std::move(message), {}};
  for (size_t i = 0; i < artifacts.size(); i++) {
    if (i < kMaxNamed)
      error.message += (i == 0 ? ": " : ", ") + describe(*artifacts[i]);
    error.artifacts.push_back(artifacts[i]->sha256());
  }
  return error;
}

/// What stands in the artifact table: an artifact, or the twin that grants its revoked digests.
struct Row {
  const VerifiedAuthorization *verified;
  uint32_t flags; ///< W_CANDIDATE_* bits
  bool is_twin;
};

Contents contents_of(const VerifiedAuthorization &verified) {
  return {verified.authorization(), verified.records()};
}

/// The flag that makes the kernel's denial give the reason; nothing for a reason that has none.
std::optional<uint32_t> flag_of(const VerifiedAuthorization &verified) {
  if (!verified.blocked())
    return 0;
  switch (verified.blocked()->reason) {
    case W_REASON_POLICY_MISMATCH:
      return W_CANDIDATE_POLICY_MISMATCH;
    case W_REASON_IDENTITY_MISMATCH:
      return W_CANDIDATE_IDENTITY_MISMATCH;
    case W_REASON_REVOKED:
      return W_CANDIDATE_REVOKED;
    default:
      return std::nullopt;
  }
}

bool needs_twin(const VerifiedAuthorization &verified, const RevokedContent &revoked) {
  if (revoked.is_empty() || verified.blocked())
    return false;
  const Contents contents = contents_of(verified);
  for (size_t i = 0; i < contents.size(); i++)
    if (revoked.has(contents, i))
      return true;
  return false;
}

/// By index in the artifact table, from 1. Authorizations that could not even give a reason are
/// left out.
std::vector<Row> make_rows(const Chosen &chosen, const RevokedContent &revoked) {
  std::vector<Row> rows;
  for (const VerifiedAuthorization *verified : chosen) {
    const std::optional<uint32_t> flags = flag_of(*verified);
    if (!flags)
      continue;
    rows.push_back({verified, *flags, false});
    if (needs_twin(*verified, revoked))
      rows.push_back({verified, W_CANDIDATE_REVOKED, true});
  }
  return rows;
}

Result<void, CompileError> check_ids(const Chosen &chosen) {
  std::map<ArtifactId, const VerifiedAuthorization *> by_id;
  for (const VerifiedAuthorization *verified : chosen) {
    const auto [known, is_new] = by_id.emplace(verified->authorization().id, verified);
    if (!is_new)
      return clash("one artifact id with two payloads", {known->second, verified});
  }
  return {};
}

/// A restriction that the kernel would not be told of is never let pass.
Result<void, CompileError> check_bonds(const Chosen &chosen, const Circumstances &circumstances) {
  for (const VerifiedAuthorization *verified : chosen) {
    const Authorization &authorization = verified->authorization();
    const auto bond = circumstances.bonds.find(authorization.id);
    if (bond != circumstances.bonds.end() && (bond->second == 0 || bond->second > W_MAX_BONDS))
      return clash("no bond " + std::to_string(bond->second), {verified});
    if (!verified->blocked() && bond == circumstances.bonds.end() &&
        (authorization.kill_on_expiry || authorization.kill_on_revoke))
      return clash("no bond is left to end the processes of an artifact with it", {verified});
  }
  return {};
}

void add_initiator(w_artifact &artifact, const Initiator &initiator) {
  if (initiator.uid && initiator.cgroup_path()) {
    artifact.constraints |= W_ARTIFACT_NEEDS_UID;
    artifact.uid = *initiator.uid;
  }
  if (initiator.gid) {
    artifact.constraints |= W_ARTIFACT_NEEDS_GID;
    artifact.gid = *initiator.gid;
  }
  if (initiator.session) {
    artifact.constraints |= W_ARTIFACT_NEEDS_SESSION;
    artifact.session = *initiator.session;
  }
  if (initiator.parent_sha256) {
    artifact.constraints |= W_ARTIFACT_NEEDS_CODE;
    std::copy(initiator.parent_sha256->begin(), initiator.parent_sha256->end(), artifact.caller);
  }
}

uint32_t slot_of(const EnvironmentDemand &demand, const Circumstances &circumstances) {
  if (!demand.needs_proof())
    return W_ENVIRONMENT_OPEN;
  return circumstances.slots ? circumstances.slots(demand) : 0;
}

w_artifact make_artifact(const Row &row, const Circumstances &circumstances) {
  const Authorization &authorization = row.verified->authorization();
  w_artifact artifact{};
  std::copy(authorization.id.begin(), authorization.id.end(), artifact.id);
  artifact.not_before = circumstances.clock.boot_ns(authorization.not_before);
  artifact.not_after = circumstances.clock.boot_ns(authorization.not_after);
  artifact.environment = slot_of(authorization.environment, circumstances);
  artifact.flags = row.flags;
  artifact.constraints = (authorization.recovery ? W_ARTIFACT_RECOVERY : 0) |
                         (authorization.jit ? W_ARTIFACT_JIT : 0) |
                         (authorization.max_uses ? W_ARTIFACT_COUNTED : 0) |
                         reads_constraints(authorization.interpreter);
  add_initiator(artifact, authorization.initiator);
  if (authorization.requires_parent) {
    // Verification lets no artifact through that has a parent and not its id.
    const ArtifactId &parent = row.verified->parent_id().value();
    artifact.constraints |= W_ARTIFACT_NEEDS_PARENT;
    std::copy(parent.begin(), parent.end(), artifact.parent);
  }
  const auto bond = circumstances.bonds.find(authorization.id);
  artifact.bond = bond == circumstances.bonds.end() ? 0 : bond->second;
  return artifact;
}

/// What is blocked says nothing here: it would be the reason for every file on the machine.
void append_any(std::vector<Grant> &grants, const Row &row, uint32_t index,
                const std::vector<uint32_t> &targets) {
  if (row.flags != 0)
    return;
  const Authorization &authorization = row.verified->authorization();
  for (const uint32_t scope : targets)
    grants.push_back({make_key(scope, W_DIGEST_ANY, Digest{}), index,
                      granted_actions(authorization.interpreter, authorization.actions)});
}

std::vector<Grant> collect_grants(const std::vector<Row> &rows, const Scopes &scopes,
                                  const RevokedContent &revoked) {
  std::vector<Grant> grants;
  for (size_t r = 0; r < rows.size(); r++) {
    const auto index = static_cast<uint32_t>(r + 1);
    const bool has_twin = r + 1 < rows.size() && rows[r + 1].is_twin;
    const Authorization &authorization = rows[r].verified->authorization();
    const Contents contents = contents_of(*rows[r].verified);
    const std::vector<uint32_t> targets = scopes.of(authorization.initiator);
    if (authorization.covers == Covers::kAll)
      append_any(grants, rows[r], index, targets);
    for (size_t i = 0; i < contents.size(); i++) {
      if ((rows[r].is_twin || has_twin) && revoked.has(contents, i) != rows[r].is_twin)
        continue;
      for (const uint32_t scope : targets) {
        const uint32_t actions = granted_actions(authorization.interpreter, contents.actions(i));
        grants.push_back({make_key(scope, W_DIGEST_SHA256, contents.sha256(i)), index, actions});
        if (contents.verity(i))
          grants.push_back({make_key(scope, W_DIGEST_VERITY, *contents.verity(i)), index, actions});
      }
    }
  }
  std::sort(grants.begin(), grants.end(), grant_less);
  return grants;
}

/// What one artifact says of one key in several places joins into one grant.
void join_repeated(std::vector<Grant> &grants) {
  size_t kept = 0;
  for (const Grant &grant : grants) {
    Grant *last = kept > 0 ? &grants[kept - 1] : nullptr;
    if (last && compare(last->key, grant.key) == 0 && last->artifact == grant.artifact)
      last->actions |= grant.actions;
    else
      grants[kept++] = grant;
  }
  grants.resize(kept);
}

using Verdicts = std::vector<std::pair<w_verdict_key, w_verdict>>;

CompileError too_many_grants(std::span<const Grant> grants, const std::vector<Row> &rows,
                             const Scopes &scopes) {
  Chosen artifacts;
  for (const Grant &grant : grants)
    artifacts.push_back(rows[grant.artifact - 1].verified);
  const w_verdict_key &key = grants.front().key;
  const std::string named =
      key.digest_kind == W_DIGEST_ANY ? std::string("any content") : "digest " + to_hex(key.digest);
  return clash(named + " is named by " + std::to_string(grants.size()) + " artifacts for " +
                   scopes.name(key.scope) + ", at most " + std::to_string(W_GRANTS_PER_VERDICT) +
                   " can be held",
               artifacts);
}

/// All that grant something, and of those that only give a reason as many as there is room for.
std::vector<Grant> fit(std::span<const Grant> grants, const std::vector<Row> &rows) {
  const auto is_live = [&](const Grant &grant) { return rows[grant.artifact - 1].flags == 0; };
  std::vector<Grant> kept;
  std::copy_if(grants.begin(), grants.end(), std::back_inserter(kept), is_live);
  for (const Grant &grant : grants)
    if (!is_live(grant) && kept.size() < W_GRANTS_PER_VERDICT)
      kept.push_back(grant);
  std::sort(kept.begin(), kept.end(), grant_less);
  return kept;
}

Result<Verdicts, CompileError> group(std::span<const Grant> grants, const std::vector<Row> &rows,
                                     const Scopes &scopes) {
  Verdicts verdicts;
  for (size_t first = 0; first < grants.size();) {
    size_t end = first + 1;
    while (end < grants.size() && compare(grants[end].key, grants[first].key) == 0)
      end++;
    std::span<const Grant> held = grants.subspan(first, end - first);
    std::vector<Grant> fitting;
    if (held.size() > W_GRANTS_PER_VERDICT)
      held = fitting = fit(held, rows);
    if (held.size() > W_GRANTS_PER_VERDICT)
      return too_many_grants(held, rows, scopes);
    w_verdict verdict{};
    for (size_t i = 0; i < held.size(); i++)
      verdict.grants[i] = W_GRANT(held[i].artifact, held[i].actions);
    // The kernel takes the first that holds, and the process has what that one says.
    std::stable_partition(
        std::begin(verdict.grants), std::begin(verdict.grants) + held.size(),
        [](uint32_t grant) { return (W_GRANT_ACTIONS(grant) & W_ACTION_ADMINISTER) != 0; });
    verdicts.emplace_back(grants[first].key, verdict);
    first = end;
  }
  return verdicts;
}

/// Markers for digests that some scope names but the host does not, put where the order wants them.
void insert_markers(Verdicts &verdicts) {
  std::vector<w_verdict_key> markers;
  const auto host_end = std::find_if(verdicts.begin(), verdicts.end(), [](const auto &entry) {
    return entry.first.scope != W_SCOPE_HOST;
  });
  for (auto entry = host_end; entry != verdicts.end(); ++entry) {
    if (entry->first.digest_kind == W_DIGEST_ANY)
      continue;
    w_verdict_key host = entry->first;
    host.scope = W_SCOPE_HOST;
    const auto found = std::lower_bound(verdicts.begin(), host_end, host,
                                        [](const auto &candidate, const w_verdict_key &key) {
                                          return key_less(candidate.first, key);
                                        });
    if (found != host_end && compare(found->first, host) == 0)
      continue;
    markers.push_back(host);
    markers.back().scope = W_SCOPE_NAMED;
  }
  std::sort(markers.begin(), markers.end(), key_less);
  const auto same = [](const auto &a, const auto &b) { return compare(a, b) == 0; };
  markers.erase(std::unique(markers.begin(), markers.end(), same), markers.end());

  Verdicts marked;
  for (const w_verdict_key &key : markers)
    marked.emplace_back(key, w_verdict{});
  verdicts.insert(host_end, marked.begin(), marked.end());
}

uint32_t flags_of(const Entries &entries) {
  const bool has_any =
      std::any_of(entries.verdicts.begin(), entries.verdicts.end(),
                  [](const auto &entry) { return entry.first.digest_kind == W_DIGEST_ANY; });
  constexpr uint32_t kReads = W_ARTIFACT_READS_SUFFIXES | W_ARTIFACT_READS_LISTED;
  const bool has_reads =
      std::any_of(entries.artifacts.begin(), entries.artifacts.end(),
                  [](const w_artifact &artifact) { return (artifact.constraints & kReads) != 0; });
  return (entries.uids.empty() ? 0 : W_GENERATION_HAS_UIDS) |
         (entries.cgroups.empty() ? 0 : W_GENERATION_HAS_CGROUPS) |
         (has_any ? W_GENERATION_HAS_ANY : 0) | (has_reads ? W_GENERATION_HAS_READS : 0);
}

static_assert(W_SCOPE_HOST < W_SCOPE_NAMED && W_SCOPE_NAMED < W_SCOPE_FIRST_FREE,
              "markers stand between the host's verdicts and all others");

} // namespace

uint64_t ClockMap::boot_ns(int64_t wall_seconds) const {
  __extension__ using Wide = __int128;
  const Wide boot = Wide{wall_seconds} * 1000000000 + boot_minus_wall_ns;
  return static_cast<uint64_t>(std::clamp<Wide>(boot, 0, Wide{W_FOREVER - 1}));
}

Result<Entries, CompileError> compile(const std::vector<VerifiedAuthorization> &authorizations,
                                      const Circumstances &circumstances) {
  const Chosen chosen = choose(authorizations);
  WARRANT_TRY(check_ids(chosen));
  WARRANT_TRY(check_bonds(chosen, circumstances));
  const RevokedContent revoked(chosen, circumstances.revocation);
  const std::vector<Row> rows = make_rows(chosen, revoked);
  if (rows.size() >= W_MAX_ARTIFACTS)
    return CompileError{"more than " + std::to_string(W_MAX_ARTIFACTS - 1) + " artifacts", {}};
  Scopes scopes;
  for (const Row &row : rows)
    scopes.add(row.verified->authorization().initiator);
  for (const ScopeMode &mode : circumstances.modes)
    scopes.add(mode);
  scopes.number();

  Entries entries;
  entries.artifacts.emplace_back();
  entries.payloads.emplace_back();
  for (const Row &row : rows) {
    entries.artifacts.push_back(make_artifact(row, circumstances));
    entries.payloads.push_back(row.verified->sha256());
  }
  std::vector<Grant> grants = collect_grants(rows, scopes, revoked);
  join_repeated(grants);
  entries.verdicts = WARRANT_TRY(group(grants, rows, scopes));
  insert_markers(entries.verdicts);
  entries.uids = scopes.uids();
  entries.cgroups = scopes.cgroups();
  entries.flags = flags_of(entries);
  return entries;
}

} // namespace warrant
