// SPDX-License-Identifier: Apache-2.0
// The decision over the whole product of the finite fields of its facts, against the naive one. The
// product is taken in parts that meet: every frame (request, mode, audit, measure, flags) with one
// list of grants for each way that grants can go; every single grant and every pair of grants in
// the frames that look at grants. Each case prints how many vectors it compared.
//
// A sanitized build takes every WARRANT_STRIDE-th vector: what it looks for, memory and arithmetic,
// shows in few of them; that all vectors are equal the other builds show. WARRANT_STRIDE in the
// environment takes as few for those who look for one difference, not for none: mutate.sh.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "tests/catch.h"
#include "tests/property/decide_domain.h"
#include "tests/property/decide_invariants.h"
#include "tests/property/decide_subject.h"
#include "tests/property/naive_decide.h"

namespace {
using namespace warrant;
using namespace warrant::domain;

#ifndef WARRANT_STRIDE
#define WARRANT_STRIDE 1
#endif

// At least 1.
std::uint64_t stride_wanted() {
  const char *asked = std::getenv("WARRANT_STRIDE");
  return std::max<std::uint64_t>(asked ? std::strtoull(asked, nullptr, 10) : WARRANT_STRIDE, 1);
}

class Tally {
 public:
  explicit Tally(const char *what) : what_(what) {}

  // Catch's own assertions are too slow for 10^8 vectors, so only a difference reaches it.
  void compare(const w_facts &facts) {
    if (is_left_out())
      return;
    const auto decision = subject_decide(facts);
    const auto expected = naive::decide(facts);
    compared_++;
    if (std::memcmp(&decision, &expected, sizeof decision) != 0)
      FAIL(describe(facts) << "\ndecide.h: " << describe(decision)
                           << "\nnaive:    " << describe(expected));
  }

  void check_invariants(const w_facts &facts) {
    if (is_left_out())
      return;
    checked_++;
    if (const auto broken = broken_invariant(facts); !broken.empty())
      FAIL("broken: " << broken << "\n" << describe(facts));
  }

  // Only reached when nothing failed.
  void report() {
    std::cout << what_ << ": " << compared_ << " vectors equal, invariants held for " << checked_
              << '\n';
    REQUIRE(compared_ + checked_ > 0);
  }

 private:
  // The first vector is always taken.
  bool is_left_out() {
    if (--until_next_ != 0)
      return true;
    until_next_ = stride_;
    return false;
  }

  const char *what_;
  const std::uint64_t stride_ = stride_wanted();
  std::uint64_t until_next_ = 1;
  std::uint64_t compared_ = 0;
  std::uint64_t checked_ = 0;
};

constexpr std::uint32_t kNameFacts[] = {
    0,
    W_FACT_NAMED,
    W_FACT_WAS_NAMED,
    W_FACT_NAMED | W_FACT_WAS_NAMED,
    W_FACT_STEERED,
    W_FACT_STEERED | W_FACT_NAMED,
};

// Each way that a list of grants can go: empty, each reason alone, two in both orders, full, too
// many.
std::vector<std::vector<w_candidate>> grant_lists(std::uint64_t now) {
  std::vector<std::vector<w_candidate>> lists = {{}};
  const auto reasons = grant_per_reason(now);
  for (const auto &grant : reasons)
    lists.push_back({grant});
  lists.push_back({reasons.front(), reasons.back()});
  lists.push_back({reasons.back(), reasons.front()});
  lists.emplace_back(W_MAX_CANDIDATES, reasons[1]);
  lists.back().back() = reasons.back();
  return lists;
}

void put(w_facts &facts, const std::vector<w_candidate> &grants) {
  std::copy(grants.begin(), grants.end(), facts.candidates);
  facts.candidate_count = static_cast<std::uint32_t>(grants.size());
}

// The facts that are about objects and about the way in, and those that are about content.
constexpr std::uint32_t kObjectFacts =
    W_FACT_ADMINISTER | W_FACT_PERMITTED | W_FACT_STEERED | W_FACT_ENDING;
constexpr std::uint32_t kContentFacts = W_FACT_ALL & ~kObjectFacts;

// All facts about content, with these of the others.
template <typename Visit>
void for_each_flags_with(std::initializer_list<std::uint32_t> about_objects, Visit visit) {
  for (const auto about_object : about_objects)
    for (std::uint32_t flags = 0; flags <= kContentFacts; flags++)
      visit(flags | about_object);
}

// With all and with none of the others: what looks at neither must not care.
template <typename Visit>
void for_each_flags(Visit visit) {
  for_each_flags_with({0u, kObjectFacts}, visit);
}

// The same with a bit that nobody knows.
template <typename Visit>
void for_each_unknown_flags(Visit visit) {
  for (const auto unknown : kUnknownFacts)
    if (unknown != 0)
      for_each_flags([&](std::uint32_t flags) { visit(flags | unknown); });
}

TEST_CASE("zeroed facts deny, and are refused") {
  const auto decision = subject_decide(w_facts{});
  CHECK(decision.verdict == W_DENY);
  CHECK(decision.reason == W_REASON_NOT_READY);
  CHECK(decision.enforced == 1);
  CHECK(subject_errno(decision) == -1);
  CHECK(subject_errno(w_decision{}) == -1);
  CHECK(broken_invariant(w_facts{}) == "");
}

TEST_CASE("w_errno lets go only an allow or an observed denial") {
  std::uint64_t compared = 0;
  for (unsigned verdict = 0; verdict < 256; verdict++)
    for (unsigned enforced = 0; enforced < 256; enforced++)
      for (unsigned reason = 0; reason < 256; reason++) {
        const auto byte = [](unsigned value) { return static_cast<std::uint8_t>(value); };
        const w_decision decision = {byte(verdict), byte(reason), byte(reason), byte(enforced)};
        const bool let_go = verdict == W_ALLOW || (verdict == W_DENY && enforced == 0);
        compared++;
        if (subject_errno(decision) != (let_go ? 0 : -1))
          FAIL(describe(decision));
      }
  std::cout << "w_errno: " << compared << " decisions equal\n";
}

template <typename Visit>
void for_each_count_and_place(std::uint64_t now, Visit visit) {
  for (const auto request : kGrantRequests)
    for (const auto &filler : grant_per_reason(now))
      for (const auto &grant : grant_per_reason(now))
        for (std::uint32_t place = 0; place < W_MAX_CANDIDATES; place++)
          for (const std::uint32_t count : {0u, 1u, place, place + 1, W_MAX_CANDIDATES - 1u,
                                            W_MAX_CANDIDATES + 0u, W_MAX_CANDIDATES + 1u, ~0u}) {
            auto facts = plain_facts(static_cast<std::uint8_t>(request), now);
            std::fill(std::begin(facts.candidates), std::end(facts.candidates), filler);
            facts.candidates[place] = grant;
            facts.candidate_count = count;
            visit(facts);
          }
}

template <typename Visit>
void for_each_three(std::uint64_t now, Visit visit) {
  const auto grants = grant_per_reason(now);
  for (const auto request : kGrantRequests)
    for (const auto audit : kAudits)
      for (const auto &a : grants)
        for (const auto &b : grants)
          for (const auto &c : grants) {
            auto facts = plain_facts(static_cast<std::uint8_t>(request), now);
            facts.audit = audit;
            put(facts, {a, b, c});
            visit(facts);
          }
}

template <typename Visit>
void for_each_single_grant(std::uint64_t now, Visit visit) {
  for (const auto &grant : single_grants(now))
    for (const auto request : kGrantRequests)
      for (const unsigned chain : {0u, 1u, 255u}) {
        auto facts = plain_facts(static_cast<std::uint8_t>(request), now);
        facts.chain = static_cast<std::uint8_t>(chain);
        put(facts, {grant});
        visit(facts);
      }
}

TEST_CASE("every count of grants, and every place among them") {
  Tally tally("counts and places");
  for (const auto now : kNows)
    for_each_count_and_place(now, [&](const w_facts &facts) { tally.compare(facts); });
  tally.report();
}

TEST_CASE("every three grants that fail for different reasons") {
  Tally tally("threes");
  for_each_three(kNows[0], [&](const w_facts &facts) { tally.compare(facts); });
  tally.report();
}

TEST_CASE("every single grant, at every time") {
  Tally tally("single grants");
  for (const auto now : kNows)
    for_each_single_grant(now, [&](w_facts facts) {
      for (const auto flags : kNameFacts) {
        facts.flags = flags;
        tally.compare(facts);
      }
    });
  tally.report();
}

// Objects are bits of a word: twice as many show which ones a shift takes for another.
constexpr unsigned kObjectBits = 32;

TEST_CASE("every object with every request and every fact") {
  Tally tally("objects");
  const auto now = kNows[0];
  const auto every = {0u,
                      W_FACT_ADMINISTER + 0u,
                      W_FACT_PERMITTED + 0u,
                      W_FACT_ENDING + 0u,
                      (W_FACT_ADMINISTER | W_FACT_PERMITTED) + 0u,
                      (W_FACT_ADMINISTER | W_FACT_ENDING) + 0u,
                      kObjectFacts};
  const std::vector<std::vector<w_candidate>> lists = {{}, {good_grant(now)}};
  for (const auto &list : lists)
    for (const auto request : kRequests)
      for (unsigned object = 0; object < 256;
           object = object < 2 * kObjectBits ? object + 1 : object * 2)
        for (const auto mode : {W_MODE_ENFORCE, W_MODE_OBSERVE})
          for (const auto audit : {W_AUDIT_REQUIRED, W_AUDIT_UNAVAILABLE})
            for_each_flags_with(every, [&](std::uint32_t flags) {
              auto facts = plain_facts(request, now);
              facts.object = static_cast<std::uint8_t>(object);
              facts.mode = static_cast<std::uint8_t>(mode);
              facts.audit = static_cast<std::uint8_t>(audit);
              facts.flags = flags;
              put(facts, list);
              tally.compare(facts);
            });
  tally.report();
}

TEST_CASE("every frame with every way that grants can go", "[frames]") {
  Tally tally("frames");
  const auto now = kNows[0];
  for (const auto &list : grant_lists(now)) {
    w_facts facts{};
    facts.now = now;
    put(facts, list);
    for (const auto request : kRequests) {
      facts.object = plain_facts(request, now).object;
      for (const auto mode : kModes)
        for (const auto audit : kAudits)
          for (const auto measure : kMeasures) {
            const auto compare = [&](std::uint32_t flags) {
              facts.request = request;
              facts.mode = mode;
              facts.audit = audit;
              facts.measure = measure;
              facts.flags = flags;
              tally.compare(facts);
            };
            for_each_flags(compare);
            if (list.empty())
              for_each_unknown_flags(compare);
          }
    }
  }
  tally.report();
}

TEST_CASE("every pair of grants") {
  Tally tally("pairs of grants");
  for (const auto now : {kNows[0], kNows[2]}) {
    const auto grants = paired_grants(now);
    for (const auto request : {W_REQUEST_EXEC, W_REQUEST_MAP}) {
      auto facts = plain_facts(static_cast<std::uint8_t>(request), now);
      facts.candidate_count = 2;
      for (const auto &first : grants) {
        facts.candidates[0] = first;
        for (const auto &second : grants) {
          facts.candidates[1] = second;
          for (const auto flags : kNameFacts) {
            facts.flags = flags;
            tally.compare(facts);
          }
        }
      }
    }
  }
  tally.report();
}

TEST_CASE("the invariants hold for every kind of grant", "[invariants]") {
  Tally tally("grants, invariants");
  const auto check = [&](const w_facts &facts) { tally.check_invariants(facts); };
  for_each_count_and_place(kNows[0], check);
  for_each_three(kNows[0], check);
  for_each_single_grant(kNows[0], check);
  tally.report();
}

TEST_CASE("the invariants hold in the frames", "[invariants][frames]") {
  Tally tally("frames, invariants");
  const auto now = kNows[0];
  const auto good = good_grant(now);
  auto expired = good;
  expired.not_after = now;
  const std::vector<std::vector<w_candidate>> lists = {{}, {good}, {expired}, {expired, good}};
  for (const auto &list : lists)
    for (const auto request : kRequests)
      for (const auto audit : kAudits)
        for (const auto measure : {W_MEASURE_CACHED, W_MEASURE_FAILED})
          // All but the last, which tells of pins alone: see the objects.
          for (std::uint32_t flags = 0; flags < W_FACT_ENDING; flags++) {
            auto facts = plain_facts(request, now);
            facts.audit = audit;
            facts.measure = static_cast<std::uint8_t>(measure);
            facts.flags = flags;
            put(facts, list);
            tally.check_invariants(facts);
          }
  tally.report();
}

} // namespace
