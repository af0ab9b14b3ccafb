// SPDX-License-Identifier: Apache-2.0
#include "artifacts/statement.h"
#include "artifacts/time.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

namespace {

/// Everything that a statement may say at once.
Authorization rich() {
  Authorization rich = test::authorization();
  rich.kind = ArtifactKind::kBreakglass;
  rich.actions = W_ACTION_ALL;
  rich.jit = true;
  rich.recovery = true;
  rich.initiator = {};
  rich.initiator.uid = 1000;
  rich.initiator.gid = 0xfffffffe;
  rich.initiator.cgroup = "/agents.slice/agent-7.service";
  rich.host = "host-a";
  rich.governance = {{"ticket", "OPS-7"}, {"approver", "J\xc3\xb6rg"}, {"empty", ""}};
  rich.subjects = {{"/usr/bin/a", test::digest(1), test::digest(2)},
                   {"/usr/bin/b", test::digest(3), std::nullopt},
                   {"/usr/bin/copy of a", test::digest(1), std::nullopt}};
  return rich;
}

Authorization with_manifest() {
  Authorization authorization = test::authorization();
  authorization.subjects.clear();
  authorization.manifest = ManifestRef{test::digest(5), 1000};
  return authorization;
}

struct Case {
  const char *patch;
  const char *field;
  const char *detail = "";
};

void check_refused(const std::string &payload, const Case &c) {
  INFO(c.patch);
  const std::string text = Json::parse(payload).patch(Json::parse(c.patch)).dump();
  const auto parsed = parse_authorization(view(text));
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error().reason == W_REASON_MALFORMED);
  CHECK(parsed.error().field == c.field);
  CHECK(parsed.error().detail.find(c.detail) != std::string::npos);
}

} // namespace

TEST_CASE("authorizations survive the way through JSON") {
  Authorization by_unit = test::authorization();
  by_unit.initiator = {};
  by_unit.initiator.unit = "systemd-journald.service";
  for (const Authorization &authorization :
       {test::authorization(), rich(), with_manifest(), by_unit}) {
    const auto payload = serialize_authorization(authorization);
    REQUIRE(payload.ok());
    const auto parsed = parse_authorization(view(payload.value()));
    REQUIRE(parsed.ok());
    CHECK(parsed.value() == authorization);
    CHECK(serialize_authorization(parsed.value()).value() == payload.value());
  }
}

TEST_CASE("the canonical form is fixed") {
  CHECK(
      test::payload(test::authorization()) ==
      R"({"_type":"https://in-toto.io/Statement/v1","predicate":{"actions":["exec","map"],)"
      R"("id":"11111111111111111111111111111111","initiator":{"any":true},)"
      R"("issuedAt":"2026-11-21T09:59:00Z","kind":"task","policy":{"sha256":")" +
          to_hex(test::authorization().policy_sha256) +
          R"("},"validity":{"notAfter":"2026-11-21T11:00:00Z","notBefore":"2026-11-21T09:59:00Z"}},)"
          R"("predicateType":"urn:warrant:authorization:v1","subject":[{"digest":{"sha256":)"
          R"("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},)"
          R"("name":"/usr/bin/true"}]})");
}

TEST_CASE("a unit is a cgroup of the system slice") {
  Initiator initiator;
  CHECK_FALSE(initiator.cgroup_path());
  initiator.unit = "nginx.service";
  CHECK(initiator.cgroup_path() == "/system.slice/nginx.service");
  initiator.unit.reset();
  initiator.cgroup = "/a/b";
  CHECK(initiator.cgroup_path() == "/a/b");
}

TEST_CASE("a broken statement is refused by name") {
  const std::string valid = test::payload(test::authorization());
  for (const test::BrokenText &broken : test::broken_texts(valid, "_type")) {
    INFO(broken.name);
    const auto parsed = parse_authorization(view(broken.text));
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().reason == W_REASON_MALFORMED);
    CHECK(parsed.error().detail.find(broken.detail) != std::string::npos);
  }
  for (size_t length = 0; length < valid.size(); length++)
    CHECK_FALSE(parse_authorization(view(valid.substr(0, length))).ok());

  const Case cases[] = {
#include "tests/unit/artifacts_statement_cases.inc"
  };
  const std::string payload = test::payload(rich());
  for (const Case &c : cases)
    check_refused(payload, c);
}

TEST_CASE("a manifest stands instead of subjects") {
  const std::string payload = test::payload(with_manifest());
  const Case cases[] = {
      {R"([{"op":"replace","path":"/predicate/manifest/format","value":"warrant-manifest-v2"}])",
       "predicate.manifest.format"},
      {R"([{"op":"remove","path":"/predicate/manifest/format"}])", "predicate.manifest.format"},
      {R"([{"op":"replace","path":"/predicate/manifest/sha256","value":"00"}])",
       "predicate.manifest.sha256"},
      {R"([{"op":"replace","path":"/predicate/manifest/count","value":0}])",
       "predicate.manifest.count"},
      {R"([{"op":"replace","path":"/predicate/manifest/count","value":-1}])",
       "predicate.manifest.count"},
      {R"([{"op":"replace","path":"/predicate/manifest/count","value":1000001}])",
       "predicate.manifest.count"},
      {R"([{"op":"replace","path":"/predicate/manifest/count","value":"7"}])",
       "predicate.manifest.count"},
      {R"([{"op":"add","path":"/predicate/manifest/url","value":"x"}])", "predicate.manifest.url"},
      {R"([{"op":"replace","path":"/predicate/manifest","value":null}])", "predicate.manifest"},
      {R"([{"op":"copy","from":"/subject/0","path":"/subject/-"}])", "subject"},
      {R"([{"op":"replace","path":"/subject/0/name","value":"/bin/sh"}])", "subject"},
      {R"([{"op":"replace","path":"/subject/0/digest/sha256",
           "value":"0606060606060606060606060606060606060606060606060606060606060606"}])",
       "subject"},
      {R"([{"op":"add","path":"/subject/0/digest/fsverity-sha256",
           "value":"0606060606060606060606060606060606060606060606060606060606060606"}])",
       "subject"},
  };
  for (const Case &c : cases)
    check_refused(payload, c);
}

TEST_CASE("limits are exact") {
  Authorization authorization = test::authorization();
  const auto accepted = [&] { return serialize_authorization(authorization).ok(); };

  SECTION("governance") {
    authorization.governance[std::string(kMaxGovernanceKey, 'k')] =
        std::string(kMaxGovernanceValue, 'v');
    CHECK(accepted());
    for (size_t i = 1; i < kMaxGovernanceEntries; i++)
      authorization.governance["key" + std::to_string(i)] = "";
    CHECK(accepted());
    authorization.governance["one more"] = "";
    CHECK_FALSE(accepted());
    authorization.governance = {{std::string(kMaxGovernanceKey + 1, 'k'), ""}};
    CHECK_FALSE(accepted());
    authorization.governance = {{"", ""}};
    CHECK_FALSE(accepted());
    authorization.governance = {{"key", std::string(kMaxGovernanceValue + 1, 'v')}};
    CHECK_FALSE(accepted());
  }
  SECTION("cgroup") {
    authorization.initiator = {};
    const std::string longest(W_CGROUP_NAME_SIZE - 2, 'c');
    std::string deepest;
    for (int i = 0; i < W_CGROUP_DEPTH; i++)
      deepest += "/" + longest;
    authorization.initiator.cgroup = deepest;
    CHECK(accepted());
    authorization.initiator.cgroup = "/" + longest + "c";
    CHECK_FALSE(accepted());
    std::string deeper;
    for (int i = 0; i <= W_CGROUP_DEPTH; i++)
      deeper += "/c";
    authorization.initiator.cgroup = deeper;
    CHECK_FALSE(accepted());
  }
  SECTION("times") {
    authorization.not_before = 0;
    authorization.not_after = kMaxTime;
    CHECK(accepted());
    authorization.not_after = kMaxTime + 1;
    CHECK_FALSE(accepted());
    authorization.not_before = -1;
    authorization.not_after = 10;
    CHECK_FALSE(accepted());
  }
  SECTION("names") {
    authorization.subjects[0].name = std::string(kMaxSubjectName, 'n');
    CHECK(accepted());
    authorization.subjects[0].name += "n";
    CHECK_FALSE(accepted());
  }
}

TEST_CASE("what JSON cannot carry is not written") {
  Authorization authorization = test::authorization();
  authorization.subjects[0].name = "latin \xe9";
  CHECK_FALSE(serialize_authorization(authorization).ok());
  authorization.subjects[0].name = std::string("nul\0", 4);
  CHECK_FALSE(serialize_authorization(authorization).ok());
  authorization = test::authorization();
  authorization.actions = 0x20;
  CHECK_FALSE(serialize_authorization(authorization).ok());
  authorization.actions = W_ACTION_EXEC | 0x20;
  CHECK_FALSE(serialize_authorization(authorization).ok());
  authorization = test::authorization();
  authorization.subjects.clear();
  CHECK_FALSE(serialize_authorization(authorization).ok());
  authorization = with_manifest();
  authorization.subjects = test::authorization().subjects;
  CHECK_FALSE(serialize_authorization(authorization).ok());
}

TEST_CASE("artifact ids are random") {
  CHECK(new_artifact_id() != new_artifact_id());
}

TEST_CASE("kinds have names") {
  for (const ArtifactKind kind :
       {ArtifactKind::kTask, ArtifactKind::kBaseline, ArtifactKind::kBreakglass})
    CHECK(kind_from_name(kind_name(kind)) == kind);
  CHECK_FALSE(kind_from_name("Task"));
}
