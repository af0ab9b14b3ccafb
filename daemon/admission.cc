// SPDX-License-Identifier: Apache-2.0
#include "daemon/admission.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "artifacts/envelope.h"
#include "daemon/clock.h"

namespace warrant {
namespace {

// Later than that by the clock is worth a new generation; less is not.
constexpr int64_t kTolerance = 1'000'000'000;

Status make_folder(const std::string &path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return Error{"cannot make " + path + ": " + std::strerror(errno)};
  return {};
}

Error in_folder(const Rejection &rejection, const std::string &folder) {
  return rejection.to_error().context(folder);
}

Circumstances circumstances(const Prepared &prepared, Environment *environment) {
  Circumstances now;
  now.clock = prepared.clock;
  now.modes = prepared.trust.policy.scopes;
  now.bonds = prepared.plan.after.bonds;
  if (environment)
    now.slots = environment->slots(prepared.trust);
  for (const auto &[id, bond] : prepared.plan.bonds)
    now.bonds.insert_or_assign(id, bond);
  if (prepared.trust.revocation)
    now.revocation = &prepared.trust.revocation->revocation;
  return now;
}

uint64_t base_until(const TrustState &trust, Environment *environment) {
  if (environment)
    return environment->base_until(trust);
  return trust.policy.attestation && trust.policy.attestation->profile ? 0 : W_FOREVER;
}

std::vector<Presented> present_all(const Collection &collection) {
  std::vector<Presented> all;
  for (const AcceptedArtifact &accepted : collection.accepted)
    all.push_back(present(accepted.artifact));
  return all;
}

} // namespace

Admission::Admission(StateStore store, State state)
    : store_(std::move(store)),
      state_(std::move(state)),
      log_(state_.log),
      clock_(state_.wall, wall_now(), boot_now()) {}

Result<Admission> Admission::open(const std::string &state, Missing missing) {
  const std::string folder = state + "/state";
  WARRANT_TRY(make_folder(folder));
  StateStore store = WARRANT_TRY(StateStore::open(folder));
  State loaded = WARRANT_TRY(store.load(missing));
  return Admission(std::move(store), std::move(loaded));
}

bool Admission::is_late(const ClockMap &published) {
  clock_.sample(wall_now(), boot_now());
  return clock_.is_ahead_of(published, kTolerance);
}

Result<std::optional<TrustRoot>> Admission::check_root(const std::string &config,
                                                       ByteView newest) const {
  Bytes known;
  if (!state_.root.empty())
    known = WARRANT_TRY(from_base64(state_.root));
  if (kernel_root_)
    WARRANT_TRY(check_descent(config, *kernel_root_, known, newest));
  if (known.empty())
    return std::optional<TrustRoot>();
  return std::optional(WARRANT_TRY(follow_root(config, store_.path(), known, newest)));
}

Status Admission::check_heir(const std::string &config) const {
  const TrustFiles files = WARRANT_TRY(read_trust_files(config));
  WARRANT_TRY(check_root(config, files.root));
  return {};
}

Result<TrustState> Admission::load_documents(const std::string &config, const std::string &host) {
  TrustFiles files = WARRANT_TRY(read_trust_files(config));
  Checked<TrustState> trust = load_trust(files.root, files.policy, files.revocation, host);
  if (!trust.ok())
    return in_folder(trust.error(), config);
  if (!files.enrollment.empty())
    if (Checked<void> enrolled = enroll(trust.value(), files.enrollment, clock_.seconds());
        !enrolled.ok())
      return in_folder(enrolled.error(), config);
  std::optional<TrustRoot> before = WARRANT_TRY(check_root(config, files.root));
  Checked<void> forward =
      check_not_older(trust.value(), state_.documents, before ? &*before : nullptr);
  if (!forward.ok())
    return in_folder(forward.error(), config);
  if (Checked<void> expiry = check_expiry(trust.value(), clock_.seconds()); !expiry.ok())
    return in_folder(expiry.error(), config);
  root_ = std::move(files.root);
  return std::move(trust).value();
}

Result<Prepared> Admission::prepare(const std::string &config, const std::string &host,
                                    const std::set<Digest> &in_force, const Counters &kernel,
                                    const Era &era, Environment *environment) {
  clock_.sample(wall_now(), boot_now());
  const int64_t now = clock_.seconds();
  Prepared prepared;
  prepared.clock = clock_.map();
  prepared.trust = WARRANT_TRY(load_documents(config, host));
  if (environment)
    environment->introduce(prepared.trust);
  DirectorySource source(config + "/artifacts");
  prepared.collection = WARRANT_TRY(verify_all(source, prepared.trust, now));
  prepared.plan = plan(state_, kernel, present_all(prepared.collection), era, now);
  for (const auto &[payload, rejection] : prepared.plan.refused)
    refuse(prepared.collection, payload, rejection);
  WARRANT_TRY(
      compile_what_fits(prepared.collection, circumstances(prepared, environment), in_force));
  const std::optional<int64_t> fresh = fresh_until(prepared.trust);
  prepared.fresh_until = fresh ? prepared.clock.boot_ns(*fresh) : W_FOREVER;
  prepared.lease_until = prepared.fresh_until;
  if (prepared.trust.enrolled && prepared.trust.enrolled->enrollment.expires)
    prepared.lease_until = std::min(
        prepared.lease_until, prepared.clock.boot_ns(*prepared.trust.enrolled->enrollment.expires));
  const uint64_t base = base_until(prepared.trust, environment);
  prepared.open_until =
      base == W_FOREVER ? prepared.fresh_until : std::min(prepared.lease_until, base);
  prepared.plan.after.documents = high_water_of(prepared.trust);
  prepared.plan.after.root = to_base64(root_);
  prepared.plan.after.wall = std::max(prepared.plan.after.wall, clock_.high_water());
  return prepared;
}

Status Admission::save(State &next) {
  next.log = log_;
  WARRANT_TRY(store_.save(next));
  state_ = next;
  return {};
}

Status Admission::commit(Prepared &prepared) {
  return save(prepared.plan.after);
}

Status Admission::save_epoch(uint64_t epoch) {
  State next = state_;
  next.epoch = epoch;
  return save(next);
}

Status Admission::save_clock(const TrustState &in_force) {
  clock_.sample(wall_now(), boot_now());
  if (!check_expiry(in_force, clock_.seconds()).ok())
    return {};
  State next = state_;
  next.wall = std::max(next.wall, clock_.high_water());
  return save(next);
}

Status Admission::spend(Prepared &prepared, const ArtifactId &id) {
  warrant::spend(prepared.plan.after, id, prepared.plan.after.wall);
  return commit(prepared);
}

Status Admission::take(const ArtifactId &token, int64_t not_after) {
  State next = state_;
  take_token(next, token, not_after, clock_.seconds());
  return save(next);
}

Status Admission::close(const Counters &left, const Era &era) {
  clock_.sample(wall_now(), boot_now());
  State closed = state_;
  close_era(closed, left, era, clock_.seconds());
  return save(closed);
}

} // namespace warrant
