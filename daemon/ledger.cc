// SPDX-License-Identifier: Apache-2.0
#include "daemon/ledger.h"

#include <algorithm>
#include <bitset>
#include <tuple>

#include "artifacts/time.h"

namespace warrant {
namespace {

constexpr int64_t kForgetAfter = 24 * 60 * 60; // seconds

/// Uses that the kernel must still take from each counter for entries that it has not made yet.
Counters pending_takes(const State &state, const Counters &kernel) {
  Counters pending;
  for (const auto &[id, record] : state.artifacts)
    if (record.take_from != ArtifactId{} && !kernel.contains(id))
      pending[record.take_from] += record.handed_out;
  return pending;
}

/// The payer used up what was promised to entries that are not made yet: they get less.
void cut_pending(State &state, const Counters &kernel, const ArtifactId &payer, int64_t missing) {
  for (auto &[id, record] : state.artifacts) {
    if (missing == 0)
      return;
    if (record.take_from != payer || kernel.contains(id))
      continue;
    const int64_t cut = std::min(missing, record.handed_out);
    record.handed_out -= cut;
    record.spent += cut;
    missing -= cut;
    if (record.handed_out == 0)
      record.take_from = {};
  }
}

void close_breakglass(State &state, int64_t now) {
  for (auto &[id, record] : state.artifacts)
    if (record.opened > 0 && record.closed == 0)
      record.closed = now;
}

/// Without a word from the kernel, everything that it had is gone.
void lose_era(State &state, int64_t now) {
  for (auto &[id, record] : state.artifacts) {
    record.spent += record.handed_out;
    record.handed_out = 0;
    record.take_from = {};
  }
  close_breakglass(state, now);
  state.bonds.clear();
  state.era.clear();
}

class Planner {
 public:
  Planner(const State &before, const Counters &kernel, const Era &era, int64_t now)
      : kernel_(kernel), now_(std::clamp(now, std::max<int64_t>(before.wall, 1), kMaxTime)) {
    State &state = plan_.after;
    state = before;
    state.wall = now_;
    if (state.era != era)
      lose_era(state, now_);
    else
      refresh(state, kernel_, era);
    state.era = era;
    forget_old();
    for (const auto &[id, record] : state.artifacts)
      counted_ += record.granted > 0;
    for (const auto &[id, bond] : state.bonds)
      taken_bonds_.set(bond);
  }

  void judge(const Presented &artifact) {
    // What is blocked takes nothing, but may not go by the id of another either.
    const Checked<void> accepted = artifact.is_blocked ? check_id(artifact) : accept(artifact);
    if (!accepted.ok()) {
      refused_.insert(artifact.payload);
      plan_.refused.emplace_back(artifact.payload, accepted.error());
      return;
    }
    if (!artifact.is_blocked)
      in_force_.insert(artifact.id);
    const auto bond = plan_.after.bonds.find(artifact.id);
    if (bond != plan_.after.bonds.end())
      plan_.bonds.insert(*bond);
    order_.push_back(artifact.id);
  }

  Plan finish() && {
    close_withdrawn();
    for (const ArtifactId &id : order_)
      hand_out(id);
    return std::move(plan_);
  }

 private:
  Checked<void> accept(const Presented &artifact);
  Checked<void> check_id(const Presented &artifact) const;
  Checked<void> check_known(const Presented &artifact, const ArtifactRecord &record) const;
  Checked<void> check_bond(const Presented &artifact) const;
  Checked<void> check_room(const Presented &artifact) const;
  Checked<void> take_from_parent(const Presented &artifact, ArtifactRecord &record);
  Checked<void> enter(const Presented &artifact);
  void give_bond(const Presented &artifact);
  void give_rest(const ArtifactId &id, ArtifactRecord &record) const;
  void hand_out(const ArtifactId &id);
  void close_withdrawn();
  void forget_old();
  bool is_forgotten(int64_t not_after) const { return not_after < now_ - kForgetAfter; }
  bool needs_bond(const Presented &artifact) const {
    return artifact.wants_bond && artifact.not_after > now_ &&
           !plan_.after.bonds.contains(artifact.id);
  }

  const Counters &kernel_;
  const int64_t now_;
  Plan plan_;
  size_t counted_ = 0;
  std::bitset<W_MAX_BONDS + 1> taken_bonds_;
  std::set<Digest> refused_;
  std::set<ArtifactId> in_force_;
  std::vector<ArtifactId> order_;
};

Rejection replay(std::string field, std::string detail, std::string fix = {}) {
  return Rejection{W_REASON_REPLAY, std::move(field), std::move(detail), std::move(fix)};
}

Rejection no_room(std::string field, std::string detail, std::string fix) {
  return Rejection{W_REASON_NOT_READY, std::move(field), std::move(detail), std::move(fix)};
}

void Planner::forget_old() {
  std::erase_if(plan_.after.artifacts, [&](const auto &entry) {
    if (!is_forgotten(entry.second.not_after))
      return false;
    if (kernel_.contains(entry.first))
      plan_.forget.push_back(entry.first);
    return true;
  });
}

Checked<void> Planner::accept(const Presented &artifact) {
  for (const Digest &ancestor : artifact.ancestors)
    if (refused_.contains(ancestor))
      return Rejection{W_REASON_LINEAGE_DISCONTINUITY, "predicate.lineage.parentArtifact",
                       "derives from " + to_hex(ancestor) + ", which is refused", ""};
  WARRANT_TRY(check_id(artifact));
  // Expired for good: the kernel says so, and there is nothing to remember.
  if (is_forgotten(artifact.not_after))
    return {};
  const auto known = plan_.after.artifacts.find(artifact.id);
  if (known != plan_.after.artifacts.end())
    WARRANT_TRY(check_known(artifact, known->second));
  WARRANT_TRY(check_bond(artifact));
  if (known == plan_.after.artifacts.end())
    WARRANT_TRY(enter(artifact));
  else
    give_rest(artifact.id, known->second);
  give_bond(artifact);
  return {};
}

Checked<void> Planner::check_id(const Presented &artifact) const {
  const auto known = plan_.after.artifacts.find(artifact.id);
  if (known == plan_.after.artifacts.end() || known->second.payload == artifact.payload)
    return {};
  return replay(
      "predicate.id",
      "this id was seen before with other content, payload " + to_hex(known->second.payload),
      "issue it anew: every artifact has an id of its own");
}

Checked<void> Planner::check_known(const Presented &artifact, const ArtifactRecord &record) const {
  if (record.closed > 0 && artifact.not_after > now_)
    return replay("predicate.id", "this break-glass artifact was used before and is closed",
                  "issue another one");
  return {};
}

Checked<void> Planner::check_bond(const Presented &artifact) const {
  if (!needs_bond(artifact) || taken_bonds_.count() < W_MAX_BONDS)
    return {};
  return no_room("predicate.constraints.onExpiry",
                 "all " + std::to_string(W_MAX_BONDS) +
                     " numbers of artifacts that end their processes are taken",
                 "wait until the processes of earlier ones are gone, or issue it with keep");
}

void Planner::give_bond(const Presented &artifact) {
  if (!needs_bond(artifact))
    return;
  for (uint32_t bond = 1; bond <= W_MAX_BONDS; ++bond) {
    if (taken_bonds_[bond])
      continue;
    taken_bonds_.set(bond);
    plan_.after.bonds.emplace(artifact.id, bond);
    return;
  }
}

Checked<void> Planner::check_room(const Presented &artifact) const {
  if (plan_.after.artifacts.size() >= kMaxStateArtifacts)
    return no_room("predicate.id",
                   "the state holds " + std::to_string(kMaxStateArtifacts) + " artifacts already",
                   "earlier ones are forgotten a day after they expired");
  if (artifact.max_uses > 0 && counted_ >= W_MAX_COUNTED)
    return no_room("predicate.constraints.maxUses",
                   "there are " + std::to_string(W_MAX_COUNTED) + " counted artifacts already",
                   "earlier ones are forgotten a day after they expired");
  return {};
}

Checked<void> Planner::enter(const Presented &artifact) {
  WARRANT_TRY(check_room(artifact));
  ArtifactRecord record;
  record.payload = artifact.payload;
  record.kind = artifact.kind;
  record.not_after = artifact.not_after;
  record.granted = artifact.max_uses;
  WARRANT_TRY(take_from_parent(artifact, record));
  give_rest(artifact.id, record);
  if (record.handed_out == 0)
    record.take_from = {};
  if (artifact.kind == ArtifactKind::kBreakglass)
    record.opened = now_;
  counted_ += record.granted > 0;
  plan_.after.artifacts.emplace(artifact.id, record);
  return {};
}

Checked<void> Planner::take_from_parent(const Presented &artifact, ArtifactRecord &record) {
  if (!artifact.parent)
    return {};
  const auto found = plan_.after.artifacts.find(*artifact.parent);
  if (found == plan_.after.artifacts.end() || found->second.granted == 0)
    return {};
  ArtifactRecord &parent = found->second;
  const char *const field = "predicate.constraints.maxUses";
  if (artifact.max_uses == 0)
    return replay(field, "not counted, but derived from a counted artifact");
  // A state older than the kernel: the child's entry is there, so the parent has paid.
  if (kernel_.contains(artifact.id))
    return {};
  if (parent.handed_out < artifact.max_uses)
    return replay(field,
                  std::to_string(artifact.max_uses) + " uses wanted, but " +
                      to_hex(*artifact.parent) + " has only " + std::to_string(parent.handed_out) +
                      " left",
                  "issue it with fewer uses");
  parent.handed_out -= artifact.max_uses;
  parent.spent += artifact.max_uses;
  // An entry that is not made yet is made with less. What pays for it pays for its children too.
  record.take_from = kernel_.contains(*artifact.parent) ? *artifact.parent : parent.take_from;
  if (parent.handed_out == 0)
    parent.take_from = {};
  return {};
}

/// All that is kept goes to the kernel, once an era. If the kernel counts it already, this state is
/// older than the kernel, which is right.
void Planner::give_rest(const ArtifactId &id, ArtifactRecord &record) const {
  const int64_t rest = record.granted - record.spent - record.handed_out;
  if (rest == 0)
    return;
  const auto counter = kernel_.find(id);
  const int64_t given =
      counter == kernel_.end() ? rest : std::clamp<int64_t>(counter->second, 0, rest);
  record.handed_out += given;
  record.spent += rest - given;
}

void Planner::hand_out(const ArtifactId &id) {
  const auto found = plan_.after.artifacts.find(id);
  if (found == plan_.after.artifacts.end() || found->second.handed_out == 0 ||
      kernel_.contains(id) || !in_force_.contains(id))
    return;
  const ArtifactRecord &record = found->second;
  Handout entry{id, record.handed_out, std::nullopt};
  if (record.take_from != ArtifactId{})
    entry.from = record.take_from;
  plan_.hand_out.push_back(entry);
}

void Planner::close_withdrawn() {
  for (auto &[id, record] : plan_.after.artifacts)
    if (record.opened > 0 && record.closed == 0 &&
        (record.not_after <= now_ || !in_force_.contains(id)))
      record.closed = now_;
}

} // namespace

Era make_era(const std::string &boot_id, uint64_t enforcing_since) {
  return boot_id + ":" + std::to_string(enforcing_since);
}

Presented present(const VerifiedAuthorization &artifact) {
  const Authorization &authorization = artifact.authorization();
  Presented presented;
  presented.payload = artifact.sha256();
  presented.id = authorization.id;
  presented.kind = authorization.kind;
  presented.not_after = authorization.not_after;
  presented.max_uses = authorization.max_uses.value_or(0);
  // An issuer has uses of his own to give; only what is derived is paid by its parent.
  if (artifact.is_derived())
    presented.parent = artifact.parent_id();
  presented.ancestors = artifact.ancestors();
  presented.wants_bond = authorization.kill_on_expiry || authorization.kill_on_revoke;
  presented.is_blocked = artifact.blocked().has_value();
  return presented;
}

Plan plan(const State &before, const Counters &kernel, const std::vector<Presented> &artifacts,
          const Era &era, int64_t now) {
  // Parents before children, what was seen before new ones, an issuer's own before what is derived,
  // baselines before the rest: the first to come has the id. Else by payload, of several copies the
  // one that stands.
  std::vector<const Presented *> order;
  for (const Presented &artifact : artifacts)
    order.push_back(&artifact);
  const auto rank = [&](const Presented *artifact) {
    const auto known = before.artifacts.find(artifact->id);
    const bool is_new =
        known == before.artifacts.end() || known->second.payload != artifact->payload;
    return std::tuple(artifact->ancestors.size(), is_new, artifact->parent.has_value(),
                      artifact->kind != ArtifactKind::kBaseline, artifact->payload,
                      artifact->is_blocked);
  };
  std::sort(order.begin(), order.end(),
            [&](const Presented *a, const Presented *b) { return rank(a) < rank(b); });
  order.erase(
      std::unique(order.begin(), order.end(),
                  [](const Presented *a, const Presented *b) { return a->payload == b->payload; }),
      order.end());

  Planner planner(before, kernel, era, now);
  for (const Presented *artifact : order)
    planner.judge(*artifact);
  return std::move(planner).finish();
}

void refresh(State &state, const Counters &kernel, const Era &era) {
  if (state.era != era)
    return;
  const Counters pending = pending_takes(state, kernel);
  for (auto &[id, record] : state.artifacts) {
    const auto counter = kernel.find(id);
    if (record.granted == 0 || counter == kernel.end())
      continue;
    const auto promised = pending.find(id);
    const int64_t left = counter->second - (promised == pending.end() ? 0 : promised->second);
    if (left < 0 && promised != pending.end())
      cut_pending(state, kernel, id, std::min(-left, promised->second));
    // The kernel gives a use back when the exec was denied in the end, so this may go up again.
    const int64_t sum = record.spent + record.handed_out;
    record.handed_out = std::clamp<int64_t>(left, 0, sum);
    record.spent = sum - record.handed_out;
    record.take_from = {};
  }
}

void spend(State &state, const ArtifactId &id, int64_t now) {
  const auto found = state.artifacts.find(id);
  if (found != state.artifacts.end() && found->second.opened > 0 && found->second.closed == 0)
    found->second.closed = std::max(now, found->second.opened);
}

void close_era(State &state, const Counters &left, const Era &era, int64_t now) {
  state.wall = std::clamp(now, std::max<int64_t>(state.wall, 1), kMaxTime);
  if (state.era != era)
    lose_era(state, state.wall);
  refresh(state, left, era);
  for (auto &[id, record] : state.artifacts)
    record.handed_out = 0; // kept: neither spent nor given
  lose_era(state, state.wall);
}

void release_bonds(State &state, const std::set<uint32_t> &unused) {
  std::erase_if(state.bonds, [&](const auto &entry) { return unused.contains(entry.second); });
}

} // namespace warrant
