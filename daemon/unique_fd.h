// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <cassert>
#include <utility>

namespace warrant {

// Owns one open file descriptor. Made only from a valid one; moved-from is the only empty state.
class UniqueFd {
 public:
  explicit UniqueFd(int fd) : fd_(fd) { assert(fd >= 0); }
  UniqueFd(UniqueFd &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd &operator=(UniqueFd &&other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  UniqueFd(const UniqueFd &) = delete;
  UniqueFd &operator=(const UniqueFd &) = delete;
  ~UniqueFd() { reset(); }

  int get() const {
    assert(fd_ >= 0);
    return fd_;
  }
  int release() { return std::exchange(fd_, -1); }

 private:
  void reset() {
    if (fd_ >= 0)
      ::close(fd_);
    fd_ = -1;
  }

  int fd_;
};

} // namespace warrant
