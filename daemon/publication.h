// SPDX-License-Identifier: Apache-2.0
// From a source of envelopes to a generation in force, and what is said about it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "artifacts/json.h"
#include "artifacts/result.h"
#include "artifacts/trust.h"
#include "daemon/admission.h"
#include "daemon/publish.h"
#include "daemon/recorder.h"
#include "daemon/source.h"

namespace warrant {

KernelPolicy kernel_policy(const Prepared &prepared, uint64_t enforcing_since);

// Boot time at this moment for every wall-clock time.
ClockMap clock_map();

// What is in force, for status; the artifacts themselves are not kept.
struct InForce {
  Published published;
  Digest policy{};
  w_mode mode = W_MODE_INVALID;
  struct Artifact {
    std::string source;
    Attribution attribution;
    uint64_t subjects = 0;
    ArtifactKind kind = ArtifactKind::kTask;
    int64_t not_after = 0; // unix seconds, exclusive
  };
  std::vector<Artifact> accepted;
  std::vector<std::pair<std::string, Rejection>> refused;

  Json to_json() const;
};

// Of every artifact that is in force: the digest of what was signed.
std::set<Digest> payloads(const InForce &in_force);

// Break-glass that is open now and was not: a line for whoever is on call.
std::vector<std::string> broken_glass(const InForce &before, const InForce &after);

// What is refused now and was not, or for another reason.
std::vector<std::pair<std::string, Rejection>> new_refusals(const InForce &before,
                                                            const InForce &after);

// Writes down what differs between two generations: accepted, rejected, withdrawn, and the new one.
void record_change(Recorder &recorder, const InForce &before, const InForce &after,
                   const Collection &collection);

// Whether what the machine runs on might go by mistake: files that are gone, a policy that nothing
// was issued under. Who revokes means it.
bool withdraws(const InForce &in_force, const Collection &next);
bool revokes(const Collection &collection);

// Writes down leases that were gained and lost; a line each for whoever reads the journal.
std::vector<std::string> record_leases(Recorder &recorder, const std::vector<LeaseChange> &changes);

InForce describe(const Published &published, const TrustState &trust, const Collection &collection);

} // namespace warrant
