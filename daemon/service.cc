// SPDX-License-Identifier: Apache-2.0
#include "daemon/service.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/clock.h"
#include "daemon/evidence.h"
#include "daemon/handover.h"
#include "daemon/loader.h"
#include "daemon/notify.h"
#include "daemon/numbers.h"
#include "daemon/preflight.h"
#include "daemon/publish.h"
#include "daemon/takeover.h"
#include "daemon/version.h"
#include "lineage/reader.h"

namespace warrant {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
// How long a directory that was put in the place of a watched one may go unnoticed.
constexpr int64_t kLookAgain = 10 * kSecond;
// Between tries to put in force what could not be.
constexpr int64_t kTryAgain = 15 * kSecond;
// Between times that are kept for another boot.
constexpr int64_t kMarkAgain = 86400 * kSecond;
// For a first proof of the machine's state before anything is enforced. After that what needs one
// waits for it, denied.
constexpr int64_t kSettle = 5 * kSecond;

// What a missing state means: lost counters, unless nothing ever ran here.
Result<Missing> missing_state(const ServiceOptions &options) {
  const bool is_first =
      find_pins(options.pins).none() && !WARRANT_TRY(has_records(options.lineage()));
  return is_first ? Missing::kIsFirstStart : Missing::kIsLoss;
}

template <class What>
What about_daemon(const std::string &detail) {
  utsname system{};
  ::uname(&system);
  What what;
  what.pid = static_cast<uint32_t>(::getpid());
  what.version = Text(kVersion);
  what.kernel = Text(system.release);
  what.detail = Text(detail);
  return what;
}

} // namespace

Service::Service(ServiceOptions options, Recorder recorder)
    : options_(std::move(options)), recorder_(std::move(recorder)) {}
Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::start(const ServiceOptions &options) {
  Missing missing = WARRANT_TRY(missing_state(options));
  Recorder recorder = WARRANT_TRY(Recorder::open(options.recorder()));
  std::unique_ptr<Service> service(new Service(options, std::move(recorder)));
  service->admission_.emplace(WARRANT_TRY(Admission::open(options.state, missing)));
  WARRANT_TRY(service->recorder_.check_head(service->admission_->state().log));
  service->environment_ = WARRANT_TRY(Environment::open(
      {options.tcti, options.key_handle, options.counter_index, options.state + "/state/boot.json",
       service->recorder_.boot(), machine_id("")}));
  WARRANT_TRY(ControlServer::check(options.socket));
  // Watched before it is read: what changes while we prepare is not missed.
  service->loop_.emplace(WARRANT_TRY(EventLoop::create({options.config, options.artifacts()})));
  WARRANT_TRY(service->arm_or_adopt());
  WARRANT_TRY(service->open_doors());
  return service;
}

Status Service::arm_or_adopt() {
  PinState pins = find_pins(options_.pins);
  if (!pins.complete() && pins.hooks != 0)
    return Error{"enforcement is pinned only in part below " + options_.pins + " (" + pins.missing +
                 " is missing); it keeps denying what it can judge. Restart the machine"};
  adopted_ = pins.complete();
  std::optional<Loader> loader;
  enforcing_since_ = static_cast<uint64_t>(boot_now());
  programs_ = embedded_programs();
  if (adopted_) {
    WARRANT_TRY(take_over());
    environment_->inherit(WARRANT_TRY(read_environments(*maps_)));
    WARRANT_TRY(environment_->connect(writer_of_environments(*maps_)));
  }
  Prepared prepared = WARRANT_TRY(prepare());
  // What was in force is not known here, so what the machine runs on may be gone with it.
  if (adopted_ && !revokes(prepared.collection))
    WARRANT_TRY(check_running(prepared));
  if (!adopted_) {
    WARRANT_TRY(check_before_arming(prepared));
    WARRANT_TRY(Loader::make_directories(options_.pins));
    lock_.emplace(WARRANT_TRY(lock_pins(options_.pins)));
    if (find_pins(options_.pins).hooks != 0)
      return Error{options_.pins + ": enforcement was armed there meanwhile, by another warrantd"};
    loader.emplace(WARRANT_TRY(Loader::load(options_.pins)));
    maps_.emplace(WARRANT_TRY(MapSet::open(options_.pins)));
    WARRANT_TRY(admission_->tie(keeper_of_states(*maps_)));
    WARRANT_TRY(environment_->connect(writer_of_environments(*maps_)));
    WARRANT_TRY(catch_up());
    WARRANT_TRY(continue_numbers(*maps_, recorder_.last_event(), recorder_.last_lineage()));
    // Saves state, which only whoever holds the maps may: where others enforce, nothing was loaded.
    WARRANT_TRY(settle(prepared));
  }
  publisher_.emplace(WARRANT_TRY(Publisher::create(*maps_)));
  Published published = WARRANT_TRY(publish(prepared, loader ? &*loader : nullptr));
  // Only now, with the maps filled, may anything be judged by them.
  if (loader)
    WARRANT_TRY(loader->arm());
  // Loading takes seconds, and what was proven before may be over.
  if (loader && prepared.trust.policy.attestation)
    environment_->settle(*admission_, kSettle);
  if (adopted_)
    recorder_.note(about_daemon<Adopt>("took over " + options_.pins));
  else
    recorder_.note(about_daemon<Start>("armed " + options_.pins));
  // A thread: after the signals were blocked, which it must not take.
  if (!(find_pins(options_.pins).hooks & hook_bit(W_HOOK_FILE_POST_OPEN)))
    warmer_.emplace();
  note_in_force(published, prepared);
  return recorder_.commit();
}

Status Service::take_over() {
  Held held = WARRANT_TRY(take_hold(options_.pins, options_.state, recorder_.boot(), *admission_));
  lock_.emplace(std::move(held.lock));
  maps_.emplace(std::move(held.maps));
  const w_config &config = held.config;
  if (const uint64_t hooks = find_pins(options_.pins).hooks; hooks != config.hooks)
    return Error{"enforcement is pinned only in part below " + options_.pins + ": hooks " +
                 std::to_string(hooks) + " of " + std::to_string(config.hooks) +
                 "; it keeps denying what it can judge. Restart the machine"};
  enforcing_since_ = config.enforcing_since;
  std::copy(std::begin(config.programs), std::end(config.programs), programs_.begin());
  // The records that wait in the kernel belong into the log of whoever goes on, and of nobody else.
  WARRANT_TRY(admission_->check_heir(options_.config));
  return catch_up();
}

std::vector<Check> Service::look_at_system(const Prepared &prepared) {
  std::vector<Check> running = check_running_system(
      prepared.collection.entries, prepared.trust.policy, static_cast<uint64_t>(boot_now()));
  for (const std::string &warning : warnings_of(running))
    std::fprintf(stderr, "<4>warrantd: %s\n", warning.c_str());
  return running;
}

Status Service::check_running(const Prepared &prepared) {
  const std::vector<Check> running = look_at_system(prepared);
  return may_arm(running) ? Status() : Status(failed_checks(running));
}

Status Service::check_before_arming(const Prepared &prepared) {
  std::vector<Check> checks = run_preflight();
  std::vector<Check> running = look_at_system(prepared);
  checks.insert(checks.end(), running.begin(), running.end());
  if (!may_arm(checks))
    return failed_checks(checks); // all at once, for whoever has to mend it
  Checked<void> fresh = check_freshness(prepared.trust, admission_->clock().seconds());
  return fresh.ok() ? Status() : Status(fresh.error().to_error().context(options_.config));
}

Result<Prepared> Service::prepare() {
  Counters kernel;
  if (maps_)
    kernel = WARRANT_TRY(read_uses(*maps_));
  const Era era = make_era(recorder_.boot(), enforcing_since_);
  return admission_->prepare(options_.config, options_.host, payloads(in_force_), kernel, era,
                             environment_.get());
}

Status Service::settle(Prepared &prepared) {
  if (!prepared.trust.policy.attestation)
    return {};
  WARRANT_TRY(
      environment_->follow(prepared.trust, prepared.collection.entries, prepared.lease_until));
  environment_->settle(*admission_, kSettle);
  prepared = WARRANT_TRY(prepare());
  return {};
}

bool Service::follow_environment() {
  const Result<bool> is_other = environment_->tick(*admission_);
  environment_error_ = is_other.ok() ? follow_error_ : is_other.error().message;
  for (const std::string &line : record_leases(recorder_, environment_->take_changes()))
    std::fprintf(stderr, "warrantd: %s\n", line.c_str());
  return is_other.ok() && is_other.value();
}

// In this order: first whom the next daemon must believe too, then what must not be forgotten, then
// what may be used, then who may use it.
Result<Published> Service::publish(Prepared &prepared, const Loader *loader) {
  const RootMark root{static_cast<uint64_t>(prepared.trust.root.version),
                      prepared.trust.root_sha256};
  WARRANT_TRY(write_root(*maps_, root));
  admission_->bind(root);
  admission_->follow_log(recorder_.head());
  WARRANT_TRY(admission_->commit(prepared));
  WARRANT_TRY(hand_out_uses(*maps_, prepared.plan.hand_out));
  WARRANT_TRY(forget_uses(*maps_, prepared.plan.forget));
  recorder_.attribute(prepared.collection.accepted, prepared.trust.policy_sha256,
                      WARRANT_TRY(next_generation(*maps_)));
  KernelPolicy policy = kernel_policy(prepared, enforcing_since_);
  if (loader)
    policy.programs = {loader->hooks(), programs_};
  Published published = WARRANT_TRY(publisher_->publish(prepared.collection.entries, policy));
  recorder_.follow(published.generation);
  // What was published is in force, whatever becomes of its leases: they stay closed, or run out.
  const Status followed =
      environment_->follow(prepared.trust, prepared.collection.entries, prepared.lease_until);
  follow_error_ = followed.ok() ? "" : followed.error().message;
  return published;
}

void Service::note_in_force(const Published &published, const Prepared &prepared) {
  InForce now = describe(published, prepared.trust, prepared.collection);
  record_change(recorder_, in_force_, now, prepared.collection);
  // <1>: systemd's journal takes it for an alert (sd-daemon(3)).
  for (const std::string &line : broken_glass(in_force_, now))
    std::fprintf(stderr, "<1>warrantd: %s\n", line.c_str());
  for (const auto &[source, rejection] : new_refusals(in_force_, now))
    std::fprintf(stderr, "warrantd: refused %s: %s\n", printable(source).c_str(),
                 rejection.text().c_str());
  in_force_ = std::move(now);
  trust_ = prepared.trust;
  clock_in_force_ = prepared.clock;
  ender_.follow(prepared.collection.accepted, admission_->state().bonds);
  warm_ahead(prepared.collection);
}

void Service::warm_ahead(const Collection &collection) {
  if (warmer_ && (collection.entries.flags & W_GENERATION_HAS_READS))
    warmer_->follow(paths_to_warm(collection));
}

Status Service::catch_up() {
  events_.emplace(WARRANT_TRY(EventReader::open(maps_->fd(Map::kEvents), [this](ByteView event) {
    recorder_.take(event);
    if (const std::string path = warmer_ ? unmeasured_read(event) : ""; !path.empty())
      warmer_->hurry(path);
  })));
  if (!adopted_)
    return {};
  WARRANT_TRY(recorder_.recall());
  WARRANT_TRY(events_->consume());
  WARRANT_TRY(recorder_.commit());
  events_->release();
  return {};
}

Status Service::open_doors() {
  control_.emplace(WARRANT_TRY(
      ControlServer::listen(options_.socket, [this](const auto &asked) { return answer(asked); })));
  return {};
}

Status Service::reload_or_say() {
  Prepared prepared = WARRANT_TRY(prepare());
  // Another policy may enforce where the last one only observed.
  if (withdraws(in_force_, prepared.collection) || prepared.trust.policy_sha256 != in_force_.policy)
    WARRANT_TRY(check_running(prepared));
  (void)drain(); // what was decided until now comes before what comes into force; tick() tells
  Published published = WARRANT_TRY(publish(prepared, nullptr));
  note_in_force(published, prepared);
  return {};
}

void Service::reload() {
  Status done = reload_or_say();
  std::string error = done.ok() ? std::string() : done.error().message;
  if (!error.empty() && error != config_error_)
    std::fprintf(stderr, "warrantd: the generation in force stays: %s\n", error.c_str());
  config_error_ = std::move(error);
}

Status Service::drain() {
  if (!recorder_.is_writable())
    return {};
  Status taken = events_->consume();
  recorder_.settle();
  return taken;
}

void Service::tick(Recorder::Sign when) {
  Status taken = drain();
  Recorder::Kept kept = recorder_.keep(when);
  if (kept.is_durable)
    events_->release();
  if (kept.problem.empty() && !taken.ok())
    kept.problem = taken.error().message;
  admission_->follow_log(recorder_.head());
  if (!kept.problem.empty() && kept.problem != record_error_)
    std::fprintf(stderr, "warrantd: %s\n", kept.problem.c_str());
  record_error_ = std::move(kept.problem);
}

Json Service::answer(const ControlServer::Question &question) {
  const std::string &verb = question.verb;
  if (verb == "adopt-lineage") {
    tick(); // the exec that the process is in is on record before this
    return hand_over(question, {*admission_, recorder_, *maps_, trust_, record_error_});
  }
  if (verb == "reload") {
    reload();
    tick();
  } else if (verb == "sync") {
    tick(Recorder::Sign::kNow);
  } else if (verb != "status") {
    return Json{{"ok", false},
                {"error", "unknown verb; known: status, reload, sync, adopt-lineage"}};
  }
  Json reply = in_force_.to_json();
  const std::string &error = config_error_.empty() ? record_error_ : config_error_;
  reply["ok"] = verb == "reload" ? config_error_.empty() : error.empty();
  reply["error"] = verb == "reload" ? config_error_ : error;
  reply["pid"] = ::getpid();
  reply["version"] = kVersion;
  reply["adopted"] = adopted_;
  reply["programs"] = {{"inKernel", to_hex(programs_)}, {"own", to_hex(embedded_programs())}};
  reply["log"] = recorder_.to_json();
  reply["records"] = recorder_.records();
  reply["lost"] = recorder_.lost();
  reply["environment"] = environment_->to_json();
  if (!environment_error_.empty())
    reply["environment"]["failure"] = environment_error_;
  reply["warmed"] = warmer_ ? warmer_->count() : 0;
  reply["warming"] = warmer_ ? warmer_->waiting() : 0;
  return reply;
}

Status Service::run() {
  WARRANT_TRY(loop_->watch_edges(events_->poll_fd()));
  WARRANT_TRY(loop_->watch(control_->poll_fd()));
  uint64_t patience = watchdog_interval();
  int64_t told = boot_now();
  int64_t looked = told;
  int64_t ended = 0;
  int64_t marked = looked;
  int64_t tried = looked;
  notify_manager("READY=1\nSTATUS=generation " + std::to_string(in_force_.published.generation) +
                 " in force");
  for (;;) {
    Wakeup wakeup = WARRANT_TRY(loop_->wait());
    if (wakeup.stop)
      break;
    if (wakeup.changed || boot_now() - looked > kLookAgain) {
      looked = boot_now();
      Result<bool> others = loop_->watch_directories();
      if (wakeup.changed || (others.ok() && others.value()))
        reload();
    }
    const bool is_other_machine = follow_environment();
    if (is_other_machine || admission_->is_late(clock_in_force_))
      reload();
    // What was in the way may be gone without a file of ours telling: a full disk, no memory.
    if (!config_error_.empty() && boot_now() - tried > kTryAgain) {
      tried = boot_now();
      reload();
    }
    if (boot_now() - ended > kSecond) {
      ended = boot_now();
      ender_.end_due(*maps_, recorder_, admission_->clock().seconds());
    }
    if (boot_now() - marked > kMarkAgain) {
      marked = boot_now();
      mark_time();
    }
    control_->serve();
    tick();
    // The next daemon opens the log anew, leaves out what is not whole, and finds in the ring what
    // this one could not keep.
    if (recorder_.has_failed())
      return Error{record_error_};
    if (patience != 0 && (boot_now() - told) / 1000 > static_cast<int64_t>(patience / 3)) {
      notify_manager("WATCHDOG=1");
      told = boot_now();
    }
  }
  notify_manager("STOPPING=1");
  recorder_.note(about_daemon<Stop>("enforcement goes on"));
  tick(Recorder::Sign::kNow);
  mark_time();
  return {};
}

void Service::mark_time() {
  const Status marked = admission_->save_clock(trust_);
  if (!marked.ok())
    std::fprintf(stderr, "warrantd: %s\n", marked.error().message.c_str());
}

} // namespace warrant
