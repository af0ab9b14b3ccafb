// SPDX-License-Identifier: Apache-2.0
// What may be put in force, given what lies in the configuration directory and what must never be
// forgotten: documents only go forward, uses are given once, the clock never goes back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "artifacts/result.h"
#include "artifacts/trust.h"
#include "daemon/environment.h"
#include "daemon/ledger.h"
#include "daemon/root_chain.h"
#include "daemon/source.h"
#include "daemon/state_store.h"
#include "daemon/wall.h"

namespace warrant {

// One generation, verified and planned; nothing of it is durable or in the kernel yet.
struct Prepared {
  TrustState trust;
  Collection collection;
  // Boot time, ns, exclusive. As long as the revocation list is fresh enough,
  uint64_t fresh_until = 0;
  uint64_t lease_until = 0; // and the enrollment holds,
  uint64_t open_until = 0;  // or, for what asks nothing of the machine, as long as the policy's own
                            // demand is met.
  Plan plan;                // its state goes first, then its uses, then the entries
  ClockMap clock;
};

class Admission final : public EpochKeeper {
 public:
  // `state` is the daemon's state directory; its own folder in there is made if need be.
  static Result<Admission> open(const std::string &state, Missing missing);

  // Reads the documents and the artifacts of `config`, verifies them, and plans what they come to.
  // `kernel` and `era` as for plan(). `environment`: what the machine has proven; without one, that
  // it has proven nothing. Errors: a document is refused or older than one before it.
  Result<Prepared> prepare(const std::string &config, const std::string &host,
                           const std::set<Digest> &in_force, const Counters &kernel, const Era &era,
                           Environment *environment = nullptr);

  // From now on nothing is prepared but under this root or one that followed from it: what the
  // kernel enforces under, or is about to.
  void bind(const RootMark &kernel) { kernel_root_ = kernel; }

  // The kernel is told which state is the one that was left: before anything is published, and from
  // then on before each save. The witness must live as long as this.
  Status tie(StateWitness witness) { return store_.tie(std::move(witness)); }
  // SHA-256 of the state's file; zeros: there is none.
  const Digest &state_digest() const { return store_.digest(); }

  // What is in force was compiled by this clock: it goes on from there, however the system's was
  // set while no daemon looked.
  void resume(const ClockMap &kernel) { clock_.resume(kernel); }
  // The time is durable, so that another boot does not begin before it; but not one at which what
  // is in force is over: it would be believed for good, and nothing be prepared any more.
  Status save_clock(const TrustState &in_force);

  // Refuses a configuration of another authority than that, whatever else it says: before anything
  // is done that only the heir of what is in force may do.
  Status check_heir(const std::string &config) const;

  // Makes the plan's state durable. Until then the kernel may get nothing of it.
  Status commit(Prepared &prepared);

  // As commit(), and the break-glass artifact of this id is used up with it.
  Status spend(Prepared &prepared, const ArtifactId &id);
  // The lineage token of this id is taken. Durable when it returns; not between prepare() and
  // commit(), which would undo it.
  Status take(const ArtifactId &token, int64_t not_after);
  // The orderly end of what was armed: `left` as for close_era(). Durable when it returns.
  Status close(const Counters &left, const Era &era);

  // Goes into the state with whatever is saved next; what the TPM's counter is tied to, it is too.
  void follow_log(const LogHead &head) { log_ = head; }

  uint64_t epoch() const override { return state_.epoch; }
  uint64_t serial() const override { return state_.serial; }
  // Not between prepare() and commit(), which would undo it.
  Status save_epoch(uint64_t epoch) override;

  const State &state() const { return state_; }
  const WallClock &clock() const { return clock_; }
  // Another look at the clocks; whether entries compiled under `published` would end too late.
  bool is_late(const ClockMap &published);

 private:
  Admission(StateStore store, State state);
  Status save(State &next);
  Result<TrustState> load_documents(const std::string &config, const std::string &host);
  // From the roots that are remembered, by the kernel and by the state, to the one that lies there.
  // Returns the state's; nothing: it remembers none.
  Result<std::optional<TrustRoot>> check_root(const std::string &config, ByteView newest) const;

  StateStore store_;
  State state_;
  LogHead log_;
  WallClock clock_;
  std::optional<RootMark> kernel_root_;
  Bytes root_; // envelope of the root that load_documents() read last
};

} // namespace warrant
