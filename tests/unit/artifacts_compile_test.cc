// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "artifacts/compile.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_chain_fixture.h"

using namespace warrant;

namespace {

/// Boot was at kNow, less 500 ns.
Circumstances circumstances() {
  Circumstances circumstances;
  circumstances.clock = ClockMap{-test::kNow * 1000000000 + 500};
  return circumstances;
}

/// Ids differ, so that artifacts do.
Authorization authorization(uint8_t id) {
  Authorization authorization = test::authorization();
  authorization.id.fill(id);
  return authorization;
}

Entries compiled(const std::vector<VerifiedAuthorization> &set,
                 const Circumstances &under = circumstances()) {
  auto entries = compile(set, under);
  if (!entries.ok())
    FAIL(entries.error().message);
  return std::move(entries).value();
}

const w_verdict *find(const Entries &entries, uint32_t scope, uint32_t kind, const Digest &digest) {
  for (const auto &[key, verdict] : entries.verdicts)
    if (key.scope == scope && key.digest_kind == kind &&
        std::memcmp(key.digest, digest.data(), digest.size()) == 0)
      return &verdict;
  return nullptr;
}

} // namespace

TEST_CASE("nothing compiles to nothing") {
  const Entries entries = compiled({});
  CHECK(entries.verdicts.empty());
  CHECK(entries.artifacts.size() == 1);
  CHECK(entries.artifacts[0].environment == 0);
  CHECK(entries.flags == 0);
}

TEST_CASE("an artifact for everybody is a verdict of the host") {
  const VerifiedAuthorization verified = test::verified(authorization(1));
  const Entries entries = compiled({verified});
  REQUIRE(entries.verdicts.size() == 1);
  const w_verdict *verdict = find(entries, W_SCOPE_HOST, W_DIGEST_SHA256, test::digest(0xaa));
  REQUIRE(verdict);
  CHECK(verdict->grants[0] == W_GRANT(1, W_ACTION_EXEC | W_ACTION_MAP));
  CHECK(verdict->grants[1] == 0);
  REQUIRE(entries.artifacts.size() == 2);
  const w_artifact &artifact = entries.artifacts[1];
  CHECK(artifact.id[0] == 1);
  CHECK(artifact.environment == W_ENVIRONMENT_OPEN);
  CHECK(artifact.constraints == 0);
  CHECK(artifact.not_before == 0);
  CHECK(artifact.not_after == 3600ull * 1000000000 + 500);
  CHECK(entries.payloads[1] == verified.sha256());
  CHECK(entries.uids.empty());
  CHECK(entries.cgroups.empty());
}

TEST_CASE("constraints become bits") {
  Authorization rich = authorization(1);
  rich.jit = true;
  rich.recovery = true;
  rich.initiator = {};
  rich.initiator.uid = 1000;
  rich.initiator.gid = 100;
  rich.initiator.unit = "a.service";
  rich.initiator.session = 7;
  rich.initiator.parent_sha256 = test::digest(0x51);
  rich.max_uses = 3;
  const w_artifact artifact = compiled({test::verified(rich)}).artifacts[1];
  CHECK(artifact.constraints ==
        (W_ARTIFACT_JIT | W_ARTIFACT_RECOVERY | W_ARTIFACT_NEEDS_UID | W_ARTIFACT_NEEDS_GID |
         W_ARTIFACT_NEEDS_SESSION | W_ARTIFACT_NEEDS_CODE | W_ARTIFACT_COUNTED));
  CHECK(artifact.uid == 1000);
  CHECK(artifact.gid == 100);
  CHECK(artifact.session == 7);
  CHECK(std::memcmp(artifact.caller, test::digest(0x51).data(), W_DIGEST_SIZE) == 0);
  CHECK(artifact.bond == 0);
  CHECK(artifact.flags == 0);
}

TEST_CASE("restrictions choose the scope") {
  Authorization by_uid = authorization(1);
  by_uid.initiator = {};
  by_uid.initiator.uid = 1000;
  Authorization by_gid = authorization(2);
  by_gid.initiator = {};
  by_gid.initiator.gid = 100;
  by_gid.subjects[0].sha256 = test::digest(0xbb);

  const Entries entries = compiled({test::verified(by_uid), test::verified(by_gid)});
  CHECK(entries.flags == W_GENERATION_HAS_UIDS);
  REQUIRE(entries.uids.size() == 1);
  CHECK(entries.uids[0].first == 1000);
  CHECK(entries.uids[0].second.scope == W_SCOPE_FIRST_FREE);
  CHECK(entries.uids[0].second.mode == W_MODE_INVALID);
  CHECK(find(entries, W_SCOPE_FIRST_FREE, W_DIGEST_SHA256, test::digest(0xaa)));
  CHECK(find(entries, W_SCOPE_HOST, W_DIGEST_SHA256, test::digest(0xbb)));

  // Whoever sees the digest elsewhere must learn that somebody names it, and no more.
  const w_verdict *marker = find(entries, W_SCOPE_NAMED, W_DIGEST_SHA256, test::digest(0xaa));
  REQUIRE(marker);
  CHECK(std::all_of(std::begin(marker->grants), std::end(marker->grants),
                    [](uint32_t grant) { return grant == 0; }));
  CHECK_FALSE(find(entries, W_SCOPE_NAMED, W_DIGEST_SHA256, test::digest(0xbb)));
  CHECK(entries.verdicts.size() == 3);
  for (size_t i = 1; i < entries.artifacts.size(); i++) {
    const bool is_uid = entries.artifacts[i].id[0] == 1;
    CHECK(entries.artifacts[i].constraints == (is_uid ? 0 : W_ARTIFACT_NEEDS_GID));
  }
}

TEST_CASE("cgroup paths become a tree, and grants reach the bound cgroups below") {
  const auto bound_to = [](uint8_t id, const char *path) {
    Authorization bound = authorization(id);
    bound.initiator = {};
    bound.initiator.cgroup = path;
    bound.subjects[0].sha256 = test::digest(id);
    return test::verified(bound);
  };
  const Entries entries = compiled(
      {bound_to(1, "/a/b"), bound_to(2, "/a"), bound_to(3, "/a-c"), bound_to(4, "/a/b/c/d")});
  CHECK(entries.flags == W_GENERATION_HAS_CGROUPS);

  const auto child = [&](uint32_t parent, std::string_view name) {
    for (const auto &[key, node] : entries.cgroups)
      if (key.parent == parent && name == key.name)
        return node;
    FAIL("no node " << name);
    return w_cgroup_node{};
  };
  const w_cgroup_node a = child(0, "a");
  const w_cgroup_node ab = child(a.node, "b");
  const w_cgroup_node abc = child(ab.node, "c");
  const w_cgroup_node abcd = child(abc.node, "d");
  const w_cgroup_node ac = child(0, "a-c");
  CHECK(entries.cgroups.size() == 5);
  CHECK(abc.scope == 0);
  for (const w_cgroup_node &node : {a, ab, abcd, ac})
    CHECK(node.scope >= W_SCOPE_FIRST_FREE);

  const auto has = [&](const w_cgroup_node &node, uint8_t id) {
    return find(entries, node.scope, W_DIGEST_SHA256, test::digest(id)) != nullptr;
  };
  CHECK((has(a, 2) && has(ab, 2) && has(abcd, 2) && !has(ac, 2)));
  CHECK((!has(a, 1) && has(ab, 1) && has(abcd, 1) && !has(ac, 1)));
  CHECK((!has(a, 3) && !has(ab, 3) && !has(abcd, 3) && has(ac, 3)));
  CHECK((!has(a, 4) && !has(ab, 4) && has(abcd, 4) && !has(ac, 4)));
}

TEST_CASE("a verity digest is a key of its own") {
  Authorization authorization = ::authorization(1);
  authorization.subjects[0].verity = test::digest(0xaa); // even when the bytes are the same
  const Entries entries = compiled({test::verified(authorization)});
  CHECK(entries.verdicts.size() == 2);
  CHECK(find(entries, W_SCOPE_HOST, W_DIGEST_SHA256, test::digest(0xaa)));
  CHECK(find(entries, W_SCOPE_HOST, W_DIGEST_VERITY, test::digest(0xaa)));
}

TEST_CASE("records of a manifest carry their own actions") {
  const Entries entries = compiled(
      {test::verified(authorization(1), {{test::digest(1), std::nullopt, W_ACTION_MAP},
                                         {test::digest(2), test::digest(3), W_ACTION_EXEC}})});
  CHECK(entries.verdicts.size() == 3);
  CHECK(find(entries, W_SCOPE_HOST, W_DIGEST_SHA256, test::digest(1))->grants[0] ==
        W_GRANT(1, W_ACTION_MAP));
  CHECK(find(entries, W_SCOPE_HOST, W_DIGEST_VERITY, test::digest(3))->grants[0] ==
        W_GRANT(1, W_ACTION_EXEC));
}

TEST_CASE("the same content under two names is one grant") {
  Authorization authorization = ::authorization(1);
  authorization.subjects.push_back({"/a/copy", test::digest(0xaa), std::nullopt});
  const Entries entries = compiled({test::verified(authorization)});
  REQUIRE(entries.verdicts.size() == 1);
  CHECK(entries.verdicts[0].second.grants[1] == 0);
}

TEST_CASE("up to four artifacts may name one digest") {
  std::vector<VerifiedAuthorization> set;
  for (uint8_t id = 1; id <= W_GRANTS_PER_VERDICT; id++)
    set.push_back(test::verified(authorization(id)));
  const Entries entries = compiled(set);
  REQUIRE(entries.verdicts.size() == 1);
  for (uint32_t i = 0; i < W_GRANTS_PER_VERDICT; i++)
    CHECK(W_GRANT_ARTIFACT(entries.verdicts[0].second.grants[i]) == i + 1);

  set.push_back(test::verified(authorization(W_GRANTS_PER_VERDICT + 1)));
  const auto refused = compile(set, circumstances());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().artifacts.size() == 5);
  CHECK(refused.error().message.find(to_hex(test::digest(0xaa))) != std::string::npos);
  CHECK(refused.error().message.find("the host") != std::string::npos);
  for (const VerifiedAuthorization &verified : set) {
    CHECK(refused.error().message.find(to_hex(verified.authorization().id)) != std::string::npos);
    CHECK(refused.error().message.find(to_hex(verified.sha256())) != std::string::npos);
  }
}

TEST_CASE("of several grants the kernel finds the one first that lets administer") {
  for (uint8_t first = 1; first <= 3; first++) {
    std::vector<VerifiedAuthorization> set;
    for (uint8_t id = 1; id <= 3; id++) {
      Authorization authorization = ::authorization(id);
      if (id == first)
        authorization.actions |= W_ACTION_ADMINISTER;
      set.push_back(test::verified(authorization));
    }
    const Entries entries = compiled(set);
    REQUIRE(entries.verdicts.size() == 1);
    const auto &grants = entries.verdicts[0].second.grants;
    CHECK(W_GRANT_ACTIONS(grants[0]) == set[first - 1u].authorization().actions);
    CHECK(W_GRANT_ARTIFACT(grants[1]) < W_GRANT_ARTIFACT(grants[2]));
    CHECK(grants[3] == 0);
  }
}

TEST_CASE("an artifact given twice counts once") {
  const VerifiedAuthorization verified = test::verified(authorization(1));
  const Entries entries = compiled({verified, verified, verified, verified, verified, verified});
  CHECK(entries.artifacts.size() == 2);
  CHECK(entries.verdicts[0].second.grants[1] == 0);
}

TEST_CASE("one id with two payloads is refused") {
  Authorization other = authorization(1);
  other.governance["ticket"] = "another";
  const VerifiedAuthorization first = test::verified(authorization(1));
  const VerifiedAuthorization second = test::verified(other);
  const auto refused = compile({first, second}, circumstances());
  REQUIRE_FALSE(refused.ok());
  std::vector<Digest> expected = {first.sha256(), second.sha256()};
  std::sort(expected.begin(), expected.end());
  CHECK(refused.error().artifacts == expected);
  CHECK(refused.error().message.find(to_hex(second.sha256())) != std::string::npos);
}

TEST_CASE("a required parent is known by its id") {
  const std::vector<VerifiedAuthorization> parents = {test::verified(test::delegating())};
  Authorization child = test::child_of(parents[0]);
  const auto row = [&] {
    const auto verified =
        test::verify(test::by_delegate(child), test::trust(), test::parents_in(parents));
    return compiled({verified.value()}).artifacts[1];
  };
  CHECK(row().constraints == 0);
  child.requires_parent = true;
  CHECK(row().constraints == W_ARTIFACT_NEEDS_PARENT);
  CHECK(std::memcmp(row().parent, parents[0].authorization().id.data(), W_ID_SIZE) == 0);
}

TEST_CASE("processes that must end have a bond") {
  Authorization killed = authorization(1);
  killed.kill_on_revoke = true;
  const VerifiedAuthorization verified = test::verified(killed);
  Circumstances bound = circumstances();
  CHECK(compile({verified}, bound).error().artifacts == std::vector{verified.sha256()});
  bound.bonds[killed.id] = W_MAX_BONDS;
  CHECK(compiled({verified}, bound).artifacts[1].bond == W_MAX_BONDS);
  for (const uint32_t no_bond : {0u, W_MAX_BONDS + 1}) {
    bound.bonds[killed.id] = no_bond;
    CHECK(compile({verified}, bound).error().artifacts == std::vector{verified.sha256()});
  }
  killed.kill_on_revoke = false;
  killed.kill_on_expiry = true;
  CHECK_FALSE(compile({test::verified(killed)}, circumstances()).ok());
  killed.environment.host = "host-b"; // grants nothing, so nothing has to end
  CHECK(compile({test::verified(killed)}, circumstances()).ok());
}

TEST_CASE("what is blocked is compiled with its reason") {
  Authorization elsewhere = authorization(1);
  elsewhere.environment.host = "host-b";
  Authorization outdated = authorization(2);
  outdated.policy_sha256[0] ^= 1;
  Revocation revocation = test::revocation();
  revocation.artifacts = {sha256(view(test::payload(authorization(3))))};
  const auto revoked =
      test::verify(test::artifact(authorization(3)), test::trust(test::policy(), revocation));
  const Entries entries =
      compiled({test::verified(elsewhere), test::verified(outdated), revoked.value()});
  REQUIRE(entries.artifacts.size() == 4);
  for (size_t i = 1; i < entries.artifacts.size(); i++) {
    const uint8_t id = entries.artifacts[i].id[0];
    CHECK(entries.artifacts[i].flags == (id == 1   ? W_CANDIDATE_IDENTITY_MISMATCH
                                         : id == 2 ? W_CANDIDATE_POLICY_MISMATCH
                                                   : W_CANDIDATE_REVOKED));
  }
  REQUIRE(entries.verdicts.size() == 1);
  CHECK(entries.verdicts[0].second.grants[2] == W_GRANT(3, W_ACTION_EXEC | W_ACTION_MAP));
}

TEST_CASE("what is blocked never crowds out what grants") {
  std::vector<VerifiedAuthorization> set;
  for (uint8_t id = 1; id <= W_GRANTS_PER_VERDICT - 1; id++)
    set.push_back(test::verified(authorization(id)));
  for (uint8_t id = 10; id < 20; id++) {
    Authorization elsewhere = authorization(id);
    elsewhere.environment.host = "host-b";
    set.push_back(test::verified(elsewhere));
  }
  const auto count_live = [](const Entries &entries) {
    size_t live = 0;
    for (const uint32_t grant : entries.verdicts.at(0).second.grants)
      live += grant != 0 && entries.artifacts[W_GRANT_ARTIFACT(grant)].flags == 0;
    return live;
  };
  Entries entries = compiled(set);
  CHECK(count_live(entries) == W_GRANTS_PER_VERDICT - 1);
  CHECK(entries.verdicts[0].second.grants[W_GRANTS_PER_VERDICT - 1] != 0);
  set.push_back(test::verified(authorization(W_GRANTS_PER_VERDICT)));
  CHECK(count_live(compiled(set)) == W_GRANTS_PER_VERDICT);
  set.push_back(test::verified(authorization(W_GRANTS_PER_VERDICT + 1)));
  CHECK(compile(set, circumstances()).error().artifacts.size() == W_GRANTS_PER_VERDICT + 1);
}

TEST_CASE("a revoked digest is granted by a twin that grants nothing") {
  Authorization many = authorization(1);
  many.subjects = {{"a", test::digest(1), std::nullopt},
                   {"b", test::digest(2), test::digest(3)},
                   {"c", test::digest(4), test::digest(5)}};
  const VerifiedAuthorization verified = test::verified(many);
  Revocation revocation = test::revocation();
  Circumstances under = circumstances();
  under.revocation = &revocation;
  CHECK(compiled({verified}, under).artifacts.size() == 2);

  // Of one content, either digest takes the other with it.
  revocation.digests = {test::digest(1), test::digest(3)};
  const Entries entries = compiled({verified}, under);
  REQUIRE(entries.artifacts.size() == 3);
  CHECK(entries.payloads[1] == entries.payloads[2]);
  CHECK(entries.artifacts[1].flags == 0);
  w_artifact twin = entries.artifacts[2];
  CHECK(twin.flags == W_CANDIDATE_REVOKED);
  twin.flags = 0;
  CHECK(std::memcmp(&twin, &entries.artifacts[1], sizeof twin) == 0);
  const auto granted_by = [&](w_digest_kind kind, uint8_t fill) {
    const w_verdict *verdict = find(entries, W_SCOPE_HOST, kind, test::digest(fill));
    REQUIRE(verdict);
    CHECK(verdict->grants[1] == 0);
    return W_GRANT_ARTIFACT(verdict->grants[0]);
  };
  CHECK(granted_by(W_DIGEST_SHA256, 1) == 2);
  CHECK(granted_by(W_DIGEST_SHA256, 2) == 2);
  CHECK(granted_by(W_DIGEST_VERITY, 3) == 2);
  CHECK(granted_by(W_DIGEST_SHA256, 4) == 1);
  CHECK(granted_by(W_DIGEST_VERITY, 5) == 1);
}

TEST_CASE("break-glass for all is a verdict of any content") {
  Authorization opened = test::breakglass();
  opened.initiator = {};
  opened.initiator.uid = 0;
  const Entries entries = compiled({test::verified(opened), test::verified(authorization(1))});
  CHECK(entries.flags == (W_GENERATION_HAS_ANY | W_GENERATION_HAS_UIDS));
  CHECK(entries.verdicts.size() == 2); // no marker: it names nothing
  const w_verdict *verdict = find(entries, entries.uids[0].second.scope, W_DIGEST_ANY, Digest{});
  REQUIRE(verdict);
  CHECK(W_GRANT_ACTIONS(verdict->grants[0]) == opened.actions);

  // Of another host it must not become the reason of every denial.
  opened.environment.host = "host-b";
  const Entries blocked = compiled({test::verified(opened)});
  CHECK(blocked.verdicts.empty());
  CHECK((blocked.flags & W_GENERATION_HAS_ANY) == 0);

  std::vector<VerifiedAuthorization> set;
  for (uint8_t id = 1; id <= W_GRANTS_PER_VERDICT + 1; id++) {
    opened = test::breakglass();
    opened.id.fill(id);
    set.push_back(test::verified(opened));
  }
  CHECK(compile(set, circumstances()).error().message.starts_with("any content"));
}
