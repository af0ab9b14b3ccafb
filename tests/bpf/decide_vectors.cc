// SPDX-License-Identifier: Apache-2.0
// Writes the file of vectors that decide_probe runs as bytecode: facts, and what decide() compiled
// for the host says of them. The same bytes on every run.
//   decide_vectors FILE
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <random>
#include <vector>

#include "bpf/decide.h"
#include "tests/bpf/decide_probe.h"
#include "tests/property/decide_domain.h"

namespace {
using namespace warrant::domain;

std::vector<w_facts> vectors;

void add(const w_facts &facts) {
  vectors.push_back(facts);
}

// Every way that the enums combine, with a grant that authorizes.
void add_enums() {
  for (const auto request : kRequests)
    for (const auto mode : kModes)
      for (const auto audit : kAudits)
        for (const auto measure : kMeasures) {
          auto facts = plain_facts(request, kNows[0]);
          facts.mode = mode;
          facts.audit = audit;
          facts.measure = measure;
          set_grants(facts, {good_grant(kNows[0])});
          add(facts);
        }
}

// Every combination of the facts that are a bit each, and unknown bits alone.
void add_flags() {
  for (const auto request : kRequests) {
    auto facts = plain_facts(request, kNows[0]);
    set_grants(facts, {good_grant(kNows[0])});
    for (facts.flags = 0; facts.flags <= W_FACT_ALL; facts.flags++)
      add(facts);
    for (std::uint32_t bit = W_FACT_ALL + 1; bit != 0; bit <<= 1) {
      facts.flags = bit;
      add(facts);
    }
  }
}

// Every object with every request, by who touches it.
void add_objects() {
  for (const auto request : kRequests)
    for (unsigned object = 0; object <= W_OBJECT_COUNT; object++)
      for (const std::uint32_t flags :
           {0u, W_FACT_JIT + 0u, W_FACT_ADMINISTER + 0u, W_FACT_PERMITTED + 0u,
            (W_FACT_ADMINISTER | W_FACT_UPDATE) + 0u, (W_FACT_ADMINISTER | W_FACT_ENDING) + 0u}) {
        auto facts = plain_facts(request, kNows[0]);
        facts.object = static_cast<std::uint8_t>(object);
        facts.flags = flags;
        set_grants(facts, {good_grant(kNows[0])});
        add(facts);
      }
}

// Every kind of grant that the pairs are made of, then windows and leases at each boot time.
void add_single_grants() {
  for (const auto request : kGrantRequests)
    for (const auto now : kNows) {
      auto facts = plain_facts(static_cast<std::uint8_t>(request), now);
      const std::vector<std::uint32_t> flags = {0, W_CANDIDATE_RECOVERY};
      auto grants = grants_of(now, {W_ACTION_ALL}, flags, windows(now), leases(now));
      if (now == kNows[0]) {
        const auto more = paired_grants(now);
        grants.insert(grants.end(), more.begin(), more.end());
      }
      for (const auto &grant : grants) {
        set_grants(facts, {grant});
        add(facts);
      }
    }
}

// Every pair and every three of the reasons why grants fail.
void add_lists() {
  const auto grants = grant_per_reason(kNows[0]);
  for (const auto request : kGrantRequests) {
    auto facts = plain_facts(static_cast<std::uint8_t>(request), kNows[0]);
    for (const std::uint32_t name : {0u, W_FACT_NAMED + 0u, W_FACT_WAS_NAMED + 0u})
      for (const auto &a : grants)
        for (const auto &b : grants) {
          facts.flags = name;
          set_grants(facts, {a, b});
          add(facts);
        }
    facts.flags = 0;
    for (const auto &a : grants)
      for (const auto &b : grants)
        for (const auto &c : grants) {
          set_grants(facts, {a, b, c});
          add(facts);
        }
  }
}

// One grant of each kind in each place of a full list, counted to just before it, to it and beyond
// all.
void add_places() {
  const auto grants = grant_per_reason(kNows[0]);
  for (const auto &grant : grants)
    for (std::uint32_t place = 0; place < W_MAX_CANDIDATES; place++)
      for (const std::uint32_t count :
           {place, place + 1, W_MAX_CANDIDATES + 0u, W_MAX_CANDIDATES + 1u, ~0u}) {
        auto facts = plain_facts(W_REQUEST_EXEC, kNows[0]);
        std::fill(std::begin(facts.candidates), std::end(facts.candidates), grants[place % 4]);
        facts.candidates[place] = grant;
        facts.candidate_count = count;
        add(facts);
      }
}

// Chosen at random from the classes: all fields at once, lists of any length.
void add_random(std::size_t count) {
  std::mt19937_64 random(20230601);
  const auto pick = [&](const auto &from) { return from[random() % std::size(from)]; };
  std::vector<std::vector<w_candidate>> kinds;
  for (const auto now : kNows) {
    kinds.push_back(single_grants(now));
    // Most kinds fail early; the others must be met as often.
    for (int i = 0; i < 2000; i++)
      for (const auto &grant : grant_per_reason(now))
        kinds.back().push_back(grant);
  }
  for (std::size_t i = 0; i < count; i++) {
    const auto now = random() % std::size(kNows);
    const auto known = [&] { return random() % 4 != 0; };
    auto facts = plain_facts(pick(kRequests), kNows[now]);
    facts.mode = known() ? kModes[0] : pick(kModes);
    facts.audit = known() ? kAudits[0] : pick(kAudits);
    facts.measure = known() ? kMeasures[0] : pick(kMeasures);
    facts.flags = W_FACT_ALL;
    for (int halvings = 0; halvings < 3; halvings++)
      facts.flags &= static_cast<std::uint32_t>(random());
    if (known())
      facts.flags &= ~(W_FACT_NO_CONTEXT | W_FACT_RACED);
    facts.candidate_count = static_cast<std::uint32_t>(random() % (W_MAX_CANDIDATES + 2));
    facts.chain = static_cast<std::uint8_t>(random() % 3);
    if (!known())
      facts.object = static_cast<std::uint8_t>(random() % (W_OBJECT_COUNT + 1));
    for (auto &grant : facts.candidates)
      grant = pick(kinds[now]);
    add(facts);
  }
}

// Bytes without sense: the decision is total.
void add_noise(std::size_t count) {
  std::mt19937_64 random(19730101);
  for (std::size_t i = 0; i < count; i++) {
    std::uint64_t words[sizeof(w_facts) / 8];
    std::generate(std::begin(words), std::end(words), std::ref(random));
    w_facts facts;
    std::memcpy(&facts, words, sizeof facts);
    add(facts);
  }
}

} // namespace

int main(int argc, char *argv[]) {
  if (argc != 2) {
    std::cerr << "usage: decide_vectors FILE\n";
    return 2;
  }
  add(w_facts{});
  add_enums();
  add_flags();
  add_objects();
  add_single_grants();
  add_lists();
  add_places();
  add_random(10'000);
  add_noise(1'000);

  std::ofstream out(argv[1], std::ios::binary);
  const w_probe_header header = {W_PROBE_MAGIC, W_ABI_VERSION,
                                 static_cast<std::uint32_t>(vectors.size())};
  out.write(reinterpret_cast<const char *>(&header), sizeof header);
  std::uint64_t by_reason[W_REASON_COUNT] = {};
  for (const auto &facts : vectors) {
    const auto decision = w_decide(&facts);
    const w_probe_vector vector = {facts, {decision, w_errno(decision)}};
    out.write(reinterpret_cast<const char *>(&vector), sizeof vector);
    by_reason[decision.reason]++;
  }
  out.close();
  if (!out) {
    std::cerr << "decide_vectors: cannot write " << argv[1] << ": " << std::strerror(errno) << '\n';
    return 1;
  }
  std::cout << vectors.size() << " vectors\n";
  for (unsigned reason = 0; reason < W_REASON_COUNT; reason++)
    std::cout << "  " << by_reason[reason] << ' ' << reason_text(reason) << '\n';
  return 0;
}
