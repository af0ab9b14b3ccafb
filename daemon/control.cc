// SPDX-License-Identifier: Apache-2.0
#include "daemon/control.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace warrant {
namespace {

Error socket_error(const std::string &what) {
  return Error{what + ": " + std::strerror(errno)};
}

Status watch(int poll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0)
    return socket_error("cannot watch the control socket");
  return {};
}

// Nothing: not root, or nobody knows who.
std::optional<ControlServer::Peer> root_at(int fd) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != 0)
    return std::nullopt;
  return ControlServer::Peer{static_cast<uint32_t>(peer.pid), peer.uid};
}

Status make_way(const std::string &path) {
  WARRANT_TRY(ControlServer::check(path));
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return socket_error("cannot remove the old " + path);
  return {};
}

Json failure(const std::string &message) {
  return Json{{"ok", false}, {"error", message}};
}

} // namespace

ControlServer::ControlServer(std::string path, UniqueFd listener, UniqueFd poll, Handler handler)
    : path_(std::move(path)),
      listener_(std::move(listener)),
      poll_(std::move(poll)),
      handler_(std::move(handler)) {}

Status ControlServer::check(const std::string &path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0)
    return errno == ENOENT ? Status() : Status(socket_error("cannot look at " + path));
  if (!S_ISSOCK(info.st_mode))
    return Error{path + " is no socket: the control socket cannot take its place"};
  return {};
}

ControlServer::~ControlServer() {
  if (!path_.empty())
    (void)make_way(path_).ok();
}

Result<ControlServer> ControlServer::listen(const std::string &path, Handler handler) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path))
    return Error{"the control socket's path is too long: " + path};
  std::memcpy(address.sun_path, path.data(), path.size());
  int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return socket_error("cannot make the control socket");
  UniqueFd listener(fd);
  // The lineage file's lock has already made sure that no other daemon is alive.
  WARRANT_TRY(make_way(path));
  mode_t before = ::umask(0177);
  int bound = ::bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address));
  ::umask(before);
  if (bound != 0 || ::listen(fd, kMaxClients) != 0)
    return socket_error("cannot listen on " + path);
  int poll = ::epoll_create1(EPOLL_CLOEXEC);
  if (poll < 0)
    return socket_error("cannot watch the control socket");
  UniqueFd poller(poll);
  WARRANT_TRY(watch(poll, fd));
  return ControlServer(path, std::move(listener), std::move(poller), std::move(handler));
}

void ControlServer::accept_one() {
  int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0)
    return;
  UniqueFd client(fd);
  const std::optional<Peer> peer = root_at(fd);
  if (!peer || clients_.size() >= kMaxClients || !watch(poll_.get(), fd).ok())
    return;
  clients_.emplace(fd, Client{std::move(client), *peer, {}});
}

std::string ControlServer::answer(const std::string &line, const Peer &peer) const {
  Json reply;
  auto request = parse_json(view(line));
  if (!request.ok() || !request.value().is_object() || !request.value().contains("verb") ||
      !request.value()["verb"].is_string())
    reply = failure("a request is one line of JSON with a member \"verb\"");
  else
    reply = handler_({request.value()["verb"].get<std::string>(), request.value(), peer});
  return reply.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// False when the client is done with.
bool ControlServer::read_some(Client &client) {
  std::array<char, 4096> buffer{};
  ssize_t count = ::recv(client.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0)
    return errno == EAGAIN || errno == EINTR;
  if (count == 0)
    return false;
  client.request.append(buffer.data(), static_cast<size_t>(count));
  size_t end = client.request.find('\n');
  if (end == std::string::npos)
    return client.request.size() <= kMaxRequest;
  std::string reply = answer(client.request.substr(0, end), client.peer);
  // A client that does not read its reply is given up.
  timeval patience{1, 0};
  ::setsockopt(client.fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  size_t sent = 0;
  while (sent < reply.size()) {
    ssize_t n = ::send(client.fd.get(), reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
    if (n <= 0)
      break;
    sent += static_cast<size_t>(n);
  }
  return false;
}

void ControlServer::serve() {
  std::array<epoll_event, kMaxClients + 1> ready{};
  int count = ::epoll_wait(poll_.get(), ready.data(), static_cast<int>(ready.size()), 0);
  for (int i = 0; i < count; i++) {
    int fd = ready[static_cast<size_t>(i)].data.fd;
    if (fd == listener_.get()) {
      accept_one();
      continue;
    }
    auto client = clients_.find(fd);
    if (client != clients_.end() && !read_some(client->second))
      clients_.erase(client);
  }
}

} // namespace warrant
