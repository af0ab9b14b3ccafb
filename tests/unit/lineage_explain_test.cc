// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "lineage/explain.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;

namespace {

using Change = std::function<void(w_facts &)>;

Explanation explained(const Change &change) {
  w_facts facts = allowing_facts();
  change(facts);
  return explain(record_of(decision_event(1, facts, "/tmp/evil"))).value();
}

void unnamed(w_facts &facts) {
  facts.candidate_count = 0;
  facts.flags = 0;
}

struct Case {
  std::string reason;
  Change change;
  std::string fact; // part of what must be said
};

const Case kDenials[] = {
    {"enforcement state unavailable", [](w_facts &f) { f.mode = 0; }, "no policy mode is in force"},
    {"enforcement state unavailable", [](w_facts &f) { f.audit = 9; },
     "demand for records is unknown: 9"},
    {"enforcement state unavailable", [](w_facts &f) { f.flags |= W_FACT_NO_CONTEXT; },
     "no process context"},
    {"enforcement state unavailable", [](w_facts &f) { f.flags |= W_FACT_RACED; },
     "exchanged again and again"},
    {"enforcement state unavailable", [](w_facts &f) { f.flags |= W_FACT_ALL + 1; },
     "does not understand"},
    {"unmeasurable content", [](w_facts &f) { f.measure = W_MEASURE_UNSEALED; }, "unsealed memfd"},
    {"unmeasurable content",
     [](w_facts &f) { f.request = W_REQUEST_MAP, f.flags = W_FACT_ANONYMOUS; },
     "no file stands behind"},
    {"write conflict", [](w_facts &f) { f.flags |= W_FACT_WRITERS; }, "open for writing"},
    {"write conflict", [](w_facts &f) { f.request = W_REQUEST_MAP, f.flags |= W_FACT_WRITABLE; },
     "writable and executable"},
    {"write conflict", [](w_facts &f) { f.request = W_REQUEST_MAP, f.flags |= W_FACT_MODIFIED; },
     "written to after"},
    {"write conflict", [](w_facts &f) { f.request = W_REQUEST_WRITE; },
     "an artifact in force names"},
    {"write conflict", [](w_facts &f) { f.request = W_REQUEST_WRITE, f.flags = W_FACT_MAPPED; },
     "mapped as code"},
    {"protected", [](w_facts &f) { f.request = W_REQUEST_TOUCH, f.object = W_OBJECT_MAP; },
     "it is the map of enforcement"},
    {"protected",
     [](w_facts &f) {
       f.request = W_REQUEST_TOUCH, f.object = W_OBJECT_PIN, f.flags = W_FACT_ADMINISTER;
     },
     "no order to end enforcement is carried out"},
    {"protected",
     [](w_facts &f) {
       f.request = W_REQUEST_TOUCH, f.object = W_OBJECT_MOUNT, f.flags = W_FACT_ADMINISTER;
     },
     "administer without update"},
    {"audit unavailable", [](w_facts &f) { f.audit = W_AUDIT_UNAVAILABLE; }, "ring buffer"},
    {"interpreter entered without a script",
     [](w_facts &f) { f.candidates[0].actions = W_ACTION_SCRIPT; }, "this is not one"},
    {"interpreter entered without a script",
     [](w_facts &f) {
       f.candidates[0].actions = W_ACTION_SCRIPT;
       f.chain = 1;
       f.flags |= W_FACT_STEERED;
     },
     "its environment"},
    {"missing authorization", unnamed, "no artifact in force names sha256:eeee"},
    {"missing authorization", [](w_facts &f) { f.request = W_REQUEST_MAP; },
     "none with the action map"},
    {"content mismatch", [](w_facts &f) { f.candidate_count = 0, f.flags = W_FACT_WAS_NAMED; },
     "the content is now sha256:ee"},
    {"policy mismatch", [](w_facts &f) { f.candidates[0].flags = W_CANDIDATE_POLICY_MISMATCH; },
     "policyMismatch"},
    {"initiator identity mismatch",
     [](w_facts &f) { f.candidates[0].flags = W_CANDIDATE_IDENTITY_MISMATCH; }, "identityMismatch"},
    {"initiator identity mismatch", [](w_facts &f) { f.candidate_count = 0; },
     "in no scope of this task"},
    {"revoked", [](w_facts &f) { f.candidates[0].flags = W_CANDIDATE_REVOKED; }, "revoked"},
    {"lineage discontinuity",
     [](w_facts &f) { f.candidates[0].flags = W_CANDIDATE_LINEAGE_BROKEN; }, "lineageBroken"},
    {"not yet valid", [](w_facts &f) { f.candidates[0].not_before = 200'000000000; },
     "valid from 2026-11-21T10:01:40"},
    {"expired", [](w_facts &f) { f.candidates[0].not_after = 80'000000000; },
     "valid until 2026-11-21T09:59:40"},
    {"replay or uses exhausted", [](w_facts &f) { f.candidates[0].flags = W_CANDIDATE_USED_UP; },
     "usedUp"},
    {"environment failure", [](w_facts &f) { f.candidates[0].lease_until = 70'000000000; },
     "until 2026-11-21T09:59:30"},
};

} // namespace

TEST_CASE("every denial is explained by the fact that decided, and what to do is said") {
  for (const Case &denial : kDenials) {
    const Explanation explanation = explained(denial.change);
    CAPTURE(denial.reason, explanation.fact);
    CHECK(explanation.verdict == "denied (" + denial.reason + ")");
    CHECK_THAT(explanation.fact, Contains(denial.fact));
    CHECK_FALSE(explanation.meaning.empty());
    CHECK_FALSE(explanation.fix.empty());
  }
}

TEST_CASE("there is help for every reason, and each has its own") {
  std::set<std::string_view> meanings;
  for (unsigned reason = 0; reason <= UINT8_MAX; ++reason) {
    const ReasonHelp help = reason_help(static_cast<uint8_t>(reason));
    CHECK_FALSE(help.meaning.empty());
    const bool allows = reason == W_REASON_AUTHORIZED || reason == W_REASON_NOT_GOVERNED;
    CHECK(help.fix.empty() == allows);
    meanings.insert(help.meaning);
  }
  CHECK(meanings.size() == W_REASON_COUNT + 1);
}

TEST_CASE("what was allowed is explained too") {
  const Explanation explanation = explained([](w_facts &) {});
  CHECK(explanation.verdict == "allowed (authorized)");
  CHECK_THAT(explanation.fact, Contains("sha256:eeee") && Contains("(ima)"));
  CHECK_THAT(explanation.grant, Contains("artifact abababab") &&
                                    Contains("issued by SHA256:AAAA") &&
                                    Contains("ticket: OPS-1") && Contains("for the whole host") &&
                                    Contains("actions exec") && Contains("until forever"));
  CHECK(explanation.fix.empty());
}

TEST_CASE("who asked for what is said") {
  const Explanation explanation = explained(unnamed);
  CHECK(
      explanation.asked ==
      "bash (pid 812, uid 1000, cgroup /agents.slice, lineage 40) asked to execute \"/tmp/evil\"");
  CHECK(explained([](w_facts &f) {
          f.chain = 2;
        }).asked.ends_with("as interpreter 2 of what it executes"));
}

TEST_CASE("an observed denial says that it is only observed") {
  const Explanation explanation = explained([](w_facts &f) {
    unnamed(f);
    f.mode = W_MODE_OBSERVE;
  });
  CHECK_THAT(explanation.verdict, Contains("would be denied"));
}

TEST_CASE("only decisions can be explained") {
  CHECK_THAT(explain(gap(1)).error().message, Contains("record of a gap, not of a decision"));
}

TEST_CASE("every record of random bits is explained without harm") {
  Random random(7);
  for (int i = 0; i < 2'000; ++i) {
    Record record = record_of(decision_event(1, allowing_facts(), "/x"));
    auto &decision = std::get<Decision>(record.body);
    decision.facts = random_bits<w_facts>(random);
    decision.decision = random_bits<w_decision>(random);
    const Explanation explanation = explain(record).value();
    REQUIRE_FALSE(explanation.fact.empty());
    REQUIRE_FALSE(explanation_to_text(explanation).empty());
    REQUIRE_FALSE(explanation_to_json(explanation).dump().empty());
  }
}

TEST_CASE("a rejected artifact that names the digest is named") {
  w_facts facts = allowing_facts();
  unnamed(facts);
  Digest digest{};
  digest.fill(0xee);
  RejectionQuery query;
  const auto reject = [&](const char *source, Digest named) {
    Rejected rejected{source, W_REASON_INVALID_SIGNATURE, "signature by unknown key Y", {}, 1,
                      {named}};
    query.add(make_record(origin(), kNow, rejected));
  };
  reject("x.json", digest);
  reject("other.json", Digest{});
  reject("repaired.json", digest);
  query.add(make_record(origin(), kNow, Accepted{attribution(), "repaired.json", 1}));
  reject("gone.json", digest);
  query.add(make_record(origin(), kNow, Withdrawn{attribution(), "gone.json", ""}));
  const Explanation explanation =
      explain(record_of(decision_event(1, facts, "/tmp/evil")), query.naming(digest)).value();
  CHECK(explanation.rejections ==
        std::vector<std::string>{"named by artifact x.json, rejected: invalid signature: "
                                 "signature by unknown key Y"});
  CHECK_THAT(explanation_to_text(explanation), Contains("see also: named by artifact x.json"));
}
