// SPDX-License-Identifier: Apache-2.0
// What is told of a generation.
#include "daemon/publication.h"

#include "tests/catch.h"

using namespace warrant;

TEST_CASE("Only refusals that are new are told again") {
  const Rejection stranger{W_REASON_INVALID_SIGNATURE, "signatures", "by a stranger", {}};
  const Rejection broken{W_REASON_MALFORMED, "payload", "missing", {}};
  InForce before;
  before.refused = {{"a.json", stranger}, {"b.json", stranger}, {"gone.json", broken}};
  InForce after;
  after.refused = {{"a.json", stranger}, {"b.json", broken}, {"c.json", stranger}};

  const auto news = new_refusals(before, after);
  REQUIRE(news.size() == 2);
  CHECK(news[0].first == "b.json"); // for another reason
  CHECK(news[0].second.reason == W_REASON_MALFORMED);
  CHECK(news[1].first == "c.json");
  CHECK(new_refusals(InForce(), after).size() == 3);
  CHECK(new_refusals(after, after).empty());
}
