// SPDX-License-Identifier: Apache-2.0
// Records and events that the tests of lineage/ share. Fixed, or random from a fixed seed, so that
// a failure repeats.
#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/bytes.h"
#include "lineage/event.h"
#include "lineage/record.h"

namespace warrant::lineage_test {

inline constexpr std::string_view kBoot = "3f2a9c1d-0b1c-4d2e-8f30-a1b2c3d4e5f6";
/// 2026-11-21T10:00:00.000000005Z, 100 s after boot.
inline constexpr Moment kNow = {1795255200'000000005, 100'000000000};

Origin origin();
Attribution attribution();

/// An allowed exec of /usr/bin/true by uid 1000, its facts such that decide() says so.
w_facts allowing_facts();
/// The event of a decision on these facts, decided by decide().
w_event decision_event(uint64_t sequence, const w_facts &facts, std::string_view path);
/// An exec that went through: lineage `lineage` begotten by `parent`.
w_event commit_event(uint64_t sequence, uint64_t lineage, uint64_t parent);
/// As the ring buffer hands it out: only the candidates that count.
Bytes raw_bytes(w_event event);

/// The record of an event, through Event::parse() and enrich().
Record record_of(const w_event &event);
Record gap(uint64_t lost);
/// One record of each type.
std::vector<Record> one_of_each();

using Random = std::mt19937_64;
/// Every bit random, or, one time in two, every byte small enough to be likely to mean something.
template <class T>
T random_bits(Random &random);
std::string random_text(Random &random, size_t max);

/// A directory of its own, removed at the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;
  const std::string &path() const { return path_; }
  /// Writes a file in it and returns its path.
  std::string file(std::string_view name, std::string_view content) const;

 private:
  std::string path_;
};

std::string content_of(const std::string &path);

template <class T>
T random_bits(Random &random) {
  T value;
  const bool small = random() % 2 == 0;
  auto *bytes = reinterpret_cast<unsigned char *>(&value);
  for (size_t i = 0; i < sizeof value; ++i)
    bytes[i] = static_cast<unsigned char>(small ? random() % 5 * (random() % 2) : random());
  return value;
}

} // namespace warrant::lineage_test
