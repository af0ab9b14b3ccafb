// SPDX-License-Identifier: Apache-2.0
// Asks the running daemon: one JSON line to its control socket, one JSON line back.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "artifacts/json.h"
#include "artifacts/result.h"

namespace warrant {

inline constexpr std::string_view kDefaultControlSocket = "/run/warrant/control.sock";
/// Of a request or a reply, with its newline.
inline constexpr size_t kMaxControlMessage = 1u << 20;

/// The daemon's answer to one request (`{"verb": "...", ...}`), an object. The time limit is for
/// everything together. Errors name the socket: nobody listens, no permission, no answer in time,
/// an answer that is too long or not one line of strict JSON.
Result<Json> ask_daemon(const Json &request,
                        const std::string &socket = std::string(kDefaultControlSocket),
                        std::chrono::milliseconds limit = std::chrono::seconds(5));

} // namespace warrant
