// SPDX-License-Identifier: Apache-2.0
// Gathers as bpf/scopes.bpf.h and bpf/facts.bpf.h do. What no record holds, audit sessions and the
// uses that were left, is taken as met; callers as running under what they ran under, and tasks as
// being in no user namespace of somebody for whom policy enforces.
#include "tools/cli/simulation.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "bpf/decide.h"

namespace warrant::cli {
namespace {

bool goes_through(const w_decision &decision) {
  return decision.verdict == W_ALLOW || decision.enforced == 0;
}

/// The candidate's index says nothing across two sets of artifacts.
bool is_same(const w_decision &a, const w_decision &b) {
  return a.verdict == b.verdict && a.reason == b.reason && goes_through(a) == goes_through(b);
}

template <size_t Size>
bool is_same(const uint8_t (&a)[Size], const uint8_t (&b)[Size]) {
  return std::equal(std::begin(a), std::end(a), std::begin(b));
}

uint8_t audit_of(w_audit policy, uint8_t recorded) {
  if (policy == W_AUDIT_REQUIRED && recorded == W_AUDIT_UNAVAILABLE)
    return W_AUDIT_UNAVAILABLE;
  return policy;
}

} // namespace

Simulation::Simulation(Premises premises) : premises_(std::move(premises)) {
  for (const auto &[key, verdict] : premises_.entries.verdicts) {
    Digest digest{};
    std::copy(std::begin(key.digest), std::end(key.digest), digest.begin());
    verdicts_.emplace(std::make_tuple(key.scope, key.digest_kind, digest), verdict);
  }
  uids_.insert(premises_.entries.uids.begin(), premises_.entries.uids.end());
  for (const auto &[key, node] : premises_.entries.cgroups)
    cgroups_.emplace(
        std::make_pair(key.parent, std::string(key.name, ::strnlen(key.name, sizeof key.name))),
        node);
}

const w_verdict *Simulation::find(uint32_t scope, uint32_t kind, const uint8_t *digest) const {
  Digest wanted{};
  std::copy(digest, digest + wanted.size(), wanted.begin());
  const auto found = verdicts_.find(std::make_tuple(scope, kind, wanted));
  return found == verdicts_.end() ? nullptr : &found->second;
}

std::vector<uint32_t> Simulation::scopes_of(const Task &task, w_facts &facts) const {
  uint32_t cgroup = W_SCOPE_INVALID;
  uint32_t uid = W_SCOPE_INVALID;
  facts.mode = premises_.mode;
  if (const auto place = uids_.find(task.uid); place != uids_.end()) {
    uid = place->second.scope;
    if (place->second.mode)
      facts.mode = static_cast<uint8_t>(place->second.mode);
  }
  const std::string path = task.cgroup.bytes();
  uint32_t parent = 0;
  for (size_t start = path.find_first_not_of('/'); start != std::string::npos;) {
    const size_t end = std::min(path.find('/', start), path.size());
    const auto node = cgroups_.find({parent, path.substr(start, end - start)});
    if (node == cgroups_.end())
      break;
    if (node->second.scope)
      cgroup = node->second.scope;
    if (node->second.mode)
      facts.mode = static_cast<uint8_t>(node->second.mode);
    parent = node->second.node;
    start = path.find_first_not_of('/', end);
  }
  return {cgroup, uid, W_SCOPE_HOST};
}

uint32_t Simulation::demands(const Decision &decision, const w_artifact &artifact) const {
  uint32_t flags = artifact.flags;
  const uint32_t wanted = artifact.constraints;
  if (wanted & W_ARTIFACT_RECOVERY)
    flags |= W_CANDIDATE_RECOVERY;
  if (((wanted & W_ARTIFACT_NEEDS_UID) && artifact.uid != decision.task.uid) ||
      ((wanted & W_ARTIFACT_NEEDS_GID) && artifact.gid != decision.task.gid))
    flags |= W_CANDIDATE_IDENTITY_MISMATCH;
  const bool goes_on =
      decision.facts.request == W_REQUEST_MAP || decision.facts.request == W_REQUEST_READ;
  if (goes_on && is_same(decision.process.artifact, artifact.id))
    return flags;
  if ((wanted & W_ARTIFACT_NEEDS_CODE) && (!(decision.process.flags & W_PROCESS_COMMITTED) ||
                                           !is_same(decision.process.digest, artifact.caller)))
    flags |= W_CANDIDATE_IDENTITY_MISMATCH;
  if ((wanted & W_ARTIFACT_NEEDS_PARENT) && !is_same(decision.process.artifact, artifact.parent))
    flags |= W_CANDIDATE_LINEAGE_BROKEN;
  return flags;
}

void Simulation::gather(const Decision &decision, uint32_t scope, uint32_t kind,
                        w_facts &facts) const {
  constexpr uint8_t kNoDigest[W_DIGEST_SIZE] = {};
  const w_verdict *verdict = find(scope, kind, kind == W_DIGEST_ANY ? kNoDigest : facts.digest);
  if (!verdict)
    return;
  for (const uint32_t grant : verdict->grants) {
    if (grant == 0 || facts.candidate_count == W_MAX_CANDIDATES)
      return;
    const w_artifact &artifact = premises_.entries.artifacts.at(W_GRANT_ARTIFACT(grant));
    w_candidate &candidate = facts.candidates[facts.candidate_count++];
    candidate = {};
    candidate.scope = scope;
    candidate.artifact = W_GRANT_ARTIFACT(grant);
    candidate.actions = W_GRANT_ACTIONS(grant);
    candidate.not_before = artifact.not_before;
    candidate.not_after = artifact.not_after;
    candidate.lease_until = premises_.lease_until;
    candidate.flags = demands(decision, artifact);
  }
}

w_facts Simulation::facts_of(const Record &record, const Decision &decision) const {
  w_facts facts = decision.facts;
  facts.now = static_cast<uint64_t>(record.time.at_boot_time(facts.now).wall_ns);
  facts.audit = audit_of(premises_.audit, facts.audit);
  const std::vector<uint32_t> scopes = scopes_of(decision.task, facts);
  facts.candidate_count = 0;
  facts.flags &= ~W_FACT_NAMED;
  if (!w_is_measured(facts.measure))
    return facts;
  for (const uint32_t scope : scopes)
    gather(decision, scope, facts.digest_kind, facts);
  if (facts.candidate_count > 0 || find(W_SCOPE_HOST, facts.digest_kind, facts.digest) ||
      find(W_SCOPE_NAMED, facts.digest_kind, facts.digest))
    facts.flags |= W_FACT_NAMED;
  for (const uint32_t scope : scopes)
    gather(decision, scope, W_DIGEST_ANY, facts);
  return facts;
}

void Simulation::add(const Record &record) {
  const auto *decision = std::get_if<Decision>(&record.body);
  if (!decision)
    return;
  decisions_++;
  const uint8_t request = decision->facts.request;
  if (request != W_REQUEST_EXEC && request != W_REQUEST_MAP && request != W_REQUEST_READ &&
      request != W_REQUEST_CHECK) {
    left_out_++;
    return;
  }
  const w_facts facts = facts_of(record, *decision);
  const w_decision &was = decision->decision;
  const w_decision would_be = w_decide(&facts);
  if (is_same(was, would_be))
    return;
  changed_++;
  refused_anew_ += goes_through(was) && !goes_through(would_be) ? 1 : 0;
  let_through_ += !goes_through(was) && goes_through(would_be) ? 1 : 0;
  ChangedGroup &group =
      groups_[Key(decision->file.path, request, was.verdict, was.reason, was.enforced,
                  would_be.verdict, would_be.reason, would_be.enforced)];
  group.count++;
  group.request = request;
  group.path = decision->file.path;
  group.was = was;
  group.would_be = would_be;
  group.last_id = record.id;
}

std::vector<ChangedGroup> Simulation::groups() const {
  std::vector<ChangedGroup> list;
  for (const auto &[key, group] : groups_)
    list.push_back(group);
  // What would be refused first: that is what people look for.
  std::stable_sort(list.begin(), list.end(), [](const ChangedGroup &a, const ChangedGroup &b) {
    return goes_through(a.would_be) < goes_through(b.would_be);
  });
  return list;
}

} // namespace warrant::cli
