// SPDX-License-Identifier: Apache-2.0
#include "daemon/control_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "daemon/unique_fd.h"

namespace warrant {
namespace {

using Clock = std::chrono::steady_clock;

Error cannot(const std::string &socket, const std::string &what) {
  return Error{socket + ": " + what};
}

Error cannot_now(const std::string &socket, const char *what) {
  std::string text = std::string(what) + ": " + std::strerror(errno);
  if (errno == ENOENT || errno == ECONNREFUSED)
    text += " (is warrantd running?)";
  return cannot(socket, text);
}

/// Until the descriptor is ready for `events`, or the time is over.
Status await(int fd, short events, Clock::time_point end, const std::string &socket) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    pollfd waiting{fd, events, 0};
    const int ready = left.count() <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready > 0)
      return {};
    if (ready == 0)
      return cannot(socket, "no answer in time");
    if (errno != EINTR)
      return cannot_now(socket, "cannot wait for an answer");
  }
}

Result<UniqueFd> connect_to(const std::string &socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.empty() || socket.size() >= sizeof(address.sun_path))
    return cannot(socket, "not a possible path of a socket");
  std::memcpy(address.sun_path, socket.data(), socket.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return cannot_now(socket, "cannot make a socket");
  UniqueFd connection(fd);
  if (::connect(fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0)
    return cannot_now(socket, "cannot connect");
  return connection;
}

Status send_all(int fd, std::string_view text, Clock::time_point end, const std::string &socket) {
  while (!text.empty()) {
    WARRANT_TRY(await(fd, POLLOUT, end, socket));
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent > 0)
      text.remove_prefix(static_cast<size_t>(sent));
    else if (errno != EINTR && errno != EAGAIN)
      return cannot_now(socket, "cannot send");
  }
  return {};
}

/// One line, without its newline.
Result<std::string> receive_line(int fd, Clock::time_point end, const std::string &socket) {
  std::string line;
  std::array<char, 16384> piece{};
  while (line.find('\n') == std::string::npos) {
    WARRANT_TRY(await(fd, POLLIN, end, socket));
    const ssize_t got = ::recv(fd, piece.data(), piece.size(), 0);
    if (got == 0)
      return cannot(socket, "closed without a whole answer (only root is answered)");
    if (got > 0)
      line.append(piece.data(), static_cast<size_t>(got));
    else if (errno != EINTR && errno != EAGAIN)
      return cannot_now(socket, "cannot receive");
    if (line.size() > kMaxControlMessage)
      return cannot(socket, "answer of more than " + std::to_string(kMaxControlMessage) + " bytes");
  }
  if (line.find('\n') != line.size() - 1)
    return cannot(socket, "more than one line was answered");
  line.pop_back();
  return line;
}

} // namespace

Result<Json> ask_daemon(const Json &request, const std::string &socket,
                        std::chrono::milliseconds limit) {
  const Clock::time_point end = Clock::now() + limit;
  const std::string line = request.dump() + "\n";
  if (line.size() > kMaxControlMessage)
    return cannot(socket, "request of more than " + std::to_string(kMaxControlMessage) + " bytes");
  const UniqueFd connection = WARRANT_TRY(connect_to(socket));
  WARRANT_TRY(send_all(connection.get(), line, end, socket));
  const std::string answer = WARRANT_TRY(receive_line(connection.get(), end, socket));
  Checked<Json> reply = parse_json(view(answer));
  if (!reply.ok())
    return cannot(socket, "answer: " + reply.error().text());
  if (!reply.value().is_object())
    return cannot(socket, "answer: object expected");
  return std::move(reply).value();
}

} // namespace warrant
