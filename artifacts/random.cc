// SPDX-License-Identifier: Apache-2.0
#include "artifacts/random.h"

#include <sys/random.h>

#include <cerrno>

namespace warrant {

void fill_random(std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      __builtin_trap(); // no source of randomness: there is nothing sensible to go on with
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
}

} // namespace warrant
