// SPDX-License-Identifier: Apache-2.0
// What a set of authorizations grants, read naively: no scopes, no keys, every artifact asked for
// every process and every code.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "artifacts/verify.h"
#include "bpf/abi.h"

namespace warrant::naive {

struct Process {
  uint32_t uid;
  uint32_t gid;
  std::string cgroup;
  uint32_t session;
  Digest caller;
};

struct Code {
  w_digest_kind kind;
  Digest digest;

  bool operator==(const Code &) const = default;
};

/// payload sha256, W_CANDIDATE_* bits -> actions
using Grants = std::map<std::pair<Digest, uint32_t>, uint32_t>;

/// The stupid reading: does everything that is given hold?
inline bool holds(const Initiator &initiator, const Process &process) {
  const auto path = initiator.cgroup_path();
  return (!initiator.uid || *initiator.uid == process.uid) &&
         (!initiator.gid || *initiator.gid == process.gid) &&
         (!initiator.session || *initiator.session == process.session) &&
         (!initiator.parent_sha256 || *initiator.parent_sha256 == process.caller) &&
         (!path || process.cgroup == *path || process.cgroup.starts_with(*path + "/"));
}

/// What one artifact says of one code.
struct Naming {
  const VerifiedAuthorization *artifact;
  Code code;
  uint32_t actions;
  uint32_t flags;
};

inline uint32_t naive_flags(const VerifiedAuthorization &verified) {
  if (!verified.blocked())
    return 0;
  return verified.blocked()->reason == W_REASON_IDENTITY_MISMATCH ? W_CANDIDATE_IDENTITY_MISMATCH
                                                                  : W_CANDIDATE_POLICY_MISMATCH;
}

/// As the document says it: nobody executes or maps it by name, but a script's kernel may.
inline uint32_t naive_actions(const VerifiedAuthorization &verified, uint32_t named) {
  if (verified.authorization().interpreter.entry == Entry::kAny)
    return named;
  uint32_t left = 0;
  for (const uint32_t action :
       {W_ACTION_INTERPRET, W_ACTION_UPDATE, W_ACTION_LOAD, W_ACTION_ADMINISTER})
    left += named & action;
  return named % 2 == 1 ? left + W_ACTION_SCRIPT : left;
}

inline std::vector<Naming> all_namings(const std::vector<VerifiedAuthorization> &set,
                                       const Digest &revoked) {
  std::vector<Naming> all;
  for (const VerifiedAuthorization &verified : set) {
    const uint32_t blocked = naive_flags(verified);
    if (verified.authorization().covers == Covers::kAll && blocked == 0)
      all.push_back({&verified,
                     {W_DIGEST_ANY, {}},
                     naive_actions(verified, verified.authorization().actions),
                     0});
    const auto add = [&](const Digest &sha256, const std::optional<Digest> &verity,
                         uint32_t named) {
      const uint32_t actions = naive_actions(verified, named);
      const bool is_revoked = sha256 == revoked || verity == revoked;
      const uint32_t flags = blocked != 0 ? blocked : is_revoked ? W_CANDIDATE_REVOKED : 0;
      all.push_back({&verified, {W_DIGEST_SHA256, sha256}, actions, flags});
      if (verity)
        all.push_back({&verified, {W_DIGEST_VERITY, *verity}, actions, flags});
    };
    for (const Subject &subject : verified.authorization().subjects)
      add(subject.sha256, subject.verity, verified.authorization().actions);
    for (const ManifestRecord &record : verified.records())
      add(record.sha256, record.verity, record.actions);
  }
  return all;
}

inline Grants naive_grants(const std::vector<Naming> &namings, const Process &process,
                           const Code &code) {
  Grants grants;
  for (const Naming &naming : namings)
    if (naming.code == code && holds(naming.artifact->authorization().initiator, process))
      grants[{naming.artifact->sha256(), naming.flags}] |= naming.actions;
  return grants;
}

inline bool naive_named(const std::vector<Naming> &namings, const Code &code) {
  return std::any_of(namings.begin(), namings.end(),
                     [&](const Naming &naming) { return naming.code == code; });
}

/// Where the grants of an initiator stand.
inline std::string place_of(const Initiator &initiator) {
  const auto path = initiator.cgroup_path();
  return path ? *path : initiator.uid ? std::to_string(*initiator.uid) : std::string("host");
}

/// Whether no key would have to hold too many that count: each code, in each place that is named.
inline bool naive_fits(const std::vector<Naming> &namings) {
  std::map<std::tuple<std::string, int, Digest>, std::set<Digest>> holders;
  for (const Naming &somebody : namings)
    for (const Naming &holder : namings) {
      const std::string place = place_of(somebody.artifact->authorization().initiator);
      const std::string bound = place_of(holder.artifact->authorization().initiator);
      // Grants of a bound cgroup stand in the places of the bound cgroups below it, too.
      if (holder.flags == 0 &&
          (bound == place || (bound[0] == '/' && place.starts_with(bound + "/"))))
        holders[{place, holder.code.kind, holder.code.digest}].insert(holder.artifact->sha256());
    }
  return std::all_of(holders.begin(), holders.end(),
                     [](const auto &entry) { return entry.second.size() <= W_GRANTS_PER_VERDICT; });
}

} // namespace warrant::naive
