// SPDX-License-Identifier: Apache-2.0
#include "daemon/publication.h"

#include <algorithm>
#include <optional>
#include <set>

#include "artifacts/envelope.h"
#include "artifacts/names.h"
#include "daemon/clock.h"

namespace warrant {
namespace {

uint64_t subject_count(const VerifiedAuthorization &artifact) {
  return artifact.records().empty() ? artifact.authorization().subjects.size()
                                    : artifact.records().size();
}

// What a refused envelope claims, for people who look for it; nobody vouches for any of it.
std::optional<Authorization> claimed(const RefusedArtifact &refused) {
  auto envelope = peek_envelope(refused.envelope);
  if (!envelope.ok())
    return std::nullopt;
  auto parsed = parse_authorization(envelope.value().payload);
  if (!parsed.ok())
    return std::nullopt;
  return std::move(parsed).value();
}

Rejected to_record(const RefusedArtifact &refused) {
  Rejected record;
  record.source = refused.source;
  record.reason = static_cast<uint8_t>(refused.rejection.reason);
  record.detail = refused.rejection.text();
  if (std::optional<Authorization> content = claimed(refused)) {
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

std::set<Digest> payloads(const InForce &generation) {
  std::set<Digest> all;
  for (const InForce::Artifact &artifact : generation.accepted)
    all.insert(artifact.attribution.sha256);
  return all;
}

} // namespace

KernelPolicy kernel_policy(const Policy &policy) {
  KernelPolicy kernel{policy.mode, policy.audit, {}};
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
  for (const AcceptedArtifact &accepted : collection.accepted)
    in_force.accepted.push_back(
        {accepted.source, attribution_of(accepted.artifact), subject_count(accepted.artifact)});
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
    bool known = std::any_of(before.refused.begin(), before.refused.end(), [&](const auto &old) {
      return old.first == refused.source && old.second.text() == refused.rejection.text();
    });
    if (!known)
      recorder.note(to_record(refused));
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

} // namespace warrant
