// SPDX-License-Identifier: Apache-2.0
// The daemon's control socket: one JSON line in, one JSON line out, root only.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "artifacts/json.h"
#include "artifacts/result.h"
#include "daemon/unique_fd.h"

namespace warrant {

class ControlServer {
 public:
  static constexpr size_t kMaxRequest = 64 * 1024;
  static constexpr size_t kMaxClients = 16;

  // Who asks: always root. The process is the one that connected.
  struct Peer {
    uint32_t pid = 0;
    uint32_t uid = 0;
  };
  struct Question {
    std::string verb;
    const Json &whole;
    Peer peer;
  };
  using Handler = std::function<Json(const Question &question)>;

  // Whether a socket may be made there: there is nothing, or an old one.
  static Status check(const std::string &path);

  // Listens on `path` (mode 0600). A socket that nobody listens on any more is replaced, and
  // nothing else: the path is whatever the daemon was started with.
  static Result<ControlServer> listen(const std::string &path, Handler handler);

  ControlServer(ControlServer &&) = default;
  ~ControlServer();

  // Readable when there is something to do.
  int poll_fd() const { return poll_.get(); }
  // Serves whoever is ready; never blocks. Clients that are slow, too loud, or not root are let go.
  void serve();

 private:
  struct Client {
    UniqueFd fd;
    Peer peer;
    std::string request;
  };
  ControlServer(std::string path, UniqueFd listener, UniqueFd poll, Handler handler);
  void accept_one();
  bool read_some(Client &client);
  std::string answer(const std::string &line, const Peer &peer) const;

  std::string path_;
  UniqueFd listener_;
  UniqueFd poll_;
  Handler handler_;
  std::map<int, Client> clients_;
};

} // namespace warrant
