// SPDX-License-Identifier: Apache-2.0
// Who may use an authorization, and what kinds of authorizations there are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "artifacts/bytes.h"
#include "artifacts/json.h"
#include "artifacts/rejection.h"

namespace warrant {

enum class ArtifactKind { kTask, kBaseline, kBreakglass };

/// "task", "baseline", "breakglass".
std::string_view kind_name(ArtifactKind kind);
std::optional<ArtifactKind> kind_from_name(std::string_view name);

/// All that is given must hold; nothing given means nobody, which is refused; `any` stands alone
/// and means everybody.
struct Initiator {
  bool any = false;
  std::optional<uint32_t> uid; ///< initial user namespace
  std::optional<uint32_t> gid;
  std::optional<std::string> cgroup;   ///< "/agents.slice/agent-7.service": it and all below it
  std::optional<std::string> unit;     ///< "nginx.service" of the system manager; not with cgroup
  std::optional<Digest> parent_sha256; ///< content of the binary that the calling process runs
  std::optional<uint32_t> session;     ///< audit session id (/proc/self/sessionid)

  /// The cgroup that `cgroup` or `unit` names, or nothing. A unit is `/system.slice/<unit>`.
  std::optional<std::string> cgroup_path() const;

  bool operator==(const Initiator &) const = default;
};

Checked<Initiator> read_initiator(ObjectReader &&reader);
Json initiator_json(const Initiator &initiator);

/// Nothing when whoever satisfies `inner` satisfies `outer` too; else the member of `inner` that is
/// wider ("uid", "cgroup", ...).
std::optional<std::string> wider_member(const Initiator &inner, const Initiator &outer);

} // namespace warrant
