// SPDX-License-Identifier: Apache-2.0
// Who may use what how often, across restarts, reboots and power loss. Pure: from one state to the
// next. The state that a plan leads to must be durable before the kernel gets any of the plan.
//
// An era is one arming of the kernel's maps. Within it the map `uses` holds the truth.
//
// The documented rule:
//  (a) An id that was seen with another payload is REPLAY.
//  (b) All uses of a counted artifact are handed out to the kernel when it is first seen, and the
//      state says so first. In the same era the kernel's counter is what is left; an entry that the
//      kernel lacks was never given and is given again. When an era ends without an orderly close
//      (power loss, reset, a kernel that was armed anew), all that was handed out in it counts as
//      spent: nothing is ever used twice. An orderly close writes down what is left, and the next
//      era gets exactly that.
//  (c) A child of a counted parent takes its uses out of what the parent has left when it is first
//      seen; REPLAY when that is not enough. The kernel takes them in one step with making the
//      child's entry; what the parent's processes used meanwhile, the child does not get.
//  (d) Break-glass opens when it is first accepted. Once it was withdrawn or blocked, has expired,
//      or the era has ended, it is closed, and REPLAY if it would still be valid.
//  (e) What expired more than a day ago is forgotten; the clock never goes back to it.
//  (f) An artifact whose processes end with it holds one of W_MAX_BONDS numbers until the era ends
//      or nothing runs under it any more (release_bonds). With none free it is refused.
// What is refused is not in the state, and what derives from it is LINEAGE_DISCONTINUITY. Blocked
// artifacts authorize nothing, so they are neither entered nor refused.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "artifacts/verify.h"
#include "daemon/state.h"

namespace warrant {

/// "<boot id>:<enforcing_since>": changes with every boot and whenever the maps are made anew.
using Era = std::string;
Era make_era(const std::string &boot_id, uint64_t enforcing_since);

/// The kernel's `uses`, by artifact id.
using Counters = std::map<ArtifactId, int64_t>;

/// What the ledger looks at in an artifact.
struct Presented {
  Digest payload{};
  ArtifactId id{};
  ArtifactKind kind = ArtifactKind::kTask;
  int64_t not_after = 0; ///< unix seconds, exclusive
  int64_t max_uses = 0;  ///< 0: not counted
  std::optional<ArtifactId> parent;
  std::vector<Digest> ancestors; ///< payloads, the parent's first
  bool wants_bond = false;       ///< its processes end with it
  bool is_blocked = false;
};
Presented present(const VerifiedAuthorization &artifact);

/// One entry to be made in `uses`.
struct Handout {
  ArtifactId id{};
  int64_t uses = 0;
  /// Whose counter must go down by `uses` in one step with making the entry; neither happens when
  /// that counter is below `uses`. The next plan then gives what is left.
  std::optional<ArtifactId> from;

  bool operator==(const Handout &) const = default;
};

struct Plan {
  State after;
  std::vector<std::pair<Digest, Rejection>> refused; ///< by payload
  std::vector<Handout> hand_out;                     ///< parents before their children
  std::map<ArtifactId, uint32_t> bonds;              ///< of what is accepted, for compile()
  std::vector<ArtifactId> forget; ///< entries of `uses` that can be deleted, once `after` is saved
};

/// `kernel` is all of `uses`, read after the last change that the daemon made to it. `now` is the
/// effective wall time in unix seconds (wall.h). The same input in any order gives the same plan.
Plan plan(const State &before, const Counters &kernel, const std::vector<Presented> &artifacts,
          const Era &era, int64_t now);

/// Brings `spent` and `handed_out` up to date, between plans. `era` is the one that `kernel` was
/// read in; when the state belongs to another, nothing is done (the next plan will).
void refresh(State &state, const Counters &kernel, const Era &era);

/// Break-glass that is used up now, whatever is left of its window.
void spend(State &state, const ArtifactId &id, int64_t now);

/// The orderly end of `era`. `left` is what the kernel had when nothing could take a use any more:
/// no program that counts is attached, or each counter was set to 0 (exchanged, not read and then
/// written). It must be durable before the machine goes down; cut short in between, what the
/// counters held is lost. Nothing may be handed
/// out after it. A state that belongs to an earlier era loses that one first, as in plan().
void close_era(State &state, const Counters &left, const Era &era, int64_t now);

/// Gives back bond numbers that no process carries (a whole pass of the reaper found none) and that
/// no artifact in force has.
void release_bonds(State &state, const std::set<uint32_t> &unused);

} // namespace warrant
