// SPDX-License-Identifier: Apache-2.0
// States that the tests of the daemon's memory share.
#pragma once

#include <random>
#include <string>

#include "daemon/state.h"

namespace warrant::state_test {

using Random = std::mt19937_64;

ArtifactId id_of(uint8_t number);
Digest payload_of(uint8_t number);

/// A bit of everything: counted, break-glass, bonds, documents, a root.
State full_state();
/// A valid state that differs with `number`, of some kilobytes.
State numbered_state(uint64_t number);

/// A directory of its own, removed at the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;
  const std::string &path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

std::string read(const std::string &path);
void write(const std::string &path, std::string_view text);

} // namespace warrant::state_test
