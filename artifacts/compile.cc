// SPDX-License-Identifier: Apache-2.0
#include "artifacts/compile.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <set>

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

/// "/a/b/c" -> "/a/b"; "/a" -> "".
std::string parent_of(const std::string &path) {
  return path.substr(0, path.rfind('/'));
}

/// Cgroup paths as a tree of named nodes, and the scopes bound to some of them.
class CgroupTree {
 public:
  /// In the order of calls, which makes the node ids deterministic.
  void bind(const std::string &path, uint32_t scope) {
    nodes_[insert(path) - 1].value.scope = scope;
  }

  std::vector<std::pair<w_cgroup_key, w_cgroup_node>> entries() const {
    std::vector<std::pair<w_cgroup_key, w_cgroup_node>> entries;
    for (const Node &node : nodes_)
      entries.emplace_back(node.key, node.value);
    std::sort(entries.begin(), entries.end(), [](const auto &a, const auto &b) {
      return a.first.parent != b.first.parent
                 ? a.first.parent < b.first.parent
                 : std::memcmp(a.first.name, b.first.name, W_CGROUP_NAME_SIZE) < 0;
    });
    return entries;
  }

 private:
  struct Node {
    w_cgroup_key key;
    w_cgroup_node value;
  };

  /// Id of the node for a path; node 0 is the root and has no entry.
  uint32_t insert(const std::string &path) {
    if (path.empty())
      return 0;
    if (const auto known = ids_.find(path); known != ids_.end())
      return known->second;
    Node node{};
    node.key.parent = insert(parent_of(path));
    path.copy(node.key.name, W_CGROUP_NAME_SIZE - 1, path.rfind('/') + 1);
    node.value.node = static_cast<uint32_t>(nodes_.size() + 1);
    nodes_.push_back(node);
    ids_.emplace(path, node.value.node);
    return node.value.node;
  }

  std::map<std::string, uint32_t> ids_;
  std::vector<Node> nodes_;
};

/// Which initiators have a scope of their own, and its number.
class Scopes {
 public:
  void add(const Initiator &initiator) {
    if (const auto path = initiator.cgroup_path())
      cgroups_.emplace(*path, 0);
    else if (initiator.uid)
      uids_.emplace(*initiator.uid, 0);
  }

  void number() {
    uint32_t next = W_SCOPE_FIRST_FREE;
    for (auto &[uid, scope] : uids_)
      scope = next++;
    for (auto &[path, scope] : cgroups_)
      scope = next++;
  }

  /// Scopes that the grants of an initiator go to: its own, and those of the bound cgroups below
  /// it.
  std::vector<uint32_t> of(const Initiator &initiator) const {
    const auto path = initiator.cgroup_path();
    if (!path)
      return {initiator.uid ? uids_.at(*initiator.uid) : W_SCOPE_HOST};
    std::vector<uint32_t> scopes = {cgroups_.at(*path)};
    const std::string below = *path + "/";
    for (auto other = cgroups_.lower_bound(below);
         other != cgroups_.end() && other->first.starts_with(below); ++other)
      scopes.push_back(other->second);
    return scopes;
  }

  std::string name(uint32_t scope) const {
    for (const auto &[uid, number] : uids_)
      if (number == scope)
        return "uid " + std::to_string(uid);
    for (const auto &[path, number] : cgroups_)
      if (number == scope)
        return "cgroup " + printable(path, 512);
    return "the host";
  }

  void write_to(Entries &entries) const {
    entries.uids.assign(uids_.begin(), uids_.end());
    CgroupTree tree;
    for (const auto &[path, scope] : cgroups_)
      tree.bind(path, scope);
    entries.cgroups = tree.entries();
    entries.flags = (uids_.empty() ? 0 : W_GENERATION_HAS_UIDS) |
                    (cgroups_.empty() ? 0 : W_GENERATION_HAS_CGROUPS);
  }

 private:
  std::map<uint32_t, uint32_t> uids_;
  std::map<std::string, uint32_t> cgroups_;
};

using Chosen = std::vector<const VerifiedAuthorization *>;

/// Sorted by payload, each payload once.
Chosen choose(const std::vector<VerifiedAuthorization> &authorizations) {
  Chosen chosen;
  for (const VerifiedAuthorization &verified : authorizations)
    chosen.push_back(&verified);
  std::sort(chosen.begin(), chosen.end(),
            [](const auto *a, const auto *b) { return a->sha256() < b->sha256(); });
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

Result<void, CompileError> check_ids(const Chosen &chosen) {
  if (chosen.size() >= W_MAX_ARTIFACTS)
    return CompileError{"more than " + std::to_string(W_MAX_ARTIFACTS - 1) + " artifacts", {}};
  std::map<ArtifactId, const VerifiedAuthorization *> by_id;
  for (const VerifiedAuthorization *verified : chosen) {
    const auto [known, is_new] = by_id.emplace(verified->authorization().id, verified);
    if (!is_new)
      return clash("one artifact id with two payloads", {known->second, verified});
  }
  return {};
}

w_artifact make_artifact(const Authorization &authorization, const ClockMap &clock) {
  const Initiator &initiator = authorization.initiator;
  w_artifact artifact{};
  std::copy(authorization.id.begin(), authorization.id.end(), artifact.id);
  artifact.not_before = clock.boot_ns(authorization.not_before);
  artifact.not_after = clock.boot_ns(authorization.not_after);
  artifact.environment = W_ENVIRONMENT_OPEN;
  artifact.constraints =
      (authorization.recovery ? W_ARTIFACT_RECOVERY : 0) | (authorization.jit ? W_ARTIFACT_JIT : 0);
  if (initiator.uid && initiator.cgroup_path()) {
    artifact.constraints |= W_ARTIFACT_NEEDS_UID;
    artifact.uid = *initiator.uid;
  }
  if (initiator.gid) {
    artifact.constraints |= W_ARTIFACT_NEEDS_GID;
    artifact.gid = *initiator.gid;
  }
  return artifact;
}

void append_grants(std::vector<Grant> &grants, const std::vector<uint32_t> &scopes,
                   const Digest &sha256, const std::optional<Digest> &verity, uint32_t artifact,
                   uint32_t actions) {
  for (const uint32_t scope : scopes) {
    grants.push_back({make_key(scope, W_DIGEST_SHA256, sha256), artifact, actions});
    if (verity)
      grants.push_back({make_key(scope, W_DIGEST_VERITY, *verity), artifact, actions});
  }
}

std::vector<Grant> collect_grants(const Chosen &chosen, const Scopes &scopes) {
  std::vector<Grant> grants;
  for (size_t i = 0; i < chosen.size(); i++) {
    const Authorization &authorization = chosen[i]->authorization();
    const std::vector<uint32_t> targets = scopes.of(authorization.initiator);
    const auto index = static_cast<uint32_t>(i + 1);
    for (const Subject &subject : authorization.subjects)
      append_grants(grants, targets, subject.sha256, subject.verity, index, authorization.actions);
    for (const ManifestRecord &record : chosen[i]->records())
      append_grants(grants, targets, record.sha256, record.verity, index, record.actions);
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

CompileError too_many_grants(std::span<const Grant> grants, const Chosen &chosen,
                             const Scopes &scopes) {
  Chosen artifacts;
  for (const Grant &grant : grants)
    artifacts.push_back(chosen[grant.artifact - 1]);
  const w_verdict_key &key = grants.front().key;
  return clash("digest " + to_hex(key.digest) + " is named by " + std::to_string(grants.size()) +
                   " artifacts for " + scopes.name(key.scope) + ", at most " +
                   std::to_string(W_GRANTS_PER_VERDICT) + " can be held",
               artifacts);
}

Result<Verdicts, CompileError> group(std::span<const Grant> grants, const Chosen &chosen,
                                     const Scopes &scopes) {
  Verdicts verdicts;
  for (size_t first = 0; first < grants.size();) {
    size_t end = first + 1;
    while (end < grants.size() && compare(grants[end].key, grants[first].key) == 0)
      end++;
    if (end - first > W_GRANTS_PER_VERDICT)
      return too_many_grants(grants.subspan(first, end - first), chosen, scopes);
    w_verdict verdict{};
    for (size_t i = first; i < end; i++)
      verdict.grants[i - first] = W_GRANT(grants[i].artifact, grants[i].actions);
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

static_assert(W_SCOPE_HOST < W_SCOPE_NAMED && W_SCOPE_NAMED < W_SCOPE_FIRST_FREE,
              "markers stand between the host's verdicts and all others");

} // namespace

uint64_t ClockMap::boot_ns(int64_t wall_seconds) const {
  __extension__ using Wide = __int128;
  const Wide boot = Wide{wall_seconds} * 1000000000 + boot_minus_wall_ns;
  return static_cast<uint64_t>(std::clamp<Wide>(boot, 0, Wide{W_FOREVER - 1}));
}

Result<Entries, CompileError> compile(const std::vector<VerifiedAuthorization> &authorizations,
                                      const ClockMap &clock) {
  const Chosen chosen = choose(authorizations);
  WARRANT_TRY(check_ids(chosen));
  Scopes scopes;
  for (const VerifiedAuthorization *verified : chosen)
    scopes.add(verified->authorization().initiator);
  scopes.number();

  Entries entries;
  entries.artifacts.emplace_back();
  entries.payloads.emplace_back();
  for (const VerifiedAuthorization *verified : chosen) {
    entries.artifacts.push_back(make_artifact(verified->authorization(), clock));
    entries.payloads.push_back(verified->sha256());
  }
  std::vector<Grant> grants = collect_grants(chosen, scopes);
  join_repeated(grants);
  entries.verdicts = WARRANT_TRY(group(grants, chosen, scopes));
  insert_markers(entries.verdicts);
  scopes.write_to(entries);
  return entries;
}

} // namespace warrant
