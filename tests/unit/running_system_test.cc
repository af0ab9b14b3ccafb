// SPDX-License-Identifier: Apache-2.0
// Whether this very system would survive certain entries: the files are real, the entries made up.
#include <sys/vfs.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "daemon/preflight.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

namespace warrant {
namespace {

using Outcome = Check::Outcome;
constexpr uint64_t kBootNow = 1000;
constexpr uint32_t kUidScope = W_SCOPE_FIRST_FREE;

/// A policy that trusts whatever file system this test lies on.
Policy policy(w_mode mode = W_MODE_ENFORCE) {
  Policy policy;
  policy.mode = mode;
  struct statfs status {};
  REQUIRE(statfs("/proc/self/exe", &status) == 0);
  policy.filesystems = {{"here", static_cast<uint32_t>(status.f_type)}};
  return policy;
}

/// One grant for one content.
struct Grant {
  Digest digest = sha256_of_file("/proc/self/exe").value();
  uint32_t scope = W_SCOPE_HOST;
  uint32_t actions = W_ACTION_EXEC;
  uint64_t not_before = 0;
  uint64_t not_after = W_FOREVER;
  uint32_t constraints = 0;
  uint32_t gid = 0;
};

Entries entries_with(const Grant &grant) {
  Entries entries;
  w_artifact artifact{};
  artifact.not_before = grant.not_before;
  artifact.not_after = grant.not_after;
  artifact.constraints = grant.constraints;
  artifact.gid = grant.gid;
  entries.artifacts = {w_artifact{}, artifact};
  w_verdict_key key{};
  key.scope = grant.scope;
  key.digest_kind = W_DIGEST_SHA256;
  std::copy(grant.digest.begin(), grant.digest.end(), key.digest);
  w_verdict verdict{};
  verdict.grants[0] = W_GRANT(1, grant.actions);
  w_verdict_key other = key;
  other.digest[0] ^= 0xff;
  entries.verdicts = {{key, verdict}, {other, verdict}};
  std::sort(entries.verdicts.begin(), entries.verdicts.end(), [](const auto &a, const auto &b) {
    return std::memcmp(a.first.digest, b.first.digest, W_DIGEST_SIZE) < 0;
  });
  entries.uids = {{0, {kUidScope, 0}}, {1000, {kUidScope + 1, 0}}};
  return entries;
}

Check check_named(const std::string &name, const Entries &entries, const Policy &rules = policy()) {
  for (const Check &check : check_running_system(entries, rules, kBootNow))
    if (check.name == name)
      return check;
  FAIL("no such check");
  return {};
}

Outcome judge_this_program(const Grant &grant, const Policy &rules = policy()) {
  return check_named("this program", entries_with(grant), rules).outcome;
}

/// A grant that lets this program administer.
Grant administering() {
  Grant grant;
  grant.actions = W_ACTION_EXEC | W_ACTION_ADMINISTER;
  return grant;
}

} // namespace

TEST_CASE("without any baseline nothing may be armed") {
  Entries nothing;
  nothing.artifacts.emplace_back();
  const std::vector<Check> checks = check_running_system(nothing, policy(), kBootNow);
  CHECK_FALSE(may_arm(checks));
  for (const Check &check : checks)
    if (check.outcome == Outcome::kFailed && check.name != "administration")
      CHECK(check.fix.find("baseline") != std::string::npos);
  const Check administration = check_named("administration", nothing);
  CHECK(administration.outcome == Outcome::kFailed);
  CHECK(administration.fix.find("administer") != std::string::npos);
  CHECK(may_arm(check_running_system(nothing, policy(W_MODE_OBSERVE), kBootNow)));
}

TEST_CASE("this program needs an exec grant that holds for uid 0 now") {
  CHECK(judge_this_program({}) == Outcome::kOk);
  Grant grant;

  SECTION("of uid 0") {
    grant.scope = kUidScope;
    CHECK(judge_this_program(grant) == Outcome::kOk);
  }
  SECTION("of another uid") {
    grant.scope = kUidScope + 1;
    CHECK(judge_this_program(grant) == Outcome::kFailed);
  }
  SECTION("to map only") {
    grant.actions = W_ACTION_MAP;
    CHECK(judge_this_program(grant) == Outcome::kFailed);
  }
  SECTION("from the next nanosecond on") {
    grant.not_before = kBootNow + 1;
    CHECK(judge_this_program(grant) == Outcome::kFailed);
  }
  SECTION("until this nanosecond") {
    grant.not_after = kBootNow;
    CHECK(judge_this_program(grant) == Outcome::kFailed);
  }
  SECTION("until the next") {
    grant.not_before = kBootNow;
    grant.not_after = kBootNow + 1;
    CHECK(judge_this_program(grant) == Outcome::kOk);
  }
  SECTION("for another group") {
    grant.constraints = W_ARTIFACT_NEEDS_GID;
    grant.gid = 1000;
    CHECK(judge_this_program(grant) == Outcome::kFailed);
  }
  SECTION("for other content") {
    grant.digest.fill(0x5a);
    CHECK(judge_this_program(grant) == Outcome::kFailed);
  }
}

TEST_CASE("a file system that the policy does not trust cannot be measured") {
  Policy rules = policy();
  rules.filesystems = {{"elsewhere", 0x12345678}};
  CHECK(judge_this_program({}, rules) == Outcome::kFailed);
}

TEST_CASE("what is armed must be in the reach of the next daemon") {
  const auto outcome = [](const Grant &grant) {
    return check_named("administration", entries_with(grant)).outcome;
  };
  CHECK(outcome(administering()) == Outcome::kOk);
  CHECK(outcome({}) == Outcome::kFailed); // may run, and no more
  Grant grant = administering();
  SECTION("a grant that cannot be executed under gives no process its actions") {
    grant.actions = W_ACTION_MAP | W_ACTION_ADMINISTER;
    CHECK(outcome(grant) == Outcome::kFailed);
  }
  SECTION("of uid 0") {
    grant.scope = kUidScope;
    CHECK(outcome(grant) == Outcome::kOk);
  }
  SECTION("of another uid") {
    grant.scope = kUidScope + 1;
    CHECK(outcome(grant) == Outcome::kFailed);
  }
  SECTION("a grant that is over") {
    grant.not_after = kBootNow;
    CHECK(outcome(grant) == Outcome::kFailed);
  }
  SECTION("a counted grant does not last") {
    grant.constraints = W_ARTIFACT_COUNTED;
    CHECK(outcome(grant) == Outcome::kFailed);
  }
  SECTION("for other content") {
    grant.digest.fill(0x5a);
    CHECK(outcome(grant) == Outcome::kFailed);
  }
  SECTION("where all is only observed it is a warning") {
    CHECK(check_named("administration", entries_with({}), policy(W_MODE_OBSERVE)).outcome ==
          Outcome::kWarning);
  }
}

TEST_CASE("a grant without administer that the kernel takes first is in the way") {
  Entries entries = entries_with(administering());
  Grant other;
  other.scope = kUidScope; // the kernel looks there before it looks at the host's
  const Entries more = entries_with(other);
  entries.verdicts.insert(entries.verdicts.end(), more.verdicts.begin(), more.verdicts.end());
  const Check check = check_named("administration", entries);
  CHECK(check.outcome == Outcome::kFailed);
  CHECK(check.found.find("without administer") != std::string::npos);

  // One that depends on the caller may be taken all the same.
  entries.artifacts.push_back(entries.artifacts[1]);
  entries.artifacts[2].constraints = W_ARTIFACT_NEEDS_SESSION;
  for (auto &[key, verdict] : entries.verdicts)
    if (key.scope == kUidScope)
      verdict.grants[0] = W_GRANT(2, W_ACTION_EXEC);
  CHECK(check_named("administration", entries).outcome == Outcome::kFailed);
  entries.artifacts[2].flags = W_CANDIDATE_REVOKED;
  CHECK(check_named("administration", entries).outcome == Outcome::kOk);
}

TEST_CASE("a daemon that only leases let be started is warned of") {
  Entries entries = entries_with({});
  const auto outcome = [&](uint32_t environment, uint32_t constraints) {
    entries.artifacts[1].environment = environment;
    entries.artifacts[1].constraints = constraints;
    return check_named("recovery", entries).outcome;
  };
  CHECK(outcome(W_ENVIRONMENT_OPEN, 0) == Outcome::kOk);
  CHECK(outcome(W_ENVIRONMENT_OPEN + 1, 0) == Outcome::kWarning);
  CHECK(outcome(W_ENVIRONMENT_OPEN + 1, W_ARTIFACT_RECOVERY) == Outcome::kOk);
  CHECK(outcome(0, 0) == Outcome::kWarning);

  entries.artifacts[1].environment = W_ENVIRONMENT_OPEN + 1;
  const std::vector<Check> checks = {check_named("recovery", entries)};
  CHECK(may_arm(checks));
  REQUIRE(warnings_of(checks).size() == 1);
  CHECK(warnings_of(checks)[0].find("/machine_test") != std::string::npos);
  CHECK(warnings_of({check_named("this program", entries)}).empty());
}

TEST_CASE("libraries that are mapped here need a map grant") {
  for (const Check &check : check_running_system(entries_with({}), policy(), kBootNow))
    if (check.name == "code mapped by this program") {
      CHECK(check.outcome == Outcome::kFailed);
      CHECK(check.found.find("no map grant") != std::string::npos);
    }
}

} // namespace warrant
