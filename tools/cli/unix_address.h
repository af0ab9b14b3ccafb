// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/un.h>

#include <cstring>
#include <string>

#include "tools/cli/failure.h"

namespace warrant::cli {

/// Usage error: longer than the kernel takes (107 bytes), or empty.
inline Try<sockaddr_un> unix_address(const std::string &path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return usage(path + ": a socket's path has 1 to " +
                 std::to_string(sizeof address.sun_path - 1) + " bytes");
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

} // namespace warrant::cli
