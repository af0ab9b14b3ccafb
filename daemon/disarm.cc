// SPDX-License-Identifier: Apache-2.0
#include "daemon/disarm.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "artifacts/contents.h"
#include "artifacts/time.h"
#include "artifacts/verity.h"
#include "daemon/admission.h"
#include "daemon/clock.h"
#include "daemon/contexts.h"
#include "daemon/event_reader.h"
#include "daemon/grants.h"
#include "daemon/handover.h"
#include "daemon/numbers.h"
#include "daemon/pins.h"
#include "daemon/publish.h"
#include "daemon/recorder.h"
#include "daemon/takeover.h"
#include "daemon/unique_fd.h"
#include "daemon/unpin.h"

namespace warrant {
namespace {

constexpr uint32_t kWanted = W_ACTION_EXEC | W_ACTION_ADMINISTER;

bool is_meant(const Authorization &authorization) {
  return authorization.kind == ArtifactKind::kBreakglass &&
         (authorization.actions & W_ACTION_ADMINISTER) != 0;
}

bool names(const VerifiedAuthorization &artifact, const Digest &program) {
  const Contents contents{artifact.authorization(), artifact.records()};
  for (size_t i = 0; i < contents.size(); i++)
    if (contents.sha256(i) == program && (contents.actions(i) & kWanted) == kWanted)
      return true;
  return false;
}

// What is wrong with one that was accepted, and meant for this.
std::string fault_of(const VerifiedAuthorization &artifact, const Digest &program,
                     const w_artifact *entry, uint64_t boot_ns) {
  if (artifact.blocked())
    return artifact.blocked()->text();
  if (!names(artifact, program))
    return "names other content, not that of this program, with the actions exec and administer";
  if (entry && boot_ns < entry->not_before)
    return "not yet valid, from " + format_time(artifact.authorization().not_before) + " on";
  if (entry && boot_ns >= entry->not_after)
    return "expired at " + format_time(artifact.authorization().not_after);
  return "grants it to other initiators than any or uid 0, counts its uses, or its content was "
         "revoked";
}

// SHA-256 of the program that this process runs. What lies at /proc/self/exe can be anybody's file,
// so it must be the content that the kernel measured when it was executed: by that, or by
// fs-verity.
Result<Digest> own_program(const w_process &self) {
  constexpr const char *kProgram = "/proc/self/exe";
  const UniqueFd file(::open(kProgram, O_RDONLY | O_CLOEXEC));
  if (file.get() < 0)
    return Error{std::string("cannot open ") + kProgram + ": " + std::strerror(errno)};
  const Digest sha256 = WARRANT_TRY(sha256_of_fd(file.get()));
  Digest executed{};
  std::copy(std::begin(self.digest), std::end(self.digest), executed.begin());
  if (executed != sha256 && executed != verity_of_fd(file.get()))
    return Error{std::string("what lies at ") + kProgram +
                 " is not the program that the kernel executed: something else lies over /proc"};
  return sha256;
}

Caller this_caller() {
  return caller_of(static_cast<uint32_t>(::getpid()), ::getuid());
}

// A disarm under way: the doors are open, nothing is decided yet.
class Disarmament {
 public:
  static Result<Disarmament> open(const ServiceOptions &options);

  // What allows it. Error: nothing does; that is on record.
  Result<const AcceptedArtifact *> find_order();
  // Durable: the record, and that the artifact is spent.
  Status commit(const Attribution &order);
  Status take_away();

 private:
  Disarmament(const ServiceOptions &options, Recorder recorder, Admission admission, Held held,
              Prepared prepared, Era era)
      : options_(options),
        recorder_(std::move(recorder)),
        admission_(std::move(admission)),
        held_(std::move(held)),
        prepared_(std::move(prepared)),
        era_(std::move(era)) {}
  Result<const AcceptedArtifact *> search_order();
  // Records of what the kernel decided so far.
  Status catch_up();
  Status remove_everything();

  ServiceOptions options_;
  Recorder recorder_;
  Admission admission_;
  Held held_;
  Prepared prepared_;
  Era era_;
  w_process self_{}; // as the kernel knows this process
};

Result<Disarmament> Disarmament::open(const ServiceOptions &options) {
  const PinState pins = find_pins(options.pins);
  if (pins.none())
    return Error{"nothing is pinned below " + options.pins +
                 ": this machine does not enforce, so there is nothing to disarm"};
  if (::access((options.pins + "/links").c_str(), W_OK) != 0)
    return Error{"cannot remove anything below " + options.pins + ": " + std::strerror(errno)};
  Result<Admission> admission = Admission::open(options.state, Missing::kIsLoss);
  if (!admission.ok())
    return Error{admission.error().message +
                 ". If warrantd runs, stop it first: enforcement goes on until it is disarmed"};
  Recorder recorder = WARRANT_TRY(Recorder::open(options.recorder()));
  WARRANT_TRY(recorder.check_head(admission.value().state().log));
  Held held =
      WARRANT_TRY(take_hold(options.pins, options.state, recorder.boot(), admission.value()));
  Era era = make_era(recorder.boot(), held.config.enforcing_since);
  Prepared prepared = WARRANT_TRY(admission.value().prepare(
      options.config, options.host, {}, WARRANT_TRY(read_uses(held.maps)), era));
  Disarmament opened(options, std::move(recorder), std::move(admission).value(), std::move(held),
                     std::move(prepared), std::move(era));
  opened.self_ = WARRANT_TRY(own_context(opened.held_.maps));
  WARRANT_TRY(opened.recorder_.recall());
  WARRANT_TRY(opened.catch_up());
  return opened;
}

Status Disarmament::catch_up() {
  EventReader events = WARRANT_TRY(EventReader::open(
      held_.maps.fd(Map::kEvents), [this](ByteView event) { recorder_.take(event); }));
  WARRANT_TRY(events.consume());
  WARRANT_TRY(recorder_.commit());
  events.release();
  return {};
}

Result<const AcceptedArtifact *> Disarmament::find_order() {
  Result<const AcceptedArtifact *> found = search_order();
  if (found.ok())
    return found;
  recorder_.note(Disarm{std::nullopt, this_caller(), Text(found.error().message)});
  WARRANT_TRY(recorder_.commit());
  return Error{"not disarmed: " + found.error().message};
}

Result<const AcceptedArtifact *> Disarmament::search_order() {
  const Digest program = WARRANT_TRY(own_program(self_));
  const auto now = static_cast<uint64_t>(boot_now());
  const AcceptedArtifact *found = find_disarming(prepared_.collection, program, now);
  if (!found)
    return Error{why_none_disarms(prepared_.collection, program, now)};
  // Whoever withholds lists must not keep alive what they revoke; `recovery` is for that case.
  if (const Checked<void> fresh = check_freshness(prepared_.trust, admission_.clock().seconds());
      !fresh.ok() && !found->artifact.authorization().recovery)
    return Error{fresh.error().text()};
  return found;
}

Status Disarmament::commit(const Attribution &order) {
  recorder_.note(Disarm{order, this_caller(),
                        Text("about to take away what is pinned below " + options_.pins)});
  WARRANT_TRY(recorder_.commit());
  // Signed before anything is taken away: whoever cuts the log behind this hides what he signed.
  WARRANT_TRY(recorder_.checkpoint());
  admission_.follow_log(recorder_.head());
  return admission_.spend(prepared_, order.id);
}

Status Disarmament::take_away() {
  // From here on nothing that can be helped ends this half-way.
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  const int config = held_.maps.fd(Map::kConfig);
  WARRANT_TRY(let_pins_go(config, self_.lineage));
  Status done = remove_everything();
  if (!done.ok())
    (void)let_pins_go(config, 0).ok();
  return done;
}

Status Disarmament::remove_everything() {
  WARRANT_TRY(unpin_links(options_.pins));
  // Nobody takes a use any more: what the counters hold is what is left.
  WARRANT_TRY(admission_.close(WARRANT_TRY(read_uses(held_.maps)), era_));
  WARRANT_TRY(catch_up());
  recorder_.close(WARRANT_TRY(last_number(held_.maps)));
  WARRANT_TRY(recorder_.commit());
  WARRANT_TRY(unpin_rest(options_.pins));
  // What cannot be signed now is signed by the next daemon.
  (void)recorder_.checkpoint().ok();
  return {};
}

} // namespace

const AcceptedArtifact *find_disarming(const Collection &collection, const Digest &program,
                                       uint64_t boot_ns) {
  const Grants grants(collection.entries, boot_ns);
  for (const uint32_t index : grants.artifacts(program, kWanted)) {
    const auto found = std::find_if(
        collection.accepted.begin(), collection.accepted.end(), [&](const AcceptedArtifact &one) {
          return one.artifact.sha256() == collection.entries.payloads.at(index) &&
                 is_meant(one.artifact.authorization());
        });
    if (found != collection.accepted.end())
      return &*found;
  }
  return nullptr;
}

std::string why_none_disarms(const Collection &collection, const Digest &program,
                             uint64_t boot_ns) {
  std::string text =
      "it takes a break-glass artifact in force on this host that names the content of this "
      "warrantd (sha256 " +
      to_hex(program) +
      ") with the actions exec and administer, for uid 0 or for any initiator, and that was not "
      "used before (fix: have one issued, put it among the artifacts, try again)";
  const Entries &entries = collection.entries;
  for (const AcceptedArtifact &one : collection.accepted) {
    if (!is_meant(one.artifact.authorization()))
      continue;
    const auto place =
        std::find(entries.payloads.begin(), entries.payloads.end(), one.artifact.sha256());
    const w_artifact *entry =
        place == entries.payloads.end()
            ? nullptr
            : &entries.artifacts.at(static_cast<size_t>(place - entries.payloads.begin()));
    text += "; " + printable(one.source) + ": " + fault_of(one.artifact, program, entry, boot_ns);
  }
  for (const RefusedArtifact &one : collection.refused) {
    const std::optional<Authorization> content = claimed(one);
    if (content && is_meant(*content))
      text += "; " + printable(one.source) + ": " + one.rejection.text();
  }
  return text;
}

Result<Attribution> disarm(const ServiceOptions &options) {
  Disarmament under_way = WARRANT_TRY(Disarmament::open(options));
  const AcceptedArtifact *order = WARRANT_TRY(under_way.find_order());
  Attribution attribution = attribution_of(order->artifact);
  WARRANT_TRY(under_way.commit(attribution));
  if (Status done = under_way.take_away(); !done.ok())
    return std::move(done).error().context("disarmed only in part (the artifact is spent)");
  return attribution;
}

} // namespace warrant
