// SPDX-License-Identifier: Apache-2.0
// Any bytes are facts: the decision agrees with the naive one and keeps the laws of
// tests/property/decide_invariants.h.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "tests/property/decide_domain.h"
#include "tests/property/decide_invariants.h"
#include "tests/property/decide_subject.h"
#include "tests/property/naive_decide.h"

namespace {
using namespace warrant;

// Reads the input from the front; past its end there are only zeros, so that short inputs are facts
// too.
class Bytes {
 public:
  Bytes(const std::uint8_t *data, std::size_t size) : data_(data), size_(size) {}

  template <typename T>
  T take() {
    T value{};
    const auto length = std::min(sizeof value, size_);
    std::memcpy(&value, data_, length);
    data_ += length;
    size_ -= length;
    return value;
  }

 private:
  const std::uint8_t *data_;
  std::size_t size_;
};

// A time that is near `now` more often than not, because that is where windows begin and end.
std::uint64_t take_time(Bytes &bytes, std::uint64_t now) {
  const auto how = bytes.take<std::uint8_t>();
  switch (how % 8) {
    case 0:
      return bytes.take<std::uint64_t>();
    case 1:
      return W_NEVER;
    case 2:
      return W_FOREVER;
    default:
      return now + how % 8 - 5;
  }
}

w_candidate take_grant(Bytes &bytes, std::uint64_t now) {
  w_candidate grant{};
  const auto flags = bytes.take<std::uint8_t>();
  const auto actions = bytes.take<std::uint8_t>();
  grant.not_before = take_time(bytes, now);
  grant.not_after = take_time(bytes, now);
  grant.lease_until = take_time(bytes, now);
  grant.flags = flags & 0x80 ? std::uint32_t{1} << (flags & 31) : flags & W_CANDIDATE_ALL;
  grant.actions = actions & 0x7f;
  grant.artifact = actions >> 7;
  grant.scope = W_SCOPE_HOST;
  return grant;
}

// Facts of the shape that the hooks give them, with every departure from it within reach of one
// byte.
w_facts take_facts(Bytes &bytes) {
  w_facts facts{};
  facts.request = bytes.take<std::uint8_t>();
  facts.mode = bytes.take<std::uint8_t>();
  facts.audit = bytes.take<std::uint8_t>();
  facts.measure = bytes.take<std::uint8_t>();
  const auto flags = bytes.take<std::uint16_t>();
  facts.flags = flags & 0x8000 ? std::uint32_t{1} << (flags & 31) : flags & W_FACT_ALL;
  facts.candidate_count = bytes.take<std::uint8_t>();
  facts.chain = bytes.take<std::uint8_t>() & 1;
  facts.object = bytes.take<std::uint8_t>() & 0x1f;
  facts.now = bytes.take<std::uint64_t>();
  for (auto &grant : facts.candidates)
    grant = take_grant(bytes, facts.now);
  return facts;
}

void check(const w_facts &facts) {
  const auto decision = subject_decide(facts);
  const auto expected = naive::decide(facts);
  const auto broken = broken_invariant(facts);
  if (std::memcmp(&decision, &expected, sizeof decision) == 0 && broken.empty())
    return;
  std::cerr << domain::describe(facts) << "\ndecide.h: " << domain::describe(decision)
            << "\nnaive:    " << domain::describe(expected) << "\nbroken:   " << broken << '\n';
  std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  // The first byte says whether the rest are fields to choose from or the struct itself.
  Bytes bytes(data, size);
  const bool is_raw = bytes.take<std::uint8_t>() & 1;
  check(is_raw ? bytes.take<w_facts>() : take_facts(bytes));
  return 0;
}
