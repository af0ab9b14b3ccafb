// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "daemon/unique_fd.h"

namespace warrant {

void notify_manager(const std::string &state) {
  const char *path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (path == nullptr || (path[0] != '/' && path[0] != '@'))
    return;
  size_t length = std::strlen(path);
  if (length >= sizeof(address.sun_path))
    return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@')
    address.sun_path[0] = '\0';
  int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return;
  UniqueFd owner(fd);
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  // Nobody to tell when this fails, and nothing to do about it: the manager's own timeout decides.
  (void)::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr *>(&address), size);
}

uint64_t watchdog_interval() {
  const char *text = std::getenv("WATCHDOG_USEC");
  uint64_t value = 0;
  if (text == nullptr)
    return 0;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

} // namespace warrant
