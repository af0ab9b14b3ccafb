// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "artifacts/statement.h"
#include "artifacts/time.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_chain_fixture.h"

using namespace warrant;

namespace {

/// Everything that a statement may say at once.
Authorization rich() {
  Authorization rich = test::authorization();
  rich.actions = W_ACTION_ALL;
  rich.jit = true;
  rich.interpreter = {Entry::kScriptOnly, Reads::kListed};
  rich.recovery = true;
  rich.max_uses = 3;
  rich.kill_on_expiry = true;
  rich.kill_on_revoke = true;
  rich.delegation = Delegation{make_role({test::key(test::kDelegateKey).public_key(),
                                          test::key(test::kOtherDelegateKey).public_key()},
                                         2),
                               3};
  rich.parent = test::digest(7);
  rich.requires_parent = true;
  rich.initiator = {};
  rich.initiator.uid = 1000;
  rich.initiator.gid = 0xfffffffe;
  rich.initiator.cgroup = "/agents.slice/agent-7.service";
  rich.initiator.parent_sha256 = test::digest(8);
  rich.initiator.session = 12;
  rich.environment.host = "host-a";
  rich.environment.key.emplace().fill(11);
  rich.environment.group = "workers";
  rich.environment.profile = "good";
  rich.environment.pcrs = {{0, test::digest(1)}, {23, test::digest(2)}};
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
  Authorization listed_breakglass = test::breakglass();
  listed_breakglass.covers = Covers::kSubjects;
  listed_breakglass.actions = W_ACTION_ALL;
  listed_breakglass.subjects = rich().subjects;
  Authorization kept_running = rich();
  kept_running.kill_on_revoke = false;
  kept_running.requires_parent = false;
  kept_running.jit = false;
  kept_running.interpreter.entry = Entry::kAny;
  Authorization entered = rich();
  entered.interpreter.reads = Reads::kAny;
  for (const Authorization &authorization :
       {test::authorization(), rich(), with_manifest(), by_unit, test::breakglass(),
        listed_breakglass, kept_running, entered, test::delegating()}) {
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

TEST_CASE("no member may be given twice") {
  const std::string payload = test::payload(rich());
  for (const std::string name :
       {"maxUses", "onExpiry", "onRevoke", "jit", "delegation", "keys", "threshold", "maxDepth",
        "lineage", "parentArtifact", "requires", "initiator", "parentSha256", "session",
        "interpreter", "entry", "reads"}) {
    INFO(name);
    std::string twice = payload;
    const size_t place = twice.find("\"" + name + "\":");
    REQUIRE(place != std::string::npos);
    twice.insert(place, "\"" + name + "\":0,");
    const auto parsed = parse_authorization(view(twice));
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().detail == "duplicate member");
    CHECK(parsed.error().field.ends_with("." + name));
  }
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

TEST_CASE("break-glass says why and opens no more than it may") {
  const std::string payload = test::payload(test::breakglass());
  const Case cases[] = {
      {R"([{"op":"remove","path":"/predicate/governance"}])", "predicate.governance", "why"},
      {R"([{"op":"replace","path":"/predicate/governance","value":{}}])", "predicate.governance",
       "why"},
      {R"([{"op":"replace","path":"/predicate/kind","value":"task"}])", "predicate.covers",
       "break-glass only"},
      {R"([{"op":"replace","path":"/predicate/kind","value":"baseline"}])", "predicate.covers",
       "break-glass only"},
      {R"([{"op":"add","path":"/predicate/actions/-","value":"load"}])", "predicate.actions",
       "load"},
      {R"([{"op":"add","path":"/predicate/actions/-","value":"administer"}])", "predicate.actions",
       "administer cannot be granted for all"},
      {R"([{"op":"replace","path":"/predicate/covers","value":"everything"}])", "predicate.covers"},
      {R"([{"op":"replace","path":"/predicate/covers","value":""}])", "predicate.covers"},
      {R"([{"op":"replace","path":"/predicate/covers","value":["all"]}])", "predicate.covers",
       "string"},
      {R"([{"op":"replace","path":"/predicate/covers","value":null}])", "predicate.covers",
       "string"},
      {R"([{"op":"replace","path":"/subject/0/name","value":"/bin/sh"}])", "subject"},
      {R"([{"op":"copy","from":"/subject/0","path":"/subject/-"}])", "subject"},
      {R"([{"op":"replace","path":"/subject/0/digest/sha256",
           "value":"0606060606060606060606060606060606060606060606060606060606060606"}])",
       "subject"},
      {R"([{"op":"add","path":"/subject/0/digest/fsverity-sha256",
           "value":"0000000000000000000000000000000000000000000000000000000000000000"}])",
       "subject"},
      {R"([{"op":"add","path":"/predicate/lineage","value":{"parentArtifact":
           "0606060606060606060606060606060606060606060606060606060606060606"}}])",
       "predicate.lineage", "derived"},
      {R"([{"op":"add","path":"/predicate/manifest","value":{"format":"warrant-manifest-v1",
           "count":1,"sha256":
           "0606060606060606060606060606060606060606060606060606060606060606"}}])",
       "predicate.manifest", "all is covered"},
  };
  for (const Case &c : cases)
    check_refused(payload, c);

  Authorization delegated = test::breakglass();
  delegated.delegation = test::delegation(1);
  CHECK(serialize_authorization(delegated).error().field == "predicate.delegation");
  Authorization listed = test::breakglass();
  listed.subjects = test::authorization().subjects;
  CHECK(serialize_authorization(listed).error().field == "subject");
}

TEST_CASE("what has its default value may be said, and is not written") {
  Json said = Json::parse(test::payload(test::authorization()));
  said["predicate"]["covers"] = "subjects";
  said["predicate"]["constraints"] = {{"onExpiry", "keep"},
                                      {"onRevoke", "keep"},
                                      {"jit", false},
                                      {"interpreter", {{"entry", "any"}, {"reads", "any"}}}};
  said["predicate"]["recovery"] = false;
  const auto parsed = parse_authorization(view(said.dump()));
  REQUIRE(parsed.ok());
  CHECK(parsed.value() == test::authorization());
  said["predicate"]["constraints"]["interpreter"] = {{"reads", "suffixes"}};
  CHECK(parse_authorization(view(said.dump())).value().interpreter ==
        InterpreterRule{Entry::kAny, Reads::kSuffixes});

  Authorization child = test::authorization();
  child.parent = test::digest(1);
  said = Json::parse(test::payload(child));
  CHECK_FALSE(said["predicate"]["lineage"].contains("requires"));
  said["predicate"]["lineage"]["requires"] = false;
  CHECK(parse_authorization(view(said.dump())).value() == child);
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
  SECTION("uses") {
    authorization.max_uses = 1;
    CHECK(accepted());
    authorization.max_uses = kMaxUses;
    CHECK(accepted());
    authorization.max_uses = kMaxUses + 1;
    CHECK_FALSE(accepted());
    authorization.max_uses = 0;
    CHECK_FALSE(accepted());
    authorization.max_uses = 1;
    authorization.actions = W_ACTION_ALL & ~W_ACTION_EXEC;
    CHECK_FALSE(accepted());
  }
  SECTION("delegation") {
    authorization.delegation = test::delegation(kMaxDelegationDepth);
    CHECK(accepted());
    authorization.delegation = test::delegation(kMaxDelegationDepth + 1);
    CHECK_FALSE(accepted());
    authorization.delegation = test::delegation(0);
    CHECK_FALSE(accepted());
    std::vector<PublicKey> keys;
    for (size_t i = 0; i <= kMaxTrustKeys; i++)
      keys.push_back(test::key(static_cast<uint8_t>(i)).public_key());
    authorization.delegation = Delegation{make_role(keys, 1), 1};
    CHECK_FALSE(accepted());
    keys.pop_back();
    authorization.delegation = Delegation{make_role(keys, kMaxTrustKeys), 1};
    CHECK(accepted());
    authorization.delegation->role.threshold++;
    CHECK_FALSE(accepted());
    authorization.delegation->role.threshold = 0;
    CHECK_FALSE(accepted());
  }
  SECTION("a parent is required only where one is named") {
    authorization.requires_parent = true;
    CHECK_FALSE(accepted());
    authorization.parent = test::digest(0);
    CHECK(accepted());
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
  authorization.actions = W_ACTION_SCRIPT;
  CHECK_FALSE(serialize_authorization(authorization).ok());
  authorization.actions = W_ACTION_EXEC | W_ACTION_SCRIPT;
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
