// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/metrics_server.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>
#include <utility>

#include "daemon/unique_fd.h"
#include "tools/cli/unix_address.h"

namespace warrant::cli {
namespace {

constexpr time_t kPatienceSeconds = 2;
constexpr int kWaiting = 8;

Failure trouble_at(const std::string &path, const char *what) {
  return trouble(path + ": " + what + ": " + std::strerror(errno));
}

Try<UniqueFd> make_socket() {
  const int made = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0)
    return trouble(std::string("cannot make a socket: ") + std::strerror(errno));
  return UniqueFd(made);
}

/// The listening socket; its name goes with it.
class Listener {
 public:
  static Try<Listener> open(const std::string &path) {
    const sockaddr_un address = CLI_TRY(unix_address(path));
    const auto *const where = reinterpret_cast<const sockaddr *>(&address);
    CLI_TRY(make_room(path, where, sizeof address));
    UniqueFd fd = CLI_TRY(make_socket());
    const mode_t mask = ::umask(0117);
    const bool is_bound = ::bind(fd.get(), where, sizeof address) == 0;
    ::umask(mask);
    if (!is_bound || ::listen(fd.get(), kWaiting) != 0)
      return trouble_at(path, "cannot listen");
    return Listener(std::move(fd), path);
  }
  ~Listener() {
    struct stat info {};
    if (!path_.empty() && ::lstat(path_.c_str(), &info) == 0 && S_ISSOCK(info.st_mode))
      ::unlink(path_.c_str());
  }
  Listener(Listener &&other) noexcept
      : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, {})) {}
  Listener &operator=(Listener &&) = delete;
  int fd() const { return fd_.get(); }

 private:
  Listener(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  /// Removes a socket that nobody listens at any more, and nothing else.
  static Try<void> make_room(const std::string &path, const sockaddr *where, socklen_t size) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0)
      return {};
    if (!S_ISSOCK(status.st_mode))
      return trouble(path + ": exists and is no socket");
    const UniqueFd probe = CLI_TRY(make_socket());
    if (::connect(probe.get(), where, size) == 0)
      return trouble(path + ": another process listens there");
    if (errno != ECONNREFUSED || ::unlink(path.c_str()) != 0)
      return trouble_at(path, "cannot take its place");
    return {};
  }

  UniqueFd fd_;
  std::string path_;
};

void answer(const UniqueFd &client, const std::string &text) {
  const timeval patience{kPatienceSeconds, 0};
  ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  char request[4096];
  (void)::recv(client.get(), request, sizeof request, 0);
  const std::string reply =
      "HTTP/1.1 200 OK\r\n"
      "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"
      "Content-Length: " +
      std::to_string(text.size()) + "\r\nConnection: close\r\n\r\n" + text;
  for (size_t at = 0; at < reply.size();) {
    const ssize_t sent = ::send(client.get(), reply.data() + at, reply.size() - at, MSG_NOSIGNAL);
    if (sent <= 0)
      return; // it went away, or does not take it: its loss
    at += static_cast<size_t>(sent);
  }
  ::shutdown(client.get(), SHUT_WR);
}

} // namespace

Try<void> serve_metrics(const std::string &path, const std::function<Try<std::string>()> &text) {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  const int signal_fd = ::signalfd(-1, &signals, SFD_CLOEXEC);
  if (signal_fd < 0)
    return trouble_at(path, "cannot wait for signals");
  const UniqueFd ended(signal_fd);
  const Listener listener = CLI_TRY(Listener::open(path));
  pollfd waiting[] = {{listener.fd(), POLLIN, 0}, {ended.get(), POLLIN, 0}};
  for (;;) {
    if (::poll(waiting, std::size(waiting), -1) < 0 && errno != EINTR)
      return trouble_at(path, "cannot wait");
    if (waiting[1].revents != 0)
      return {};
    if ((waiting[0].revents & POLLIN) == 0)
      continue;
    const int client = ::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0)
      answer(UniqueFd(client), CLI_TRY(text()));
  }
}

} // namespace warrant::cli
