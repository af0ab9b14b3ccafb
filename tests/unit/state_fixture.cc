// SPDX-License-Identifier: Apache-2.0
#include "state_fixture.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace warrant::state_test {

ArtifactId id_of(uint8_t number) {
  ArtifactId id{};
  id.fill(number);
  return id;
}

Digest payload_of(uint8_t number) {
  Digest digest{};
  digest.fill(number);
  return digest;
}

State full_state() {
  State state;
  state.serial = 7;
  state.wall = 1795255200;
  state.documents = {3, payload_of(0xa0), 9, payload_of(0xa1), 4, payload_of(0xa2)};
  state.root = "e30=";
  state.era = "3f2a9c1d-0b1c-4d2e-8f30-a1b2c3d4e5f6:123";
  state.log.key.fill(0xc1);
  state.log.size = 12;
  state.log.root.fill(0xc2);
  state.bonds = {{id_of(2), 1}, {id_of(9), W_MAX_BONDS}};
  ArtifactRecord plain;
  plain.payload = payload_of(1);
  plain.not_after = 1795260000;
  ArtifactRecord counted = plain;
  counted.granted = 10;
  counted.spent = 3;
  counted.handed_out = 5;
  ArtifactRecord child = plain;
  child.granted = child.handed_out = 2;
  child.take_from = id_of(2);
  ArtifactRecord glass = plain;
  glass.kind = ArtifactKind::kBreakglass;
  glass.opened = 1795255000;
  glass.closed = 1795255100;
  state.artifacts = {{id_of(1), plain}, {id_of(2), counted}, {id_of(3), child}, {id_of(4), glass}};
  return state;
}

State numbered_state(uint64_t number) {
  State state = full_state();
  state.wall = 1000 + static_cast<int64_t>(number);
  state.serial = 0;
  for (uint8_t i = 10; i < 10 + 20 + number % 50; ++i)
    state.artifacts[id_of(i)] = state.artifacts[id_of(1)];
  return state;
}

Scratch::Scratch() {
  std::string path = (std::filesystem::temp_directory_path() / "warrant-state-XXXXXX").string();
  if (!::mkdtemp(path.data()))
    throw std::runtime_error("mkdtemp");
  path_ = path;
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write(const std::string &path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

} // namespace warrant::state_test
