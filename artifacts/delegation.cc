// SPDX-License-Identifier: Apache-2.0
#include "artifacts/delegation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "artifacts/names.h"
#include "artifacts/time.h"

namespace warrant {
namespace {

using MaybeWider = std::optional<Wider>;

std::string words(uint32_t actions) {
  return text_of_bits(action_names(), actions);
}

MaybeWider wider_kind(const Authorization &child, const Authorization &parent) {
  if (parent.kind == ArtifactKind::kBreakglass)
    return Wider{"predicate.lineage.parentArtifact", "break-glass cannot be delegated"};
  if (!parent.delegation)
    return Wider{"predicate.lineage.parentArtifact", "the parent may not be delegated any further"};
  if (child.kind != ArtifactKind::kTask)
    return Wider{"predicate.kind", "only a task can be derived from another artifact"};
  return {};
}

MaybeWider wider_actions(const Authorization &child, const Authorization &parent) {
  if (const uint32_t more = child.actions & ~parent.actions)
    return Wider{"predicate.actions", "the parent does not grant " + words(more)};
  return {};
}

MaybeWider wider_window(const Authorization &child, const Authorization &parent) {
  if (child.not_before < parent.not_before)
    return Wider{"predicate.validity.notBefore",
                 "the parent is valid from " + format_time(parent.not_before)};
  if (child.not_after > parent.not_after)
    return Wider{"predicate.validity.notAfter",
                 "the parent is valid up to " + format_time(parent.not_after)};
  return {};
}

MaybeWider wider_initiator(const Authorization &child, const Authorization &parent) {
  if (const auto member = wider_member(child.initiator, parent.initiator))
    return Wider{"predicate.initiator." + *member, "the parent is for fewer initiators"};
  return {};
}

MaybeWider wider_place(const Authorization &child, const Authorization &parent) {
  if (const auto member = wider_demand(child.environment, parent.environment))
    return Wider{"predicate.environment." + *member,
                 *member == "host" ? "the parent is for host " + printable(*parent.environment.host)
                                   : "the parent asks more of the machine"};
  if (child.policy_sha256 != parent.policy_sha256)
    return Wider{"predicate.policy.sha256",
                 "the parent was issued under policy " + to_hex(parent.policy_sha256)};
  return {};
}

/// No process runs under two artifacts at once, so the parent's demand as it stands could never be
/// met by one that runs under the parent; what is kept is that every link was entered from the one
/// before it.
MaybeWider wider_lineage(const Authorization &child, const Authorization &parent) {
  if (parent.requires_parent && !child.requires_parent)
    return Wider{"predicate.lineage.requires", "the parent requires a caller under its own parent"};
  return {};
}

MaybeWider wider_constraints(const Authorization &child, const Authorization &parent) {
  if (child.jit && !parent.jit)
    return Wider{"predicate.constraints.jit", "the parent does not grant it"};
  if (child.interpreter.entry < parent.interpreter.entry)
    return Wider{"predicate.constraints.interpreter.entry",
                 "the parent says " + std::string(entry_name(parent.interpreter.entry))};
  if (child.interpreter.reads < parent.interpreter.reads)
    return Wider{"predicate.constraints.interpreter.reads",
                 "the parent says " + std::string(reads_name(parent.interpreter.reads))};
  if (child.recovery && !parent.recovery)
    return Wider{"predicate.recovery", "the parent does not grant it"};
  if (parent.max_uses && (!child.max_uses || *child.max_uses > *parent.max_uses))
    return Wider{"predicate.constraints.maxUses",
                 "the parent allows " + std::to_string(*parent.max_uses)};
  if (parent.kill_on_expiry && !child.kill_on_expiry)
    return Wider{"predicate.constraints.onExpiry", "the parent says kill"};
  if (parent.kill_on_revoke && !child.kill_on_revoke)
    return Wider{"predicate.constraints.onRevoke", "the parent says kill"};
  return {};
}

MaybeWider wider_depth(const Authorization &child, const Authorization &parent) {
  if (child.delegation && child.delegation->max_depth >= parent.delegation->max_depth)
    return Wider{
        parent.delegation->max_depth > 1 ? "predicate.delegation.maxDepth" : "predicate.delegation",
        "the parent leaves a depth of " + std::to_string(parent.delegation->max_depth - 1) +
            " below its children"};
  return {};
}

MaybeWider wider_covers(const Authorization &child) {
  if (child.covers == Covers::kAll)
    return Wider{"predicate.covers", "the parent names its subjects"};
  return {};
}

/// One digest that the child names, and what the parent was seen to grant for it.
struct Wanted {
  const Digest *digest;
  w_digest_kind kind;
  const Digest *beside; ///< the sha256 that a verity digest stands with
  uint32_t wanted;
  uint32_t granted;
  size_t index;
};

using DigestKey = std::pair<w_digest_kind, const Digest &>;

bool precedes(const Wanted &a, const DigestKey &b) {
  return DigestKey(a.kind, *a.digest) < b;
}

std::vector<Wanted> list_wanted(const Contents &child) {
  std::vector<Wanted> list;
  list.reserve(child.size());
  for (size_t i = 0; i < child.size(); i++) {
    list.push_back({&child.sha256(i), W_DIGEST_SHA256, nullptr, child.actions(i), 0, i});
    if (child.verity(i))
      list.push_back(
          {&*child.verity(i), W_DIGEST_VERITY, &child.sha256(i), child.actions(i), 0, i});
  }
  std::sort(list.begin(), list.end(), [](const Wanted &a, const Wanted &b) {
    return precedes(a, DigestKey(b.kind, *b.digest));
  });
  return list;
}

/// A verity digest is granted only beside its sha256: who revokes one of the two means both.
void grant(std::vector<Wanted> &list, w_digest_kind kind, const Digest &digest,
           const Digest &sha256, uint32_t actions) {
  const DigestKey key(kind, digest);
  for (auto entry = std::lower_bound(list.begin(), list.end(), key, precedes);
       entry != list.end() && entry->kind == kind && *entry->digest == digest; ++entry)
    if (!entry->beside || *entry->beside == sha256)
      entry->granted |= actions;
}

/// Sorts what the child names, usually little, and walks over what the parent names, often much.
MaybeWider wider_contents(const Contents &child, const Contents &parent) {
  std::vector<Wanted> list = list_wanted(child);
  for (size_t i = 0; i < parent.size(); i++) {
    grant(list, W_DIGEST_SHA256, parent.sha256(i), parent.sha256(i), parent.actions(i));
    if (parent.verity(i))
      grant(list, W_DIGEST_VERITY, *parent.verity(i), parent.sha256(i), parent.actions(i));
  }
  const Wanted *first = nullptr;
  for (const Wanted &entry : list)
    if ((entry.wanted & ~entry.granted) && (!first || entry.index < first->index))
      first = &entry;
  if (!first)
    return {};
  return Wider{child.field(first->index, first->kind),
               first->granted == 0 ? std::string("the parent does not name it")
                                   : "the parent does not grant " +
                                         words(first->wanted & ~first->granted) + " for it"};
}

} // namespace

MaybeWider find_wider_terms(const Authorization &child, const Authorization &parent) {
  constexpr MaybeWider (*kComparisons[])(const Authorization &, const Authorization &) = {
      wider_kind,  wider_actions, wider_window,      wider_initiator,
      wider_place, wider_lineage, wider_constraints, wider_depth};
  for (const auto compare : kComparisons)
    if (MaybeWider wider = compare(child, parent))
      return wider;
  return wider_covers(child);
}

MaybeWider find_wider(const Contents &child, const Contents &parent) {
  if (MaybeWider wider = find_wider_terms(child.authorization, parent.authorization))
    return wider;
  return wider_contents(child, parent);
}

} // namespace warrant
