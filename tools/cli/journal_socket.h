// SPDX-License-Identifier: Apache-2.0
// Sends entries to the journal in its native protocol.
#pragma once

#include <string>
#include <string_view>

#include "daemon/unique_fd.h"
#include "tools/cli/failure.h"

namespace warrant::cli {

class JournalSocket {
 public:
  static Try<JournalSocket> open(const std::string &path);
  /// One entry. The protocol hands over what is too large for a datagram as a sealed memfd: no
  /// record makes an entry so large.
  Try<void> send(std::string_view datagram) const;

 private:
  JournalSocket(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  UniqueFd fd_;
  std::string path_;
};

} // namespace warrant::cli
