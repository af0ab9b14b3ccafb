// SPDX-License-Identifier: Apache-2.0
// Keeps asking the TPM for proof of the machine's state, and opens and closes the kernel's leases
// by what it says. The kernel needs none of this to let a lease run out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "artifacts/compile.h"
#include "artifacts/judgement.h"
#include "artifacts/trust.h"
#include "daemon/attestor.h"
#include "daemon/boot_notes.h"
#include "daemon/leases.h"

namespace warrant {

struct EnvironmentOptions {
  std::string tcti{kDefaultTcti};
  uint32_t key_handle = kAttestationKeyHandle;
  uint32_t counter_index = kCounterIndex;
  std::string notes; // path of the boot notes
  std::string boot;  // boot id
  std::string machine_id;
};

// A lease that was gained or lost.
struct LeaseChange {
  std::string name; // of what is asked for: "measured-boot", "key", ...
  bool is_open = false;
  uint64_t until = 0;  // boot time, ns
  Rejection rejection; // of one that was lost
};

// The durable state, as far as the TPM's counter is concerned.
class EpochKeeper {
 public:
  virtual ~EpochKeeper() = default;
  virtual uint64_t epoch() const = 0;
  virtual uint64_t serial() const = 0; // one more with every change of the state
  virtual Status save_epoch(uint64_t epoch) = 0;
};

class Environment {
 public:
  static Result<std::unique_ptr<Environment>> open(const EnvironmentOptions &options);

  // The table as another daemon left it; before anything is prepared.
  void inherit(const Leases::Table &table) { leases_ = Leases(table); }
  // From now on leases are written.
  Status connect(Leases::Write write) { return leases_.connect(std::move(write)); }

  // What is known of the machine's identity, for verification.
  void introduce(TrustState &trust) const;
  // Slots for compile(); `trust` must outlive the function.
  std::function<uint32_t(const EnvironmentDemand &)> slots(const TrustState &trust);
  // Until when (boot time, ns) what asks for nothing is open under this policy: W_FOREVER unless
  // the policy asks for something itself. What is known of the machine's state is judged anew.
  uint64_t base_until(const TrustState &trust);

  // A generation was put in force; `open_until`: what no lease goes beyond. What the machine must
  // prove from now on.
  Status follow(const TrustState &trust, const Entries &entries, uint64_t open_until);

  // -1: nobody is asked.
  int poll_fd() const { return attestor_ ? attestor_->poll_fd() : -1; }
  // Takes an answer, asks the next question when it is time. Whether verification must be done
  // anew, since the machine turned out to be another one, or is known again. Error: a map or a file
  // could not be written; leases run out.
  Result<bool> tick(EpochKeeper &keeper);
  // Asks at once and waits for what is answered to that, at most so long: so that nothing is denied
  // only because nobody has asked for a while.
  void settle(EpochKeeper &keeper, int64_t nanoseconds);

  std::vector<LeaseChange> take_changes() { return std::exchange(changes_, {}); }
  // For status: what is asked for, what came of it, and why.
  Json to_json() const;

 private:
  explicit Environment(EnvironmentOptions options, BootNotes notes)
      : options_(std::move(options)), notes_(std::move(notes)) {}

  // One slot that a generation in force refers to.
  struct InUse {
    Requirement requirement;
    std::string name;
    bool is_open = false;
    std::optional<Rejection> rejection; // of the last judgement
  };
  // What a good answer said, for requirements that come later.
  struct Proof {
    int64_t asked = 0;
    Evidence evidence;
  };

  void ask(const EpochKeeper &keeper);
  Status judge(Answer answer, EpochKeeper &keeper);
  // Error: nothing is proven, and why; all leases end at once.
  Result<Quote> check(const Answer &answer) const;
  Status tie(uint64_t counter, EpochKeeper &keeper);
  void note_measurement(const Answer &answer);
  Status grant_all();
  Status grant(uint32_t slot, InUse &use);
  void note_lapsed();
  Status refuse_all(const Rejection &why);
  Status close(uint32_t slot, InUse &use, const Rejection &why);

  EnvironmentOptions options_;
  BootNotes notes_;
  Leases leases_;
  std::map<uint32_t, InUse> offered_; // by slot: what was given out while preparing
  std::map<uint32_t, InUse> in_use_;
  std::optional<Attestor> attestor_;
  std::optional<Attestation> terms_;
  std::optional<Enrollment> enrolled_;
  PcrMask pcrs_ = 0;
  bool wants_ima_log_ = false;
  uint64_t open_until_ = 0;

  std::optional<Proof> proof_;
  std::string disowned_;     // why the enrollment is not this machine's, as verification has it
  std::string mismatch_;     // why this is not the machine that was enrolled,
  TpmName mismatched_key_{}; // by the enrollment of this key
  std::string failure_;      // why the last question came to nothing
  int64_t answered_ = 0;     // when the newest question that has an answer was asked
  std::optional<uint64_t> counter_;
  uint64_t tied_serial_ = 0; // of the state when the counter was last advanced
  int64_t tied_at_ = 0;
  bool is_tied_ = false; // since this daemon started
  bool wants_extension_ = false;
  bool must_recheck_ = false; // whether the PCR was extended is not known
  int64_t next_question_ = 0; // boot time, ns
  std::vector<LeaseChange> changes_;
};

} // namespace warrant
