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

TEST_CASE("Break-glass that opens is told of once, with its reasons") {
  InForce::Artifact glass{"glass.json", {}, 0, ArtifactKind::kBreakglass, 1795255200};
  glass.attribution.id.fill(0xab);
  glass.attribution.sha256.fill(1);
  glass.attribution.governance = {{Text("ticket"), Text("OPS-1\n")}};
  InForce::Artifact task = glass;
  task.kind = ArtifactKind::kTask;
  task.attribution.sha256.fill(2);
  InForce after;
  after.accepted = {glass, task};
  const std::vector<std::string> lines = broken_glass(InForce(), after);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("2026-11-21T10:00:00Z") != std::string::npos);
  CHECK(lines[0].find("abababab") != std::string::npos);
  CHECK(lines[0].find("ticket OPS-1") != std::string::npos);
  CHECK(lines[0].find('\n') == std::string::npos);
  CHECK(broken_glass(after, after).empty());
}
