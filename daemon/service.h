// SPDX-License-Identifier: Apache-2.0
// warrantd's life: make enforcement stand or take it over, then keep generations and records
// coming.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/result.h"
#include "daemon/admission.h"
#include "daemon/control.h"
#include "daemon/ender.h"
#include "daemon/environment.h"
#include "daemon/event_loop.h"
#include "daemon/event_reader.h"
#include "daemon/loader.h"
#include "daemon/pins.h"
#include "daemon/preflight.h"
#include "daemon/publication.h"
#include "daemon/recorder.h"
#include "daemon/warm.h"

namespace warrant {

struct ServiceOptions {
  std::string config = "/etc/warrant";
  std::string state = "/var/lib/warrant";
  std::string pins{kDefaultPinDirectory};
  std::string socket = "/run/warrant/control.sock";
  std::string host;       // name of this machine, compared with environment.host
  std::string log_origin; // of a log that is new; "": made from the host's name
  std::string tcti{kDefaultTcti};
  uint32_t key_handle = kAttestationKeyHandle;
  uint32_t counter_index = kCounterIndex;

  std::string artifacts() const { return config + "/artifacts"; }
  std::string lineage() const { return state + "/lineage"; }
  RecorderOptions recorder() const {
    return {lineage(), {state + "/log.key", state + "/log.vkey"}, log_origin, host};
  }
};

class Service {
 public:
  // Either enforcement that this call armed, or enforcement that was pinned already and that it
  // took over. On error the kernel is as it was before.
  static Result<std::unique_ptr<Service>> start(const ServiceOptions &options);

  Service(const Service &) = delete;
  Service &operator=(const Service &) = delete;
  ~Service();

  // Until SIGTERM or SIGINT. Enforcement goes on afterwards.
  Status run();

  const InForce &in_force() const { return in_force_; }
  bool is_adopted() const { return adopted_; }
  // Whether the kernel runs the programs that are part of this daemon: one that took over another
  // build's keeps them.
  bool has_own_programs() const { return programs_ == embedded_programs(); }

 private:
  Service(ServiceOptions options, Recorder recorder);
  Status arm_or_adopt();
  Status open_doors();
  // Enforcement that is there already: its maps, and what waits in its ring.
  Status take_over();
  // Whether what runs at this moment is authorized by what was prepared; says what it warns of.
  std::vector<Check> look_at_system(const Prepared &prepared);
  Status check_running(const Prepared &prepared);
  Status check_before_arming(const Prepared &prepared);
  Result<Prepared> prepare();
  // `loader`: of the programs that are about to be attached; nullptr: they are.
  Result<Published> publish(Prepared &prepared, const Loader *loader);
  void note_in_force(const Published &published, const Prepared &prepared);
  // What restricted interpreters will want to read, where the kernel cannot measure it then.
  void warm_ahead(const Collection &collection);
  // Kills what ran under artifacts that end their processes with them.
  // Records of what was decided before this daemon came, under what was in force then.
  Status catch_up();
  // A new generation from what lies in the configuration directory; on any error the one in force
  // stays, and the error is kept for status.
  void reload();
  Status reload_or_say();
  // Takes the events that wait in the ring. Nothing is durable by that.
  Status drain();
  void tick(Recorder::Sign when = Recorder::Sign::kWhenDue);
  // What time it is, for the next boot's daemon.
  void mark_time();
  // What the machine's proofs came to since the last call. Whether a generation must be made anew.
  bool follow_environment();
  // Asks for a first proof, and prepares under what it says.
  Status settle(Prepared &prepared);
  Json answer(const ControlServer::Question &question);

  ServiceOptions options_;
  std::optional<Admission> admission_;
  uint64_t enforcing_since_ = 0;
  ClockMap clock_in_force_;
  Ender ender_;
  Recorder recorder_;
  std::unique_ptr<Environment> environment_;
  std::string environment_error_; // why leases are not kept as they should
  std::string follow_error_;      // the same, since the last generation
  std::optional<UniqueFd> lock_;  // of the pins
  std::optional<MapSet> maps_;
  std::optional<Publisher> publisher_;
  std::optional<EventReader> events_;
  std::optional<ControlServer> control_;
  std::optional<Warmer> warmer_; // none where reads are measured as they come
  InForce in_force_;
  TrustState trust_; // that it is in force under
  std::optional<EventLoop> loop_;
  std::string config_error_; // why the generation in force stays
  std::string record_error_; // why records wait in memory, or for a signature
  Digest programs_{};        // of what runs in the kernel
  bool adopted_ = false;
};

} // namespace warrant
