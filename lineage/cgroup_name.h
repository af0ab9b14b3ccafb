// SPDX-License-Identifier: Apache-2.0
// What the path of a control group says, where systemd or a container engine made it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace warrant {

/// Whether one of its names is this one: "/system.slice/nginx.service" is in "nginx.service".
bool is_in_unit(std::string_view cgroup, std::string_view unit);
/// The innermost name that is a unit other than a slice: "nginx.service", "session-3.scope"; empty:
/// none.
std::string unit_of(std::string_view cgroup);
/// Number of the login session, as logind calls it: it takes the audit session's where there is
/// one. Nothing: in none, or in one that logind named itself ("c1").
std::optional<uint64_t> session_of(std::string_view cgroup);
/// The user who logged in, whatever uid processes have taken since: of "user-1000.slice".
std::optional<uint32_t> login_of(std::string_view cgroup);
/// 64 hex characters that docker, podman, containerd or CRI-O put into a name; empty: none.
std::string container_of(std::string_view cgroup);

} // namespace warrant
