// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/journal_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "tools/cli/unix_address.h"

namespace warrant::cli {

Try<JournalSocket> JournalSocket::open(const std::string &path) {
  const sockaddr_un address = CLI_TRY(unix_address(path));
  const int made = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (made < 0)
    return trouble(std::string("cannot make a socket: ") + std::strerror(errno));
  UniqueFd fd(made);
  // A record of kMaxRecordSize makes an entry of less than three times as much.
  const int room = 1 << 20;
  (void)::setsockopt(made, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0)
    return trouble(path + ": cannot reach the journal: " + std::strerror(errno));
  return JournalSocket(std::move(fd), path);
}

Try<void> JournalSocket::send(std::string_view datagram) const {
  for (;;) {
    const ssize_t sent = ::send(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(datagram.size()))
      return {};
    if (errno == EINTR)
      continue;
    return trouble(path_ + ": cannot send to the journal: " + std::strerror(errno));
  }
}

} // namespace warrant::cli
