// SPDX-License-Identifier: Apache-2.0
// Compiled entries, looked up the way the kernel does, against a naive reading of the
// authorizations themselves, over random sets and random processes.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <random>
#include <tuple>

#include "artifacts/compile.h"
#include "tests/catch.h"
#include "tests/property/naive_grants.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;
using namespace warrant::naive;

namespace {

const char *const kPaths[] = {"/a",   "/a/b",          "/a/b/c",
                              "/a-b", "/system.slice", "/system.slice/x.service"};

class Random {
 public:
  /// Every third world has one content, so that verdicts fill up.
  explicit Random(uint32_t seed) : engine_(seed), contents_(seed % 3 == 0 ? 1 : 6) {}
  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(engine_() % limit); }
  bool one_in(uint32_t n) { return below(n) == 0; }
  Digest digest() { return test::digest(static_cast<uint8_t>(1 + below(contents_))); }
  uint32_t actions() { return 1 + below(W_ACTION_ALL); }

 private:
  std::mt19937 engine_;
  uint32_t contents_;
};

Initiator random_initiator(Random &random) {
  Initiator initiator;
  if (random.one_in(2))
    initiator.uid = 1000 + random.below(2);
  if (random.one_in(3))
    initiator.gid = 100 + random.below(2);
  if (random.one_in(2))
    initiator.cgroup = kPaths[random.below(std::size(kPaths))];
  else if (random.one_in(4))
    initiator.unit = "x.service";
  if (random.one_in(5))
    initiator.session = 7 + random.below(2);
  if (random.one_in(5))
    initiator.parent_sha256 = test::digest(static_cast<uint8_t>(0x51 + random.below(2)));
  initiator.any = initiator == Initiator{};
  return initiator;
}

VerifiedAuthorization random_artifact(Random &random, uint8_t id) {
  Authorization authorization = test::authorization();
  authorization.id.fill(id);
  authorization.initiator = random_initiator(random);
  authorization.actions = random.actions();
  if (random.one_in(10))
    authorization.environment.host = "host-b";
  if (random.one_in(10)) {
    authorization.kind = ArtifactKind::kBreakglass;
    authorization.governance["reason"] = "fire";
  }
  if (random.one_in(12))
    authorization.policy_sha256[0] ^= 1;
  if (random.one_in(4))
    authorization.interpreter.entry = Entry::kScriptOnly;
  authorization.subjects.clear();
  if (authorization.kind == ArtifactKind::kBreakglass && random.one_in(2)) {
    authorization.covers = Covers::kAll;
    authorization.actions = 1 + random.below(W_ACTION_LOAD - 1); // neither load nor administer
    return test::verified(authorization);
  }
  std::vector<ManifestRecord> records;
  const uint32_t size = 1 + random.below(3);
  for (uint32_t i = 0; i < size; i++) {
    const Digest sha256 = random.digest();
    std::optional<Digest> verity;
    if (random.one_in(3))
      verity = test::digest(static_cast<uint8_t>(sha256[0] + 1));
    authorization.subjects.push_back({"x", sha256, verity});
    records.push_back({sha256, verity, authorization.actions});
  }
  return random.one_in(3) ? test::verified(authorization, records) : test::verified(authorization);
}

/// The nearest bound cgroup: walk down from the root as long as there are nodes.
uint32_t cgroup_scope(const Entries &entries, std::string path) {
  uint32_t parent = 0;
  uint32_t scope = 0;
  while (!path.empty()) {
    path.erase(0, 1);
    w_cgroup_key key{};
    key.parent = parent;
    path.copy(key.name, W_CGROUP_NAME_SIZE - 1);
    const size_t length = std::min(path.find('/'), path.size());
    std::fill(key.name + length, std::end(key.name), '\0');
    path.erase(0, length);
    const auto found = std::find_if(entries.cgroups.begin(), entries.cgroups.end(), [&](auto &e) {
      return std::memcmp(&e.first, &key, sizeof key) == 0;
    });
    if (found == entries.cgroups.end())
      break;
    scope = found->second.scope ? found->second.scope : scope;
    parent = found->second.node;
  }
  return scope;
}

const w_verdict *lookup(const Entries &entries, uint32_t scope, const Code &code) {
  for (const auto &[key, verdict] : entries.verdicts)
    if (key.scope == scope && key.digest_kind == code.kind &&
        std::memcmp(key.digest, code.digest.data(), W_DIGEST_SIZE) == 0)
      return &verdict;
  return nullptr;
}

bool admits(const w_artifact &artifact, const Process &process) {
  const auto needs = [&](uint32_t bit) { return (artifact.constraints & bit) != 0; };
  return (!needs(W_ARTIFACT_NEEDS_UID) || artifact.uid == process.uid) &&
         (!needs(W_ARTIFACT_NEEDS_GID) || artifact.gid == process.gid) &&
         (!needs(W_ARTIFACT_NEEDS_SESSION) || artifact.session == process.session) &&
         (!needs(W_ARTIFACT_NEEDS_CODE) || artifact.caller[0] == process.caller[0]);
}

Grants compiled_grants(const Entries &entries, const Process &process, const Code &code) {
  std::vector<uint32_t> scopes = {W_SCOPE_HOST, cgroup_scope(entries, process.cgroup)};
  for (const auto &[uid, scope] : entries.uids)
    if (uid == process.uid && scope.scope != 0)
      scopes.push_back(scope.scope);
  Grants grants;
  for (const uint32_t scope : scopes) {
    const w_verdict *verdict = lookup(entries, scope, code);
    for (size_t i = 0; verdict && i < W_GRANTS_PER_VERDICT; i++) {
      const uint32_t grant = verdict->grants[i];
      if (grant == 0)
        continue;
      const w_artifact &artifact = entries.artifacts.at(W_GRANT_ARTIFACT(grant));
      if (!admits(artifact, process))
        continue;
      grants[{entries.payloads.at(W_GRANT_ARTIFACT(grant)), artifact.flags}] |=
          W_GRANT_ACTIONS(grant);
    }
  }
  return grants;
}

/// What counts is the same; what only gives a reason may have made room.
bool agree(const Grants &compiled, const Grants &expected) {
  for (const auto &[grant, actions] : expected)
    if (grant.second == 0 && !compiled.count(grant))
      return false;
  return std::all_of(compiled.begin(), compiled.end(), [&](const auto &entry) {
    const auto found = expected.find(entry.first);
    return found != expected.end() && found->second == entry.second;
  });
}

bool is_named(const Entries &entries, const Code &code) {
  return lookup(entries, W_SCOPE_HOST, code) || lookup(entries, W_SCOPE_NAMED, code);
}

template <class T>
bool same_bytes(const std::vector<T> &a, const std::vector<T> &b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

bool same(const Entries &a, const Entries &b) {
  return same_bytes(a.verdicts, b.verdicts) && same_bytes(a.artifacts, b.artifacts) &&
         same_bytes(a.uids, b.uids) && same_bytes(a.cgroups, b.cgroups) && a.flags == b.flags &&
         a.payloads == b.payloads;
}

/// Each artifact at most once in a verdict, those that let administer first, and no gap before the
/// last.
bool is_tidy(const w_verdict &verdict) {
  const auto place = [](uint32_t grant) {
    return std::pair(!(W_GRANT_ACTIONS(grant) & W_ACTION_ADMINISTER), W_GRANT_ARTIFACT(grant));
  };
  for (size_t i = 1; i < W_GRANTS_PER_VERDICT; i++)
    if (verdict.grants[i] != 0 &&
        (verdict.grants[i - 1] == 0 || place(verdict.grants[i - 1]) >= place(verdict.grants[i])))
      return false;
  return true;
}

bool is_sorted_and_unique(const Entries &entries) {
  const auto before = [](const w_verdict_key &a, const w_verdict_key &b) {
    return std::tuple(a.scope, a.digest_kind, std::to_array(a.digest)) <
           std::tuple(b.scope, b.digest_kind, std::to_array(b.digest));
  };
  for (size_t i = 1; i < entries.verdicts.size(); i++)
    if (!before(entries.verdicts[i - 1].first, entries.verdicts[i].first))
      return false;
  return std::is_sorted(entries.payloads.begin() + 1, entries.payloads.end());
}

std::vector<Code> all_codes() {
  std::vector<Code> all = {{W_DIGEST_ANY, {}}};
  for (uint8_t fill = 0; fill < 18; fill++)
    all.push_back({fill % 2 ? W_DIGEST_VERITY : W_DIGEST_SHA256, test::digest(fill / 2)});
  return all;
}

std::vector<Process> processes() {
  std::vector<Process> all;
  for (const uint32_t uid : {0u, 1000u, 1001u})
    for (const uint32_t gid : {0u, 100u, 101u})
      for (const char *cgroup :
           {"", "/a", "/a/b", "/a/b/c", "/a/b/c/d", "/a/bb", "/a-b", "/z", "/system.slice",
            "/system.slice/x.service", "/system.slice/x.service/worker"})
        for (const uint32_t other : {0u, 1u})
          all.push_back(
              {uid, gid, cgroup, 7 + other, test::digest(static_cast<uint8_t>(0x51 + other))});
  return all;
}

} // namespace

TEST_CASE("compiled entries say what the authorizations say") {
  const std::vector<Process> everybody = processes();
  size_t refused = 0;
  size_t granted = 0;
  for (uint32_t seed = 0; seed < 200; seed++) {
    INFO("seed " << seed);
    Random random(seed);
    std::vector<VerifiedAuthorization> set;
    const uint32_t size = 1 + random.below(seed % 3 == 0 ? 36 : 12);
    for (uint8_t id = 1; id <= size; id++)
      set.push_back(random_artifact(random, id));
    Revocation revocation;
    revocation.digests = {test::digest(2)};
    Circumstances circumstances;
    circumstances.revocation = &revocation;
    const std::vector<Naming> namings = all_namings(set, revocation.digests[0]);
    const auto compiled = compile(set, circumstances);
    REQUIRE(compiled.ok() == naive_fits(namings));
    if (!compiled.ok()) {
      refused++;
      continue;
    }
    const Entries &entries = compiled.value();
    REQUIRE(is_sorted_and_unique(entries));
    for (const auto &[key, verdict] : entries.verdicts)
      REQUIRE(is_tidy(verdict));
    for (const Code &code : all_codes()) {
      const bool is_any = code.kind == W_DIGEST_ANY;
      const bool named =
          is_any ? (entries.flags & W_GENERATION_HAS_ANY) != 0 : is_named(entries, code);
      REQUIRE(named == naive_named(namings, code));
      for (const Process &process : everybody) {
        const Grants expected = naive_grants(namings, process, code);
        granted += !expected.empty();
        if (!agree(compiled_grants(entries, process, code), expected))
          FAIL("uid " << process.uid << " gid " << process.gid << " cgroup " << process.cgroup
                      << " digest " << int{code.digest[0]} << " kind " << code.kind);
      }
    }
  }
  // Both answers must have been tried, or the comparison says little.
  CHECK(refused > 20);
  CHECK(granted > 10000);
}

TEST_CASE("entries do not depend on the order of the set") {
  for (uint32_t seed = 0; seed < 50; seed++) {
    Random random(seed);
    std::vector<VerifiedAuthorization> set;
    for (uint8_t id = 1; id <= 6; id++)
      set.push_back(random_artifact(random, id));
    const auto first = compile(set, {});
    if (!first.ok())
      continue;
    std::mt19937 engine(seed);
    for (int i = 0; i < 5; i++) {
      std::shuffle(set.begin(), set.end(), engine);
      REQUIRE(same(compile(set, {}).value(), first.value()));
    }
  }
}

TEST_CASE("a large baseline compiles") {
  std::vector<ManifestRecord> records(100000);
  std::mt19937 engine(7);
  for (ManifestRecord &record : records) {
    for (uint8_t &byte : record.sha256)
      byte = static_cast<uint8_t>(engine());
    record.actions = W_ACTION_EXEC | W_ACTION_MAP;
  }
  const auto since = [](std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  auto start = std::chrono::steady_clock::now();
  const std::vector<VerifiedAuthorization> set = {test::verified(test::authorization(), records)};
  const double verifying = since(start);
  start = std::chrono::steady_clock::now();
  const auto entries = compile(set, {});
  const double compiling = since(start);
  REQUIRE(entries.ok());
  CHECK(entries.value().verdicts.size() == records.size());
  WARN("100000 records: signed and verified in " << verifying << " s, compiled in " << compiling);
}
