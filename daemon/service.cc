// SPDX-License-Identifier: Apache-2.0
#include "daemon/service.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <set>
#include <thread>
#include <utility>

#include "daemon/clock.h"
#include "daemon/loader.h"
#include "daemon/notify.h"
#include "daemon/preflight.h"
#include "daemon/version.h"

namespace warrant {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
// How long a directory that was put in the place of a watched one may go unnoticed.
constexpr int64_t kLookAgain = 10 * kSecond;

struct Prepared {
  TrustState trust;
  Collection collection;
};

std::set<Digest> payloads(const InForce &in_force) {
  std::set<Digest> all;
  for (const InForce::Artifact &artifact : in_force.accepted)
    all.insert(artifact.attribution.sha256);
  return all;
}

bool withdraws(const InForce &in_force, const Collection &next) {
  std::set<Digest> left = payloads(in_force);
  for (const AcceptedArtifact &accepted : next.accepted)
    left.erase(accepted.artifact.sha256());
  return !left.empty();
}

Result<Prepared> prepare(const ServiceOptions &options, const InForce &in_force) {
  TrustState trust = WARRANT_TRY(load_trust_files(options.config, options.host));
  int64_t now = wall_now() / kSecond;
  if (Checked<void> expiry = check_expiry(trust, now); !expiry.ok())
    return expiry.error().to_error().context(options.config);
  DirectorySource source(options.artifacts());
  Collection collection = WARRANT_TRY(collect(source, trust, now, clock_map(), payloads(in_force)));
  return Prepared{std::move(trust), std::move(collection)};
}

Error failed_checks(const std::vector<Check> &checks) {
  Error error{"this system is not fit for enforcement:"};
  for (const Check &check : checks) {
    if (check.outcome == Check::Outcome::kFailed)
      error.message += "\n  " + check.name + ": " + check.found + ". " + check.fix;
  }
  return error;
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
  Recorder recorder = WARRANT_TRY(Recorder::open(options.lineage(), options.host));
  std::unique_ptr<Service> service(new Service(options, std::move(recorder)));
  // Watched before it is read: what changes while we prepare is not missed.
  service->loop_.emplace(WARRANT_TRY(EventLoop::create({options.config, options.artifacts()})));
  WARRANT_TRY(service->arm_or_adopt());
  WARRANT_TRY(service->open_doors());
  return service;
}

Status Service::arm_or_adopt() {
  PinState pins = find_pins(options_.pins);
  if (!pins.complete() && pins.links > 0)
    return Error{"enforcement is pinned only in part below " + options_.pins + " (" + pins.missing +
                 " is missing); it keeps denying what it can judge. Restart the " +
                 "machine, or remove the pins to start anew"};
  Prepared prepared = WARRANT_TRY(prepare(options_, in_force_));
  adopted_ = pins.complete();
  std::optional<Loader> loader;
  if (!adopted_) {
    std::vector<Check> checks = run_preflight();
    std::vector<Check> running = check_running_system(
        prepared.collection.entries, prepared.trust.policy, static_cast<uint64_t>(boot_now()));
    checks.insert(checks.end(), running.begin(), running.end());
    if (!may_arm(checks))
      return failed_checks(checks);
    loader.emplace(WARRANT_TRY(Loader::load(options_.pins)));
  }
  maps_.emplace(WARRANT_TRY(MapSet::open(options_.pins)));
  WARRANT_TRY(catch_up());
  publisher_.emplace(WARRANT_TRY(Publisher::create(*maps_)));
  Published published = WARRANT_TRY(
      publisher_->publish(prepared.collection.entries, kernel_policy(prepared.trust.policy)));
  // Only now, with the maps filled, may anything be judged by them.
  if (loader)
    WARRANT_TRY(loader->arm());

  recorder_.attribute(prepared.collection.accepted, prepared.trust.policy_sha256);
  if (adopted_)
    recorder_.note(about_daemon<Adopt>("took over " + options_.pins));
  else
    recorder_.note(about_daemon<Start>("armed " + options_.pins));
  InForce now = describe(published, prepared.trust, prepared.collection);
  record_change(recorder_, in_force_, now, prepared.collection);
  in_force_ = std::move(now);
  return recorder_.commit();
}

Status Service::catch_up() {
  events_.emplace(WARRANT_TRY(EventReader::open(
      maps_->fd(Map::kEvents), [this](ByteView event) { recorder_.take(event); })));
  if (!adopted_)
    return {};
  WARRANT_TRY(recorder_.recall());
  events_->consume();
  WARRANT_TRY(recorder_.commit());
  events_->release();
  return {};
}

Status Service::open_doors() {
  control_.emplace(WARRANT_TRY(ControlServer::listen(
      options_.socket, [this](const std::string &verb) { return answer(verb); })));
  return {};
}

Status Service::reload_or_say() {
  Prepared prepared = WARRANT_TRY(prepare(options_, in_force_));
  if (withdraws(in_force_, prepared.collection)) {
    std::vector<Check> running = check_running_system(
        prepared.collection.entries, prepared.trust.policy, static_cast<uint64_t>(boot_now()));
    if (!may_arm(running))
      return failed_checks(running);
  }
  // Records of the new generation may come before publish() returns.
  recorder_.attribute(prepared.collection.accepted, prepared.trust.policy_sha256);
  Published published = WARRANT_TRY(
      publisher_->publish(prepared.collection.entries, kernel_policy(prepared.trust.policy)));
  InForce now = describe(published, prepared.trust, prepared.collection);
  record_change(recorder_, in_force_, now, prepared.collection);
  in_force_ = std::move(now);
  return {};
}

void Service::reload() {
  Status done = reload_or_say();
  std::string error = done.ok() ? std::string() : done.error().message;
  if (!error.empty() && error != config_error_)
    std::fprintf(stderr, "warrantd: the generation in force stays: %s\n", error.c_str());
  config_error_ = std::move(error);
}

void Service::tick() {
  if (recorder_.is_writable()) {
    events_->consume();
    recorder_.settle();
  }
  Status written = recorder_.commit();
  if (written.ok())
    events_->release();
  std::string error = written.ok() ? std::string() : written.error().message;
  if (!error.empty() && error != record_error_)
    std::fprintf(stderr, "warrantd: records wait in memory: %s\n", error.c_str());
  record_error_ = std::move(error);
}

Json Service::answer(const std::string &verb) {
  if (verb == "reload") {
    reload();
    tick();
  } else if (verb == "sync") {
    tick();
  } else if (verb != "status") {
    return Json{{"ok", false}, {"error", "unknown verb; known: status, reload, sync"}};
  }
  Json reply = in_force_.to_json();
  const std::string &error = config_error_.empty() ? record_error_ : config_error_;
  reply["ok"] = verb == "reload" ? config_error_.empty() : error.empty();
  reply["error"] = verb == "reload" ? config_error_ : error;
  reply["pid"] = ::getpid();
  reply["version"] = kVersion;
  reply["adopted"] = adopted_;
  reply["lineageFile"] = recorder_.path();
  reply["records"] = recorder_.records();
  reply["lost"] = recorder_.lost();
  return reply;
}

Status Service::run() {
  WARRANT_TRY(loop_->watch_edges(events_->poll_fd()));
  WARRANT_TRY(loop_->watch(control_->poll_fd()));
  uint64_t patience = watchdog_interval();
  int64_t told = boot_now();
  int64_t looked = told;
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
    control_->serve();
    tick();
    // The next daemon opens the file anew, cuts off what is not whole, and finds in the ring what
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
  tick();
  return {};
}

} // namespace warrant
