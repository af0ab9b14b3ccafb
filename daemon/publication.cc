// SPDX-License-Identifier: Apache-2.0
#include "daemon/publication.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "artifacts/envelope.h"
#include "artifacts/names.h"
#include "artifacts/time.h"
#include "daemon/clock.h"

namespace warrant {
namespace {

uint64_t subject_count(const VerifiedAuthorization &artifact) {
  return artifact.records().empty() ? artifact.authorization().subjects.size()
                                    : artifact.records().size();
}

Rejected to_record(const std::string &source, const Rejection &rejection,
                   const std::optional<Authorization> &content) {
  Rejected record;
  record.source = source;
  record.reason = static_cast<uint8_t>(rejection.reason);
  record.detail = rejection.text();
  if (content) {
    record.claimed = content->id;
    record.subjects = content->subjects.size();
    for (const Subject &subject : content->subjects) {
      if (record.digests.size() == kMaxRejectedDigests)
        break;
      record.digests.push_back(subject.sha256);
    }
  }
  return record;
}

bool is_known(const InForce &before, const std::string &source, const Rejection &rejection) {
  return std::any_of(before.refused.begin(), before.refused.end(), [&](const auto &old) {
    return old.first == source && old.second.text() == rejection.text();
  });
}

bool is_revoked(const VerifiedAuthorization &artifact) {
  return artifact.blocked() && artifact.blocked()->reason == W_REASON_REVOKED;
}

} // namespace

std::set<Digest> payloads(const InForce &in_force) {
  std::set<Digest> all;
  for (const InForce::Artifact &artifact : in_force.accepted)
    all.insert(artifact.attribution.sha256);
  return all;
}

bool withdraws(const InForce &in_force, const Collection &next) {
  std::set<Digest> left = payloads(in_force);
  for (const AcceptedArtifact &accepted : next.accepted)
    if (!accepted.artifact.blocked() || is_revoked(accepted.artifact))
      left.erase(accepted.artifact.sha256());
  return !left.empty();
}

bool revokes(const Collection &collection) {
  return std::any_of(
      collection.accepted.begin(), collection.accepted.end(),
      [](const AcceptedArtifact &accepted) { return is_revoked(accepted.artifact); });
}

KernelPolicy kernel_policy(const Prepared &prepared, uint64_t enforcing_since) {
  const Policy &policy = prepared.trust.policy;
  KernelPolicy kernel;
  kernel.mode = policy.mode;
  kernel.audit = policy.audit;
  kernel.permits = policy.permits;
  kernel.open_until = prepared.open_until;
  kernel.state_serial = prepared.plan.after.serial;
  kernel.enforcing_since = enforcing_since;
  kernel.clock = prepared.clock;
  for (const Filesystem &filesystem : policy.filesystems) {
    // Several names may share one magic.
    if (std::find(kernel.filesystems.begin(), kernel.filesystems.end(), filesystem.magic) ==
        kernel.filesystems.end())
      kernel.filesystems.push_back(filesystem.magic);
  }
  return kernel;
}

ClockMap clock_map() {
  return ClockMap{boot_now() - wall_now()};
}

InForce describe(const Published &published, const TrustState &trust,
                 const Collection &collection) {
  InForce in_force;
  in_force.published = published;
  in_force.policy = trust.policy_sha256;
  in_force.mode = trust.policy.mode;
  for (const AcceptedArtifact &accepted : collection.accepted) {
    if (accepted.artifact.blocked())
      in_force.refused.emplace_back(accepted.source, *accepted.artifact.blocked());
    else
      in_force.accepted.push_back(
          {accepted.source, attribution_of(accepted.artifact), subject_count(accepted.artifact),
           accepted.artifact.authorization().kind, accepted.artifact.authorization().not_after});
  }
  for (const RefusedArtifact &refused : collection.refused)
    in_force.refused.emplace_back(refused.source, refused.rejection);
  return in_force;
}

Json InForce::to_json() const {
  Json artifacts = Json::array();
  for (const Artifact &artifact : accepted)
    artifacts.push_back({{"file", artifact.source},
                         {"id", to_hex(artifact.attribution.id)},
                         {"sha256", to_hex(artifact.attribution.sha256)},
                         {"issuers", artifact.attribution.issuers},
                         {"kind", kind_name(artifact.kind)},
                         {"notAfter", format_time(artifact.not_after)},
                         {"subjects", artifact.subjects}});
  Json rejections = Json::array();
  for (const auto &[source, rejection] : refused)
    rejections.push_back({{"file", source},
                          {"reason", reason_name(rejection.reason)},
                          {"field", rejection.field},
                          {"detail", rejection.detail},
                          {"fix", rejection.fix}});
  return Json{{"generation", published.generation},
              {"verdicts", published.verdicts},
              {"publishNanoseconds", published.nanoseconds},
              {"policy", to_hex(policy)},
              {"mode", mode == W_MODE_ENFORCE ? "enforce" : "observe"},
              {"accepted", std::move(artifacts)},
              {"rejected", std::move(rejections)}};
}

std::vector<std::string> broken_glass(const InForce &before, const InForce &after) {
  const std::set<Digest> known = payloads(before);
  std::vector<std::string> lines;
  for (const InForce::Artifact &artifact : after.accepted) {
    if (artifact.kind != ArtifactKind::kBreakglass || known.contains(artifact.attribution.sha256))
      continue;
    std::string line = "BREAK-GLASS is open until " + format_time(artifact.not_after) +
                       ": artifact " + to_hex(artifact.attribution.id);
    for (const auto &[name, value] : artifact.attribution.governance)
      line += ", " + name.escaped() + " " + value.escaped();
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::pair<std::string, Rejection>> new_refusals(const InForce &before,
                                                            const InForce &after) {
  std::vector<std::pair<std::string, Rejection>> news;
  for (const auto &[source, rejection] : after.refused) {
    if (!is_known(before, source, rejection))
      news.emplace_back(source, rejection);
  }
  return news;
}

void record_change(Recorder &recorder, const InForce &before, const InForce &after,
                   const Collection &collection) {
  std::set<Digest> old_payloads = payloads(before);
  std::set<Digest> new_payloads = payloads(after);
  for (const InForce::Artifact &artifact : after.accepted) {
    if (!old_payloads.contains(artifact.attribution.sha256))
      recorder.note(Accepted{artifact.attribution, artifact.source, artifact.subjects});
  }
  for (const InForce::Artifact &artifact : before.accepted) {
    if (!new_payloads.contains(artifact.attribution.sha256))
      recorder.note(Withdrawn{artifact.attribution, artifact.source, Text("no longer in force")});
  }
  for (const RefusedArtifact &refused : collection.refused) {
    if (!is_known(before, refused.source, refused.rejection))
      recorder.note(to_record(refused.source, refused.rejection, claimed(refused)));
  }
  for (const AcceptedArtifact &accepted : collection.accepted) {
    const std::optional<Rejection> &blocked = accepted.artifact.blocked();
    if (blocked && !is_known(before, accepted.source, *blocked))
      recorder.note(to_record(accepted.source, *blocked, accepted.artifact.authorization()));
  }
  Generation generation;
  generation.number = after.published.generation;
  generation.artifacts = after.published.artifacts;
  generation.verdicts = after.published.verdicts;
  generation.rejected = static_cast<uint32_t>(after.refused.size());
  generation.policy = after.policy;
  generation.mode = static_cast<uint8_t>(after.mode);
  recorder.note(generation);
}

std::vector<std::string> record_leases(Recorder &recorder,
                                       const std::vector<LeaseChange> &changes) {
  std::vector<std::string> lines;
  for (const LeaseChange &change : changes) {
    Lease lease;
    lease.name = Text(change.name);
    lease.is_open = change.is_open;
    lease.until = change.until;
    lease.reason = static_cast<uint8_t>(change.rejection.reason);
    lease.detail = Text(change.is_open ? "" : change.rejection.text());
    lines.push_back(lease.name.escaped() + (change.is_open ? " is proven" : " is not proven: ") +
                    lease.detail.escaped());
    recorder.note(std::move(lease));
  }
  return lines;
}

} // namespace warrant
